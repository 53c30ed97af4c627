/**
 * Naming and storing contents that are too large to be held in memory; they pass through in chunks. They come from
 * outside, and are refused where they are part of a collision attack.
 *
 * @module
 */
import { LatticeError } from "../../platform/errors.ts";
import { createOutsideHasher } from "../../platform/outside_hash.ts";
import { concatBytes } from "../../platform/text.ts";
import { createDeflater } from "../../platform/zlib.ts";
import { type ObjectFormat, objectHeader, type ObjectType, type Oid } from "../object_format.ts";
import { outsideName } from "./outside_object.ts";
import { createTemporary, fillTemporary, OBJECT_FILE_MODE, type ObjectStorage } from "./storage.ts";

/** Compression works on pieces of this size. */
const PIECE_BYTES = 1024 * 1024;

/**
 * Names an object whose content comes in chunks.
 *
 * @param size Size of the whole content in bytes; it is part of what is hashed first.
 * @throws {LatticeError} `io`: the chunks together have another size; `invalid_data`: a collision attack.
 */
export function hashStream(format: ObjectFormat, type: ObjectType, size: number, chunks: Iterable<Uint8Array>): Oid {
  const hasher = createOutsideHasher(format.name).update(objectHeader(type, size));
  for (const chunk of counted(size, chunks)) hasher.update(chunk);
  return outsideName(hasher);
}

/**
 * Writes a content that comes in chunks into a temporary file, as a loose object, not yet flushed.
 *
 * @param size Size of the whole content in bytes.
 * @param level Level of compression, as `createDeflater` takes it.
 * @returns The object's name and the file's path; the caller gives the file its name or removes it.
 * @throws {LatticeError} `io`: the chunks together have another size, or writing failed; `invalid_data`: a collision
 *   attack. Nothing is left then.
 */
export function writeStreamToTemporary(
  storage: ObjectStorage,
  format: ObjectFormat,
  type: ObjectType,
  size: number,
  chunks: Iterable<Uint8Array>,
  level: number,
): { oid: Oid; path: string } {
  const header = objectHeader(type, size);
  const hasher = createOutsideHasher(format.name).update(header);
  const deflater = createDeflater(level);
  const file = createTemporary(storage, storage.objectsDir, "tmp_obj_", OBJECT_FILE_MODE);
  let oid: Oid = "";
  fillTemporary(storage, file, () => {
    for (const piece of pieces(header, counted(size, chunks))) file.write(deflater.push(piece));
    file.write(deflater.finish());
    oid = outsideName(hasher);
  }, false);
  return { oid, path: file.path };

  function* pieces(first: Uint8Array, rest: Iterable<Uint8Array>): Iterable<Uint8Array> {
    let pending: Uint8Array[] = [first];
    let length = first.length;
    for (const chunk of rest) {
      hasher.update(chunk);
      pending.push(chunk.slice()); // the caller may use its buffer again
      length += chunk.length;
      if (length < PIECE_BYTES) continue;
      yield concatBytes(pending);
      pending = [];
      length = 0;
    }
    if (length > 0) yield concatBytes(pending);
  }
}

/** The chunks, and an error when there are more or fewer bytes than were announced. */
function* counted(size: number, chunks: Iterable<Uint8Array>): Iterable<Uint8Array> {
  let count = 0;
  for (const chunk of chunks) {
    count += chunk.length;
    if (count > size) break;
    yield chunk;
  }
  if (count === size) return;
  const difference = count > size ? "more" : "fewer";
  throw new LatticeError("io", `a content of ${size} bytes turned out to have ${difference}`, {
    hint: "something changes it while it is read; try again when it is at rest",
  });
}
