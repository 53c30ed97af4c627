/**
 * What a command is given to read: a file, or standard input.
 *
 * @module
 */
import type { CommandContext } from "./context.ts";
import { describeErrno, isDiskError } from "../platform/disk.ts";
import { LatticeError } from "../platform/errors.ts";
import { concatBytes } from "../platform/text.ts";
import { absolutePath } from "../platform/paths.ts";

/** More input than this is not held in memory, in bytes (256 MiB). */
export const INPUT_BYTES_MAX = 256 * 1024 * 1024;

/**
 * Reads the whole input.
 *
 * @param file The value of `--file`; `-` or nothing: standard input.
 * @param bytesMax Reading stops behind so many bytes, so that the caller sees that there is more.
 * @throws {LatticeError} `usage`: there is no such file; `unsupported`: without `bytesMax`, there are more than
 *   {@link INPUT_BYTES_MAX} bytes; `io`.
 */
export function readInput(
  { system, streams }: CommandContext,
  file: string | undefined,
  bytesMax?: number,
): Uint8Array {
  const bytes = readUpTo({ system, streams }, file, (bytesMax ?? INPUT_BYTES_MAX) + 1);
  if (bytesMax !== undefined || bytes.length <= INPUT_BYTES_MAX) return bytes;
  throw new LatticeError("unsupported", `the input has more than ${INPUT_BYTES_MAX} bytes`, {
    hint: "give it in parts; nothing of it was used",
    details: { bytes_max: INPUT_BYTES_MAX },
  });
}

function readUpTo(
  { system, streams }: Pick<CommandContext, "system" | "streams">,
  file: string | undefined,
  enough: number,
): Uint8Array {
  if (file !== undefined && file !== "-") {
    const bytes = file === "" ? null : readNamed(system, file, enough); // an empty name would be the working folder's
    if (bytes !== null) return bytes;
    throw new LatticeError("usage", `there is no file ${JSON.stringify(file)}`, {
      hint: "look at its spelling; - is standard input",
      details: { path: file },
    });
  }
  const parts: Uint8Array[] = [];
  let length = 0;
  for (const part of standardInput(streams)) {
    parts.push(part);
    length += part.length;
    if (length >= enough) break;
  }
  return concatBytes(parts);
}

function readNamed(system: CommandContext["system"], file: string, enough: number): Uint8Array | null {
  try {
    return system.disk.readFile(absolutePath(system, file), enough);
  } catch (error) {
    if (!isDiskError(error) || (error.hint !== undefined && error.errno !== "EISDIR")) throw error;
    throw new LatticeError(error.code, error.message, {
      hint: "name a file; - is standard input",
      details: error.details,
      cause: error,
    });
  }
}

/**
 * Reads standard input part by part.
 *
 * @throws {LatticeError} `io`.
 */
export function* standardInput(streams: CommandContext["streams"]): Generator<Uint8Array> {
  for (;;) {
    let part: Uint8Array | null;
    try {
      part = streams.read();
    } catch (cause) {
      const errno = (cause as { code?: unknown }).code;
      if (typeof errno !== "string") throw cause; // not the system's refusal
      throw new LatticeError("io", `cannot read standard input: ${describeErrno(errno)}`, {
        hint: "redirect it from a file or a pipe",
        details: { errno },
        cause,
      });
    }
    if (part === null) return;
    yield part;
  }
}
