/**
 * Replaces a file of ours so that it is old or new, whatever happens.
 *
 * @module
 */
import { replaceFile } from "../platform/replace_file.ts";
import type { System } from "../platform/system.ts";
import { toHex } from "../platform/text.ts";
import { folderOf } from "../platform/paths.ts";

/**
 * Replaces a file durably; its folder must be there.
 *
 * @throws {DiskError} Nothing was changed then, unless the last flush failed.
 */
export function writeFileDurably({ disk, randomBytes }: System, path: string, bytes: Uint8Array): void {
  const folder = folderOf(path);
  const temporary = `${path}.${toHex(randomBytes(8))}.tmp`; // a name that nobody else can have chosen
  replaceFile(disk, temporary, path, bytes);
  disk.syncDirectory(folder); // only now may anyone be told
}
