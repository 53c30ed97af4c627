/**
 * The definitions that a command line needs, by the first word of its command: a short command takes 0.4 ms less when those
 * of the others are not loaded.
 *
 * @module
 */
import type { CommandDefinition } from "../definition.ts";
import { METADATA_COMMANDS } from "./metadata.ts"; // at once: these are the commands that people wait for

type Load = () => Promise<readonly CommandDefinition[]>;

const cache: Load = async () => (await import("./cache.ts")).CACHE_COMMANDS;
const doctor: Load = async () => (await import("./doctor.ts")).DOCTOR_COMMANDS;
const hooks: Load = async () => (await import("./hooks.ts")).HOOK_COMMANDS;
const leases: Load = async () => (await import("./leases.ts")).LEASE_COMMANDS;
const locks: Load = async () => (await import("./locks.ts")).LOCK_COMMANDS;
const metadata: Load = () => Promise.resolve(METADATA_COMMANDS);
const operations: Load = async () => (await import("./operations.ts")).OPERATION_COMMANDS;
const secrets: Load = async () => (await import("./secrets.ts")).SECRET_COMMANDS;
const setup: Load = async () => (await import("./setup.ts")).SETUP_COMMANDS;
const stack: Load = async () => (await import("./stack.ts")).STACK_COMMANDS;
const state: Load = async () => (await import("./state.ts")).STATE_COMMANDS;

/** Which file has all commands that begin with a word. */
export const DEFINITIONS_BY_WORD: ReadonlyMap<string, Load> = new Map([
  ["abort", operations],
  ["apply", metadata],
  ["cache", cache],
  ["children", stack],
  ["completion", setup],
  ["continue", operations],
  ["doctor", doctor],
  ["freeze", stack],
  ["git", () => Promise.resolve([])], // whose commands are git's own
  ["help", setup],
  ["hook", hooks],
  ["info", stack],
  ["init", setup],
  ["lease", leases],
  ["lock", locks],
  ["log", stack],
  ["meta", metadata],
  ["op", operations],
  ["parent", stack],
  ["recover", operations],
  ["secret", secrets],
  ["state", state],
  ["track", stack],
  ["trunk", stack],
  ["undo", operations],
  ["unfreeze", stack],
  ["untrack", stack],
  ["version", setup],
]);

/**
 * The definitions that are likely to be needed. The first word that begins a command may also be the value of an option
 * before it, so what is not found here has to be looked for among all.
 *
 * @returns `null`: no word begins a command.
 */
export function likelyDefinitions(args: readonly string[]): Promise<readonly CommandDefinition[]> | null {
  for (const word of args) {
    const load = DEFINITIONS_BY_WORD.get(word);
    if (load !== undefined) return load();
  }
  return null;
}
