/**
 * All commands, in the order in which help shows them.
 *
 * @module
 */
import type { CommandDefinition } from "../definition.ts";
import { LOCK_COMMANDS } from "./locks.ts";
import { METADATA_COMMANDS } from "./metadata.ts";
import { OPERATION_COMMANDS } from "./operations.ts";
import { SETUP_COMMANDS } from "./setup.ts";

/** All commands except `git`, whose arguments are git's own. */
export const COMMANDS: readonly CommandDefinition[] = [
  ...SETUP_COMMANDS,
  ...METADATA_COMMANDS,
  ...OPERATION_COMMANDS,
  ...LOCK_COMMANDS,
];
