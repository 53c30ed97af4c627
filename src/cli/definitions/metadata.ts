/**
 * Commands that read and change branch metadata.
 *
 * @module
 */
import type { ArgumentDefinition, CommandDefinition, OptionDefinition } from "../definition.ts";

const BRANCH: ArgumentDefinition = {
  name: "branch",
  kind: "branch",
  summary: "name of the branch, without refs/heads/",
};

const FILE: OptionDefinition = {
  name: "file",
  value: { name: "path", kind: "path" },
  summary: "read this file; - or nothing is standard input",
};

const EXPECT: OptionDefinition = {
  name: "expect",
  value: { name: "oid", kind: "oid" },
  summary: "the oid that the branch's metadata must have now, else exit code 3",
};

const STORED = `{"branch","ref","oid","previous","op"}`;

/** `meta …` and `apply`. */
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
    path: ["meta", "set"],
    summary: "store a whole metadata document",
    description: [
      "The document is checked and stored in canonical form. Without an expectation, what is there under the",
      "lock is replaced. Equal content changes nothing. Prints the oid of the stored blob.",
    ],
    arguments: [BRANCH],
    options: [
      FILE,
      EXPECT,
      {
        name: "expect-absent",
        excludes: ["expect"],
        summary: "the branch must not have metadata yet, else exit code 3",
      },
    ],
    json: STORED,
    examples: [
      { line: "lattice meta set feature-b --file b.json", summary: "store a document" },
      { line: "lattice meta set feature-b --expect-absent < b.json", summary: "only where there is none" },
    ],
    load: () => import("../commands/meta_set.ts"),
  },
  {
    path: ["meta", "edit"],
    summary: "change fields of a branch's metadata",
    description: ["Keeps the other fields and sets updated_at. Prints the oid of the stored blob."],
    arguments: [BRANCH],
    options: [
      { name: "parent", value: { name: "branch", kind: "branch" }, summary: "the branch that this one is based on" },
      { name: "base", value: { name: "rev", kind: "ref" }, summary: "the commit of the parent on which it begins" },
      {
        name: "freeze",
        value: { name: "scope", kind: "text", choices: ["single", "downstack_inclusive"] },
        excludes: ["unfreeze"],
        summary: "freeze the branch alone, or with all below it",
      },
      { name: "unfreeze", excludes: ["freeze", "reason"], summary: "allow changes again" },
      { name: "reason", value: { name: "text", kind: "text" }, summary: "why it is frozen" },
      {
        name: "pr",
        value: { name: "forge:number:url", kind: "text" },
        excludes: ["no-pr"],
        summary: "the pull request of the branch",
      },
      { name: "no-pr", excludes: ["pr"], summary: "the branch has no pull request" },
    ],
    json: STORED,
    examples: [
      { line: "lattice meta edit feature-b --parent feature-a --base feature-a", summary: "put it on another branch" },
      { line: "lattice meta edit feature-b --freeze single --reason 'under review'", summary: "freeze it" },
    ],
    load: () => import("../commands/meta_edit.ts"),
  },
  {
    path: ["meta", "delete"],
    summary: "remove the metadata of a branch",
    description: ["Exit code 1 when it has none, 3 when --expect was given as well."],
    arguments: [BRANCH],
    options: [EXPECT],
    json: `{"branch","ref","previous","op"}`,
    examples: [{ line: "lattice meta delete feature-b", summary: "the branch itself stays" }],
    load: () => import("../commands/meta_delete.ts"),
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
  {
    path: ["apply"],
    summary: "apply JSON lines as one operation, all or nothing",
    description: [
      `{"branch":"b","expect":"<oid>"|null,"metadata":{…}|null} changes metadata,`,
      `{"ref":"refs/heads/b","old":"<oid>"|null,"new":"<oid>"|null} changes a ref. A null expectation: it must`,
      "not exist; left out: whatever is there; a null new value: delete. Prints the operation's id.",
    ],
    arguments: [],
    options: [FILE, { name: "dry-run", summary: "check everything and change nothing" }],
    json: `{"op","updates":[{"ref","old","new"}]}`,
    examples: [{ line: "lattice apply --file changes.jsonl", summary: "all of the lines, or none" }],
    load: () => import("../commands/apply.ts"),
  },
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
        required: true,
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
