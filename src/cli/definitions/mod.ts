/**
 * All commands, in the order in which help shows them.
 *
 * @module
 */
import type { CommandDefinition } from "../definition.ts";
import { CACHE_COMMANDS } from "./cache.ts";
import { DOCTOR_COMMANDS } from "./doctor.ts";
import { HOOK_COMMANDS } from "./hooks.ts";
import { LEASE_COMMANDS } from "./leases.ts";
import { LOCK_COMMANDS } from "./locks.ts";
import { METADATA_COMMANDS } from "./metadata.ts";
import { OPERATION_COMMANDS } from "./operations.ts";
import { SECRET_COMMANDS } from "./secrets.ts";
import { SETUP_COMMANDS } from "./setup.ts";
import { STACK_COMMANDS } from "./stack.ts";
import { STATE_COMMANDS } from "./state.ts";

/** All commands except `git`, whose arguments are git's own. */
export const COMMANDS: readonly CommandDefinition[] = [
  ...SETUP_COMMANDS,
  ...DOCTOR_COMMANDS,
  ...METADATA_COMMANDS,
  ...STACK_COMMANDS,
  ...OPERATION_COMMANDS,
  ...LEASE_COMMANDS,
  ...LOCK_COMMANDS,
  ...SECRET_COMMANDS,
  ...STATE_COMMANDS,
  ...CACHE_COMMANDS,
  ...HOOK_COMMANDS,
];
