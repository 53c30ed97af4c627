/**
 * Commands about state documents.
 *
 * @module
 */
import type { ArgumentDefinition, CommandDefinition, OptionDefinition } from "../definition.ts";

const NAME: ArgumentDefinition = {
  name: "name",
  kind: "text",
  summary: "name of the document: lower-case letters, digits and single dashes",
};

const STORE: OptionDefinition = {
  name: "store",
  value: { name: "dir|url", kind: "directory" },
  summary: "where it is kept; else LATTICE_STATE_STORE, state.store, ./data",
};

const WHERE = [
  "A store is the path of a folder, file:<path>, sqlite:<path>, or postgres://<server>/<database>; a relative path",
  "counts from the working folder. In a folder each document is a file <store>/<name>/state.json that only its owner",
  "can read. Needs no repository.",
];

/** `state …`. */
export const STATE_COMMANDS: readonly CommandDefinition[] = [
  {
    path: ["state", "save"],
    summary: "store a JSON object under a name",
    description: [
      "The object is stored as the bytes given, with a final newline if it lacks one, and is durable when the command",
      "ends. Without an expectation whatever is there is replaced, but not a damaged document. Prints the digest:",
      "SHA-256 of the stored bytes.",
      ...WHERE,
    ],
    arguments: [NAME],
    options: [
      {
        name: "file",
        value: { name: "path", kind: "path" },
        summary: "read this file; - or nothing is standard input",
      },
      {
        name: "expect",
        value: { name: "digest", kind: "text" },
        excludes: ["expect-absent", "expect-any"],
        summary: "the digest that the document must have now, else exit code 3",
      },
      {
        name: "expect-absent",
        excludes: ["expect", "expect-any"],
        summary: "there must be no document of that name yet, else exit code 3",
      },
      {
        name: "expect-any",
        excludes: ["expect", "expect-absent"],
        summary: "replace whatever is there, a damaged document too",
      },
      STORE,
    ],
    json: `{"name","digest"}`,
    examples: [
      { line: "lattice state save production --file production.json", summary: "store a document" },
      { line: "lattice state save production --expect $digest < new.json", summary: "unless somebody else changed it" },
    ],
    load: () => import("../commands/state_save.ts"),
  },
  {
    path: ["state", "load"],
    summary: "print a document",
    description: [
      "Prints the stored bytes. Takes no lock, waits for nobody and never sees half a document. Exit code 1 when there",
      "is none of that name, 6 when it is damaged.",
      ...WHERE,
    ],
    arguments: [NAME],
    options: [STORE],
    json: `{"name","digest","state"}`,
    examples: [{ line: "lattice state load production", summary: "the document as it was stored" }],
    load: () => import("../commands/state_load.ts"),
  },
  {
    path: ["state", "exists"],
    summary: "say by the exit code whether a document is there",
    description: ["Exit code 0 when it is, be it damaged; 1 when it is not. Prints nothing.", ...WHERE],
    arguments: [NAME],
    options: [STORE],
    json: `{"name","exists"}`,
    examples: [{ line: "lattice state exists production || echo 'first deployment'", summary: "whether it is there" }],
    load: () => import("../commands/state_exists.ts"),
  },
  {
    path: ["state", "delete"],
    summary: "remove a document",
    description: ["Removes a damaged one as well; one that is not there is fine.", ...WHERE],
    arguments: [NAME],
    options: [STORE],
    json: "{}",
    examples: [{ line: "lattice state delete review-17", summary: "it is gone, durably" }],
    load: () => import("../commands/state_delete.ts"),
  },
  {
    path: ["state", "list"],
    summary: "list the names of all documents",
    description: ["Sorted; damaged ones too.", ...WHERE],
    arguments: [],
    options: [STORE],
    json: `[{"name"}]`,
    examples: [{ line: "lattice state list --store /var/lib/deploy", summary: "what is kept there" }],
    load: () => import("../commands/state_list.ts"),
  },
];
