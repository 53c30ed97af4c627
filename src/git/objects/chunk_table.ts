/**
 * The table of contents that multi-pack indexes and commit-graphs begin with (gitformat-chunk).
 *
 * @module
 */
import { damagedFile } from "./damage.ts";
import type { PagedFile } from "./file_pages.ts";

/** A part of a file, in bytes. */
export interface Chunk {
  readonly start: number;
  readonly length: number;
}

const CHUNK_ENTRY_BYTES = 12;

/**
 * Reads a table of contents: chunk names and where each begins; one more entry says where the last one ends.
 *
 * @param tableStart Offset of the table in bytes.
 * @param count How many chunks there are.
 * @param trailerBytes Size of what follows the last chunk at least.
 * @throws {LatticeError} `invalid_data`.
 */
export function readChunks(
  file: PagedFile,
  tableStart: number,
  count: number,
  trailerBytes: number,
): Map<string, Chunk> {
  const table = file.read(tableStart, (count + 1) * CHUNK_ENTRY_BYTES);
  if (table.length !== (count + 1) * CHUNK_ENTRY_BYTES) throw damagedFile(file.path, "it ends within its contents");
  const view = new DataView(table.buffer, table.byteOffset, table.length);
  const offsetOf = (entry: number) => Number(view.getBigUint64(entry * CHUNK_ENTRY_BYTES + 4));
  const chunks = new Map<string, Chunk>();
  let previous = tableStart + table.length;
  for (let entry = 0; entry <= count; entry++) {
    const start = offsetOf(entry);
    if (start < previous || start > file.size - trailerBytes) {
      throw damagedFile(file.path, `chunk ${entry} begins at byte ${start}, which cannot be`);
    }
    previous = start;
    const at = entry * CHUNK_ENTRY_BYTES;
    const isLast = view.getUint32(at) === 0;
    if (isLast !== (entry === count)) {
      throw damagedFile(file.path, `it does not hold the ${count} chunks that it counts`);
    }
    if (isLast) break;
    const id = String.fromCharCode(...table.subarray(at, at + 4));
    if (chunks.has(id)) throw damagedFile(file.path, `it holds the chunk ${id} twice`);
    chunks.set(id, { start, length: offsetOf(entry + 1) - start });
  }
  return chunks;
}

/**
 * A chunk that must be there.
 *
 * @param length Its size in bytes; `null`: any.
 * @throws {LatticeError} `invalid_data`.
 */
export function requireChunk(file: PagedFile, chunks: Map<string, Chunk>, id: string, length: number | null): Chunk {
  const chunk = chunks.get(id);
  if (chunk === undefined) throw damagedFile(file.path, `it has no chunk ${id}`);
  if (length !== null && chunk.length !== length) {
    throw damagedFile(file.path, `its chunk ${id} has ${chunk.length} bytes instead of ${length}`);
  }
  return chunk;
}
