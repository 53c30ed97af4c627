/**
 * Files that are closed whatever happens, for what every command does: `using` says the same, and takes 0.05 ms when a
 * process comes to it for the first time.
 *
 * @module
 */

/** Uses a file and closes it. @returns What the use gives; `null`: there is no file. */
export function closing<File extends { close(): void }, Result>(
  file: File | null,
  use: (file: File) => Result,
): Result | null {
  if (file === null) return null;
  try {
    return use(file);
  } finally {
    file.close();
  }
}
