/**
 * Putting a whole file in place: whoever looks finds the old one or the new one, and what is there is durable.
 *
 * @module
 */
import type { Disk } from "./disk.ts";

/** How the file is made. */
export interface NewFileOptions {
  /** Mode, less what the umask takes. */
  readonly mode?: number;
  /** Called with the temporary path before the file is flushed, to give it other permissions. */
  readonly adjust?: (path: string) => void;
}

/**
 * Writes and flushes a temporary file, and renames it. The caller flushes the folder.
 *
 * @param temporary A path in the same file system that nobody else uses; nothing stays there when this fails, be the
 *   disk full.
 * @throws {DiskError} What was at the path is untouched then.
 */
export function replaceFile(
  disk: Disk,
  temporary: string,
  path: string,
  bytes: Uint8Array,
  { mode, adjust }: NewFileOptions = {},
): void {
  const file = disk.create(temporary, mode);
  try {
    file.write(bytes);
    adjust?.(temporary);
    file.sync(); // before the rename, or the name may outlive its bytes
    file.close();
    disk.rename(temporary, path);
  } catch (error) {
    file.close();
    disk.unlink(temporary);
    throw error;
  }
}
