/**
 * Commands about locks.
 *
 * @module
 */
import type { CommandDefinition } from "../definition.ts";

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
    options: [{
      name: "wait-message",
      summary: "say on standard error when the lock must be waited for, and whose it is",
    }],
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
];
