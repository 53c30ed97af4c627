/**
 * What a command is given to read: a file, or standard input.
 *
 * @module
 */
import { absolutePath, type CommandContext } from "./context.ts";
import { LatticeError } from "../platform/errors.ts";
import { concatBytes } from "../platform/text.ts";

/**
 * Reads the whole input.
 *
 * @param file The value of `--file`; `-` or nothing: standard input.
 * @param bytesMax Reading stops behind so many bytes, so that the caller sees that there is more.
 * @throws {LatticeError} `usage`: there is no such file; `io`.
 */
export function readInput(
  { system, streams }: CommandContext,
  file: string | undefined,
  bytesMax?: number,
): Uint8Array {
  const enough = bytesMax === undefined ? undefined : bytesMax + 1;
  if (file !== undefined && file !== "-") {
    const bytes = system.disk.readFile(absolutePath(system, file), enough);
    if (bytes !== null) return bytes;
    throw new LatticeError("usage", `there is no file ${JSON.stringify(file)}`, {
      hint: "look at its spelling; - is standard input",
      details: { path: file },
    });
  }
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for (let part = streams.read(); part !== null; part = streams.read()) {
      parts.push(part);
      length += part.length;
      if (enough !== undefined && length >= enough) break;
    }
  } catch (cause) {
    const errno = (cause as { code?: unknown }).code;
    if (typeof errno !== "string") throw cause; // not the system's refusal
    throw new LatticeError("io", `cannot read standard input: ${errno}`, { details: { errno }, cause });
  }
  return concatBytes(parts);
}
