/**
 * Standard output that is written in large pieces: one system call a line is what makes plumbing slow.
 *
 * @module
 */
import type { Streams } from "../../platform/streams.ts";
import { nameToBytes } from "../../platform/text.ts";

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
/** Texts are encoded together when they are so long: a call for each costs more than what it does. */
const TEXT_LENGTH = 16 * 1024;

/** Opens a buffer over standard output. */
export function createOutputBuffer(streams: Streams): OutputBuffer {
  const pending = new Uint8Array(BUFFER_BYTES);
  let used = 0;
  let texts = ""; // what was added last, behind what is pending

  function writePending(): void {
    if (used === 0) return;
    const length = used;
    used = 0; // first: a reader that is gone must not be written to again
    streams.write(pending.subarray(0, length));
  }

  function add(bytes: Uint8Array): void {
    if (bytes.length > BUFFER_BYTES - used) writePending();
    if (bytes.length > BUFFER_BYTES) return streams.write(bytes);
    pending.set(bytes, used);
    used += bytes.length;
  }

  function addTexts(): void {
    if (texts === "") return;
    const bytes = nameToBytes(texts);
    texts = "";
    add(bytes);
  }

  return {
    text(text) {
      texts += text;
      if (texts.length >= TEXT_LENGTH) addTexts();
    },
    bytes(bytes) {
      addTexts();
      add(bytes);
    },
    flush() {
      addTexts();
      writePending();
    },
  };
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
