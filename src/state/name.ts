/**
 * Names of state documents, which are also names of folders: nothing in one can leave the store.
 *
 * @module
 */
import { LatticeError } from "../platform/errors.ts";

/** Longest name, in characters. */
export const STATE_NAME_LENGTH_MAX = 63;

const NAME = /^[a-z](?:-?[a-z0-9])*$/;

/** Whether a document can have this name. */
export function isStateName(name: string): boolean {
  return name.length <= STATE_NAME_LENGTH_MAX && NAME.test(name);
}

/** @throws {LatticeError} `usage`: no document can have this name. */
export function checkStateName(name: string): void {
  if (typeof name === "string" && isStateName(name)) return;
  throw new LatticeError("usage", `no state can have the name ${JSON.stringify(name)}`, {
    hint:
      `a name has lower-case letters, digits and single dashes between them, begins with a letter, and is at most ` +
      `${STATE_NAME_LENGTH_MAX} characters long`,
    details: { name },
  });
}
