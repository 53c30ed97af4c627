/**
 * Lines of standard input, one after the other, in memory that the longest of them takes, or one piece of input.
 *
 * @module
 */
import type { Streams } from "../../platform/streams.ts";
import { bytesToName, concatBytes } from "../../platform/text.ts";
import { INPUT_BYTES_MAX } from "../input.ts";
import { GitExit } from "./context.ts";

/** No line of input is longer than this, in bytes: a longer one is no name of anything. */
export const LINE_BYTES_MAX = 16 * 1024 * 1024;

/** How lines end. */
export interface LineOptions {
  /**
   * Byte at the end of each: 10 for lines (a carriage return before it is dropped), 0 for `-z`. To git, a line is a
   * string of C: what stands behind a NUL in it does not count.
   */
  readonly delimiter: 0 | 10;
  /** Called before input is waited for: whoever talks to us may wait for our answers first. */
  beforeRead(): void;
}

/**
 * Reads lines of standard input.
 *
 * @param streams Where the input comes from.
 * @returns Each line without its end, as in `text.ts`. A last line without an end counts.
 * @throws {GitExit} 128: a line is longer than 16 MiB.
 */
export function* inputLines(streams: Streams, options: LineOptions): Generator<string> {
  let parts: Uint8Array[] = [];
  let held = 0;
  for (;;) {
    options.beforeRead();
    const chunk = streams.read();
    if (chunk === null) break;
    const end = chunk.lastIndexOf(options.delimiter);
    if (end >= 0) {
      parts.push(chunk.subarray(0, end));
      yield* linesOf(parts, options.delimiter);
      parts = [];
      held = 0;
    }
    if (end === chunk.length - 1) continue;
    held += chunk.length - (end + 1);
    if (held > LINE_BYTES_MAX) throw tooLong();
    parts.push(chunk.slice(end + 1));
  }
  if (held > 0) yield* linesOf(parts, options.delimiter);
}

/** The end of a command that meets a line which is longer than {@link LINE_BYTES_MAX}. */
export function tooLong(): GitExit {
  return new GitExit(128, `fatal: a line of input is longer than ${LINE_BYTES_MAX} bytes`);
}

/**
 * Counts input that is held until there is an answer, so that it cannot grow without end.
 *
 * @returns Called with each line or command that is held; `start` begins anew.
 */
export function heldInput(): { readonly hold: (text: string) => void; readonly start: () => void } {
  let length = 0;
  return {
    hold(text) {
      length += text.length + 1;
      if (length <= INPUT_BYTES_MAX) return;
      throw new GitExit(128, `fatal: the input has more than ${INPUT_BYTES_MAX} bytes, which is the most that is held`);
    },
    start() {
      length = 0;
    },
  };
}

/** Decoded as a whole: no character, and no part of one, is a delimiter. */
function linesOf(parts: readonly Uint8Array[], delimiter: 0 | 10): string[] {
  const text = bytesToName(parts.length === 1 ? parts[0]! : concatBytes(parts));
  if (delimiter === 0) return text.split("\0");
  const lines = text.split("\n");
  return /[\r\0]/.test(text) ? lines.map((line) => line.replace(/\r$/, "").replace(/\0.*$/s, "")) : lines;
}
