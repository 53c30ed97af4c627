/**
 * Commands about locks.
 *
 * @module
 */
import type { CommandDefinition, OptionDefinition } from "../definition.ts";

const WAIT_MESSAGE: OptionDefinition = {
  name: "wait-message",
  summary: "say on standard error when the lock must be waited for, and whose it is",
};

/** `lock …`. */
export const LOCK_COMMANDS: readonly CommandDefinition[] = [
  {
    path: ["lock", "run"],
    summary: "run a program while holding the repository lock",
    description: [
      "lattice commands inside it do not wait for the lock. Ends with the program's exit code: 127 when it is",
      "not found, 126 when it cannot be executed, 128 + n when signal n ended it.",
    ],
    arguments: [],
    options: [WAIT_MESSAGE],
    program: true,
    json: null,
    examples: [{ line: "lattice lock run -- make release", summary: "nobody else changes the repository meanwhile" }],
    load: () => import("../commands/lock_run.ts"),
  },
  {
    path: ["lock", "status"],
    summary: "say whether the repository is locked, and by whom",
    description: ["Exit code 0 when it is free, 4 when somebody holds it."],
    arguments: [],
    options: [],
    json: `{"held","holder","backend"}`,
    examples: [{ line: "lattice lock status", summary: "free, or who holds it" }],
    load: () => import("../commands/lock_status.ts"),
  },
  {
    path: ["lock", "file", "run"],
    summary: "run a program while holding the lock of any file",
    description: [
      "The lock is the file <path>.lock beside it, which names its holder; <path> itself need not exist. A lock",
      "whose holder has ended is taken over. Needs no repository. Ends with the program's exit code: 127 when it",
      "is not found, 126 when it cannot be executed, 128 + n when signal n ended it.",
    ],
    arguments: [{ name: "path", kind: "path", summary: "what is locked" }],
    options: [WAIT_MESSAGE],
    program: true,
    json: null,
    examples: [{
      line: "lattice lock file run deploy -- make deploy",
      summary: "nobody else who locks that file deploys meanwhile",
    }],
    load: () => import("../commands/lock_file_run.ts"),
  },
];
