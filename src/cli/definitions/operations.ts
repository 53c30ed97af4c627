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
    path: ["op", "run"],
    summary: "run a program as one operation: if it fails, the refs go back",
    description: [
      "Notes what all refs hold, runs the program and records which of them it changed, so that lattice undo takes",
      "it back as a whole. When it fails or is killed, they are put back at once, or by the next lattice command.",
      "What others changed meanwhile is left alone and named. The index and the work tree are not restored. Where",
      "git is in the middle of a rebase, merge, cherry-pick, revert or bisection afterwards, the operation is paused.",
      "Lattice commands below it belong to it, those in other repositories do not. Ends with the program's exit code.",
    ],
    arguments: [],
    options: [{ name: "name", value: { name: "n", kind: "text" }, summary: "what the operation is called" }],
    program: true,
    json: UPDATES,
    examples: [{ line: "lattice op run -- git rebase main", summary: "all of it, or nothing" }],
    load: () => import("../commands/op_run.ts"),
  },
  {
    path: ["op", "begin"],
    summary: "begin an operation of several steps, and print what LATTICE_OP must hold",
    description: [
      "The operation is paused until lattice op commit or lattice abort. Commands with LATTICE_OP in their",
      "environment belong to it; what plain git changes meanwhile belongs to it, too. In other repositories",
      "LATTICE_OP counts for nothing. When what is to be printed cannot be, the operation is taken back.",
    ],
    arguments: [{ name: "name", kind: "text", summary: "what the operation is called" }],
    options: [],
    json: `{"op","claim"}`,
    examples: [{ line: "export LATTICE_OP=$(lattice op begin deploy)", summary: "what follows is one operation" }],
    load: () => import("../commands/op_begin.ts"),
  },
  {
    path: ["op", "checkpoint"],
    summary: "note in the operation's journal that a step is done",
    arguments: [{ name: "name", kind: "text", summary: "what is done" }],
    options: [],
    json: "{}",
    examples: [{ line: "lattice op checkpoint uploaded", summary: "lattice op show tells when" }],
    load: () => import("../commands/op_checkpoint.ts"),
  },
  {
    path: ["op", "commit"],
    summary: "end the operation that was begun",
    arguments: [],
    options: [],
    json: UPDATES,
    examples: [{ line: "lattice op commit", summary: "from now on lattice undo takes it back as a whole" }],
    load: () => import("../commands/op_commit.ts"),
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
    description: [
      "An operation of several steps is taken back by an operation of its own, as by lattice undo; its id is printed.",
      "Exit code 1 when nothing is paused.",
    ],
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
  {
    path: ["op", "prune"],
    summary: "remove old operations, which then can no longer be undone",
    description: [
      "Without options it keeps the newest 1,000 and all of the last 90 days (ops.keep and ops.keep_for in the",
      "config). With one option that alone says what is kept; with both, what one of them keeps. What is",
      "unfinished always stays. Prints what it removed; git gc then takes what only those operations kept.",
    ],
    arguments: [],
    options: [
      { name: "keep", value: { name: "n", kind: "count" }, summary: "keep the newest n, however old they are" },
      {
        name: "older-than",
        value: { name: "duration", kind: "duration" },
        summary: "keep all that began less than this ago, however many they are",
      },
    ],
    json: `{"op":null,"updates":[{"ref","old","new"}],"pruned":["<op id>"]}`,
    examples: [
      { line: "lattice op prune", summary: "what is neither among the newest 1,000 nor of the last 90 days" },
      { line: "lattice op prune --older-than 30d", summary: "all that began more than 30 days ago" },
    ],
    load: () => import("../commands/op_prune.ts"),
  },
];
