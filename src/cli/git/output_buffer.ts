/**
 * Standard output that is written in large pieces: one system call a line is what makes plumbing slow.
 *
 * @module
 */
import type { Streams } from "../../platform/streams.ts";
import { isWellFormed, nameToBytes } from "../../platform/text.ts";

/** Output that waits to be written. Whoever makes one flushes it, also before an error ends the command. */
export interface OutputBuffer {
  /** Adds a text (names as in `text.ts`). */
  text(text: string): void;
  /** Adds bytes. */
  bytes(bytes: Uint8Array): void;
  /** Writes everything that waits. */
  flush(): void;
}

const BUFFER_BYTES = 64 * 1024;

/** Opens a buffer over standard output. */
export function createOutputBuffer(streams: Streams): OutputBuffer {
  const pending = new Uint8Array(BUFFER_BYTES);
  let used = 0;
  const encoder = new TextEncoder();

  const output: OutputBuffer = {
    text(text) {
      if (text.length * 3 <= BUFFER_BYTES - used && isWellFormed(text)) {
        used += encoder.encodeInto(text, pending.subarray(used)).written;
      } else {
        output.bytes(nameToBytes(text));
      }
    },
    bytes(bytes) {
      if (bytes.length > BUFFER_BYTES - used) output.flush();
      if (bytes.length > BUFFER_BYTES) return streams.write(bytes);
      pending.set(bytes, used);
      used += bytes.length;
    },
    flush() {
      if (used === 0) return;
      const length = used;
      used = 0; // first: a reader that is gone must not be written to again
      streams.write(pending.subarray(0, length));
    },
  };
  return output;
}

/**
 * Runs a command's body with buffered output, which is written however the body ends.
 *
 * @param body What produces the output.
 */
export function withOutput<T>(streams: Streams, body: (output: OutputBuffer) => T): T {
  const output = createOutputBuffer(streams);
  try {
    return body(output);
  } finally {
    output.flush();
  }
}

/** Like {@link withOutput}, for a body that waits. */
export async function withOutputLater<T>(streams: Streams, body: (output: OutputBuffer) => Promise<T>): Promise<T> {
  const output = createOutputBuffer(streams);
  try {
    return await body(output);
  } finally {
    output.flush();
  }
}
