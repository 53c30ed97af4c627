/**
 * The two errors that reading objects has of its own: a file is damaged, or an object is too large to be held.
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

/** Whether an error says that data is damaged, so that another copy may be sound. */
export function isDamage(error: unknown): error is LatticeError {
  return error instanceof LatticeError && error.code === "invalid_data";
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
    { details: { path, size, size_max: OBJECT_BYTES_MAX } },
  );
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
