/**
 * The command that takes over the documents of other tools.
 *
 * @module
 */
import type { CommandDefinition } from "../definition.ts";

/** `meta import`. */
export const IMPORTING_COMMANDS: readonly CommandDefinition[] = [
  {
    path: ["meta", "import"],
    summary: "turn the documents of Graphite or Charcoal into ours",
    description: [
      "All of them, as one operation, or none: a document that can be neither imported nor left alone is named",
      "(exit code 6). Title, text, base and review of pull requests have no place in our documents and are left",
      "out. While that tool is in the middle of an operation (.gtcontinue), nothing is imported (exit code 5).",
    ],
    arguments: [],
    options: [
      {
        name: "from",
        value: { name: "tool", kind: "text", choices: ["graphite", "charcoal"] },
        summary: "whose documents; the two read each other's, and so either word imports both",
      },
      { name: "dry-run", summary: "show what would be done and change nothing" },
    ],
    json: `{"op","updates":[{"ref","old","new"}]}`,
    examples: [
      { line: "lattice meta import --from graphite --dry-run", summary: "which branches, on which parents" },
      { line: "lattice meta import --from graphite", summary: "lattice undo gives the old documents back" },
    ],
    load: () => import("../commands/meta_import.ts"),
  },
];
