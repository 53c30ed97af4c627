/**
 * The errors that objects have of their own: a file is damaged, an object is too large to be held, or it was made to have
 * the name of another.
 *
 * @module
 */
import { LatticeError } from "../../platform/errors.ts";
import type { Oid } from "../object_format.ts";

/** No object is read as a whole whose content is larger than this. */
export const OBJECT_BYTES_MAX = 512 * 1024 * 1024;

/**
 * The error that says that a file of the object store cannot be trusted.
 *
 * @param path The damaged file.
 * @param flaw What is wrong with it.
 * @param cause The error that showed it, when there was one.
 */
export function damagedFile(path: string, flaw: string, cause?: unknown): LatticeError {
  return new LatticeError("invalid_data", `${JSON.stringify(path)} is damaged: ${flaw}`, {
    hint: "run `git fsck --full` to see what is affected, and take the object from another clone or a backup",
    details: { path },
    cause,
  });
}

/**
 * The error that says that an object is larger than can be held in memory.
 *
 * @param path The file that holds it.
 * @param size Its size in bytes, as the file states it.
 */
export function tooLarge(path: string, size: number): LatticeError {
  return new LatticeError(
    "unsupported",
    `an object in ${JSON.stringify(path)} has ${size} bytes, more than the ${OBJECT_BYTES_MAX} that are read at once`,
    {
      hint: "use git itself for it",
      details: { path, size, size_max: OBJECT_BYTES_MAX },
    },
  );
}

/** What `details.attack` says of a collision attack. */
const SHA1_COLLISION = "sha1_collision";

/**
 * The error for an object that is part of a collision attack on SHA-1, in git's words.
 *
 * @param oid The name that it shares with another object.
 * @param path The file that holds it, when there is one.
 */
export function collisionAttack(oid: Oid, path?: string): LatticeError {
  return new LatticeError("invalid_data", `SHA-1 appears to be part of a collision attack: ${oid}`, {
    hint: "do not trust this content: another one with the same name was made along with it; ask where it came from",
    details: { oid, attack: SHA1_COLLISION, ...(path === undefined ? {} : { path }) },
  });
}

/** Whether an error says that an object is part of a collision attack. */
export function isCollisionAttack(error: unknown): boolean {
  return error instanceof LatticeError && error.details["attack"] === SHA1_COLLISION;
}

/**
 * The error for an object that a partial clone left at its remote.
 *
 * @param oid Its name.
 */
export function promisedObject(oid: Oid): LatticeError {
  return new LatticeError("unsupported", `object ${oid} is not here: this is a partial clone, and it was not fetched`, {
    hint: `fetch it with \`git cat-file -e ${oid}\`, which asks the promisor remote`,
    details: { oid, promised: true },
  });
}
