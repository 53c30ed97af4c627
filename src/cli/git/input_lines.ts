/**
 * Lines of standard input, one after the other, in memory that one line takes.
 *
 * @module
 */
import type { Streams } from "../../platform/streams.ts";
import { bytesToName, concatBytes } from "../../platform/text.ts";

/** No line of input is longer than this, in bytes: a longer one is no name of anything. */
const LINE_BYTES_MAX = 16 * 1024 * 1024;

/** How lines end. */
export interface LineOptions {
  /** Byte at the end of each: 10 for lines (a carriage return before it is dropped), 0 for `-z`. */
  readonly delimiter: 0 | 10;
  /** Called before input is waited for: whoever talks to us may wait for our answers first. */
  beforeRead(): void;
}

/**
 * Reads lines of standard input.
 *
 * @param streams Where the input comes from.
 * @returns Each line without its end, as in `text.ts`. A last line without an end counts.
 * @throws {RangeError} A line is longer than 16 MiB.
 */
export function* inputLines(streams: Streams, options: LineOptions): Generator<string> {
  let parts: Uint8Array[] = [];
  let held = 0;
  for (;;) {
    options.beforeRead();
    const chunk = streams.read();
    if (chunk === null) break;
    let start = 0;
    for (let end; (end = chunk.indexOf(options.delimiter, start)) >= 0; start = end + 1) {
      parts.push(chunk.subarray(start, end));
      yield lineOf(parts, options.delimiter);
      parts = [];
      held = 0;
    }
    if (start === chunk.length) continue;
    held += chunk.length - start;
    if (held > LINE_BYTES_MAX) throw new RangeError(`a line of input is longer than ${LINE_BYTES_MAX} bytes`);
    parts.push(chunk.subarray(start));
  }
  if (held > 0) yield lineOf(parts, options.delimiter);
}

function lineOf(parts: Uint8Array[], delimiter: number): string {
  const bytes = parts.length === 1 ? parts[0]! : concatBytes(parts);
  const returns = delimiter === 10 && bytes[bytes.length - 1] === 13;
  return bytesToName(returns ? bytes.subarray(0, -1) : bytes);
}
