/**
 * Writing loose objects.
 *
 * @module
 */
import { deflate } from "../../platform/zlib.ts";
import { framedObject, type Oid } from "../object_format.ts";
import { loosePath } from "./loose.ts";
import { createTemporaryIn, fillTemporary, OBJECT_FILE_MODE, type ObjectStorage, removeQuietly } from "./storage.ts";
import type { NewObject } from "./store.ts";

/**
 * Writes a loose object durably: its content is flushed before it gets its name, its folder afterwards. What stands
 * there already is replaced, which can only be the same object or a damaged one.
 *
 * @param oid Its name.
 * @param level Level of compression, as `deflate` takes it.
 * @throws {LatticeError} `io`.
 */
export function writeLooseFile(storage: ObjectStorage, oid: Oid, object: NewObject, level: number): void {
  const bytes = deflate(framedObject(object.type, object.content), level);
  const { disk } = storage.system;
  const path = loosePath(storage.objectsDir, oid);
  const folder = path.slice(0, path.lastIndexOf("/"));
  const file = createTemporaryIn(storage, folder, "tmp_obj_", OBJECT_FILE_MODE);
  fillTemporary(storage, file, () => file.write(bytes));
  try {
    disk.rename(file.path, path);
  } catch (error) {
    removeQuietly(storage, file.path);
    throw error;
  }
  disk.syncDirectory(folder);
}
