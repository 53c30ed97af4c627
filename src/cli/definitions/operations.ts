/**
 * Commands about operations.
 *
 * @module
 */
import type { CommandDefinition } from "../definition.ts";

const UPDATES = `{"op","updates":[{"ref","old","new"}]}`;

/** `op …`, `continue`, `abort`, `undo`, `recover`. */
export const OPERATION_COMMANDS: readonly CommandDefinition[] = [
  {
    path: ["op", "status"],
    summary: "say whether an operation is unfinished, and what to type",
    description: ["Exit code 0 and idle, or 5 and what is unfinished."],
    arguments: [],
    options: [],
    json: `null, or {"op_id","command","phase","updated_at","touched_refs","awaiting_reason",…}`,
    examples: [{ line: "lattice op status", summary: "idle, or what is unfinished" }],
    load: () => import("../commands/op_status.ts"),
  },
  {
    path: ["op", "list"],
    summary: "list operations, newest first",
    arguments: [],
    options: [{ name: "limit", value: { name: "n", kind: "count" }, summary: "at most so many" }],
    json: `[{"op_id","command","started_at","finished_at","phase","undoes","undone_by"}]`,
    examples: [{ line: "lattice op list --limit 10", summary: "the last ten" }],
    load: () => import("../commands/op_list.ts"),
  },
  {
    path: ["op", "show"],
    summary: "show what an operation did",
    arguments: [{ name: "id", kind: "text", summary: "its id, or a beginning that only one has" }],
    options: [],
    json:
      `{"op_id","command","started_at","finished_at","phase","undoes","undone_by","steps":[{"kind","timestamp",…}]}`,
    examples: [{ line: "lattice op show 0198c0de", summary: "which refs it changed, from what to what" }],
    load: () => import("../commands/op_show.ts"),
  },
  {
    path: ["continue"],
    summary: "go on with the paused operation",
    description: ["Refs that others moved meanwhile keep their values. Exit code 1 when nothing is paused."],
    arguments: [],
    options: [],
    json: UPDATES,
    examples: [{ line: "lattice continue", summary: "after lattice op status told what is paused" }],
    load: () => import("../commands/continue.ts"),
  },
  {
    path: ["abort"],
    summary: "take the paused operation back",
    description: ["Exit code 1 when nothing is paused."],
    arguments: [],
    options: [],
    json: UPDATES,
    examples: [{ line: "lattice abort", summary: "refs get their old values back, where that is still possible" }],
    load: () => import("../commands/abort.ts"),
  },
  {
    path: ["undo"],
    summary: "take an operation back",
    description: [
      "Without an id the newest that is neither undone nor an undo itself, so that repeating walks back. It is",
      "an operation itself: the undo of an undo is redo. Exit code 1 when nothing is left or it is undone already.",
    ],
    arguments: [{
      name: "id",
      kind: "text",
      optional: true,
      summary: "the operation, or a beginning that only one has",
    }],
    options: [],
    json: UPDATES,
    examples: [{ line: "lattice undo", summary: "take back the last operation" }],
    load: () => import("../commands/undo.ts"),
  },
  {
    path: ["recover"],
    summary: "finish or take back what a crash left",
    description: ["Every command that changes refs does this first by itself."],
    arguments: [],
    options: [],
    json: `{"recovered":[{"op","outcome"}]}`,
    examples: [{ line: "lattice recover", summary: "after a power cut" }],
    load: () => import("../commands/recover.ts"),
  },
];
