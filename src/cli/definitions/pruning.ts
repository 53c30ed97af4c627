/**
 * The command that removes what is kept of old operations.
 *
 * @module
 */
import type { CommandDefinition } from "../definition.ts";

/** `op prune`. */
export const PRUNING_COMMANDS: readonly CommandDefinition[] = [
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
