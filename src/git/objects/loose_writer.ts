/**
 * Writing loose objects.
 *
 * @module
 */
import { isDiskError } from "../../platform/disk.ts";
import { deflate, store } from "../../platform/zlib.ts";
import { folderOf } from "../../platform/paths.ts";
import { framedObject, type Oid } from "../object_format.ts";
import { DEFAULT_LEVEL, STORED_BYTES_MAX } from "./compression.ts";
import { loosePath } from "./loose.ts";
import {
  createTemporaryIn,
  fillTemporary,
  makeFolder,
  OBJECT_FILE_MODE,
  type ObjectStorage,
  removeQuietly,
  SWEPT_ATTEMPTS_MAX,
} from "./storage.ts";
import type { NewObject } from "./store.ts";

/**
 * Writes a loose object durably: its content is flushed before it gets its name, its folder afterwards. What stands
 * there already is replaced, which can only be the same object or a damaged one.
 *
 * A concurrent `git gc --prune=now` may sweep the temporary file, or the object as soon as it has its name; then it is
 * written again.
 *
 * @param oid Its name.
 * @param level Level of compression, as `deflate` takes it; `undefined`: what suits the content.
 * @throws {LatticeError} `io`.
 */
export function writeLooseFile(storage: ObjectStorage, oid: Oid, object: NewObject, level: number | undefined): void {
  const framed = framedObject(object.type, object.content);
  const asItIs = level === undefined && object.content.length <= STORED_BYTES_MAX;
  const bytes = (asItIs ? store(framed) : null) ?? deflate(framed, level ?? DEFAULT_LEVEL);
  const path = loosePath(storage.objectsDir, oid);
  for (let attempt = 1;; attempt++) {
    const file = createTemporaryIn(storage, folderOf(path), "tmp_obj_", OBJECT_FILE_MODE);
    try {
      fillTemporary(storage, file, () => file.write(bytes));
      nameLooseFile(storage, oid, file.path);
      return;
    } catch (error) {
      if (!isDiskError(error, "ENOENT") || attempt > SWEPT_ATTEMPTS_MAX) throw error;
    }
  }
}

/**
 * Makes a finished temporary file durable and gives it the name of its object.
 *
 * @param temporary Path of the file; it is removed when this fails.
 * @throws {LatticeError} `io`.
 */
export function flushAndNameLooseFile(storage: ObjectStorage, oid: Oid, temporary: string): void {
  try {
    storage.system.disk.syncFile(temporary);
  } catch (error) {
    removeQuietly(storage, temporary);
    throw error;
  }
  nameLooseFile(storage, oid, temporary);
}

/** Gives a flushed temporary file its name, and makes that durable; the file is removed when this fails. */
function nameLooseFile(storage: ObjectStorage, oid: Oid, temporary: string): void {
  const { disk } = storage.system;
  const path = loosePath(storage.objectsDir, oid);
  const folder = folderOf(path);
  try {
    try {
      disk.rename(temporary, path);
    } catch (error) {
      if (!isDiskError(error, "ENOENT")) throw error;
      makeFolder(storage, folder);
      disk.rename(temporary, path);
    }
  } catch (error) {
    removeQuietly(storage, temporary);
    throw error;
  }
  disk.syncDirectory(folder);
}
