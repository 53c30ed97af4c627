/**
 * Commands about locks.
 *
 * @module
 */
import type { CommandDefinition } from "../definition.ts";

/** `lock …`. */
export const LOCK_COMMANDS: readonly CommandDefinition[] = [
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
