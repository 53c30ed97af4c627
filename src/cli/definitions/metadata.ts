/**
 * Commands that read and change branch metadata.
 *
 * @module
 */
import type { ArgumentDefinition, CommandDefinition } from "../definition.ts";

const BRANCH: ArgumentDefinition = {
  name: "branch",
  kind: "branch",
  summary: "name of the branch, without refs/heads/",
};

/** `meta …`. */
export const METADATA_COMMANDS: readonly CommandDefinition[] = [
  {
    path: ["meta", "get"],
    summary: "print the metadata of a branch",
    description: ["Prints the stored bytes and a newline. A document that does not parse ends with exit code 6."],
    arguments: [BRANCH],
    options: [],
    json: `{"branch","ref","oid","metadata"}`,
    examples: [{ line: "lattice meta get feature-b", summary: "the stored document" }],
    load: () => import("../commands/meta_get.ts"),
  },
  {
    path: ["meta", "list"],
    summary: "list the branches that have metadata",
    arguments: [],
    options: [],
    json: `[{"branch","ref","oid"}]`,
    examples: [{ line: "lattice meta list", summary: "names, sorted by their bytes" }],
    load: () => import("../commands/meta_list.ts"),
  },
  {
    path: ["meta", "export"],
    summary: "print the metadata of all branches as JSON lines",
    description: [
      "One line a branch, sorted by name. A document that does not parse is named on standard error,",
      "the others are printed, and the exit code is 6.",
    ],
    arguments: [],
    options: [],
    json: `{"branch","oid","metadata"} on each line, with and without --json`,
    examples: [{ line: "lattice meta export > backup.jsonl", summary: "keep a copy of all documents" }],
    load: () => import("../commands/meta_export.ts"),
  },
];
