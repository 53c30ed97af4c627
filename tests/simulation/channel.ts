/**
 * How a simulated process, which runs in a thread of its own, asks the machine in the main thread to do its calls:
 * one call at a time, in shared memory, both sides waiting for each other. So exactly one of all threads runs at any
 * moment, and what happens is the same whenever it is repeated.
 *
 * The memory begins with three numbers: whether a request is there, whether an answer is there, and how many bytes it
 * has. Then comes JSON; bytes and large integers are wrapped (`{"$bytes":…}`, `{"$big":…}`).
 *
 * @module
 */
import { utf8 } from "../../src/platform/text.ts";

/** What a process asks for. */
export interface Request {
  /** Such as `disk.rename` or `file.write`. */
  operation: string;
  /** Paths, numbers, bytes; a number of an open file comes first. */
  args: readonly unknown[];
}

/** What it is told. */
export interface Answer {
  /** Present time of the machine, in microseconds since 1970. */
  timeUs: number;
  /** The result of the call. */
  value?: unknown;
  /** The call failed. */
  failure?: { errno: string; action: string; path: string };
  /** The process was killed. */
  killed?: string;
  /** The simulation itself failed. */
  broken?: string;
}

const REQUEST = 0;
const ANSWER = 1;
const LENGTH = 2;
const HEADER_BYTES = 16;
const CHANNEL_BYTES = 2 << 20;

/** Waiting begins with so many looks, since an answer often comes sooner than a thread falls asleep. */
const LOOKS = 200;

/** No thread computes that long between two calls; longer, it is lost. */
const PATIENCE_MS = 600_000;

/** One side's view of the memory between a process and the machine. */
export class Channel {
  private readonly numbers: Int32Array;
  private readonly bytes: Uint8Array;

  /** @param memory From {@link Channel.memory}. */
  constructor(memory: SharedArrayBuffer) {
    this.numbers = new Int32Array(memory, 0, HEADER_BYTES / 4);
    this.bytes = new Uint8Array(memory, HEADER_BYTES);
  }

  /** Memory for a channel. */
  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(CHANNEL_BYTES);
  }

  /** The process asks and waits for the answer. */
  ask(request: Request): Answer {
    this.put(request);
    this.raise(REQUEST);
    this.await(ANSWER, Infinity);
    return this.take() as Answer;
  }

  /** The machine answers. */
  answer(answer: Answer): void {
    this.put(answer);
    this.raise(ANSWER);
  }

  /**
   * The machine waits for what the process asks next.
   *
   * @throws {Error} It asks nothing: its thread is lost.
   */
  nextRequest(): Request {
    this.await(REQUEST, PATIENCE_MS);
    return this.take() as Request;
  }

  private put(value: unknown): void {
    const bytes = utf8(encode(value));
    if (bytes.length > this.bytes.length) throw new Error(`a call of ${bytes.length} bytes is too large to simulate`);
    this.bytes.set(bytes);
    this.numbers[LENGTH] = bytes.length;
  }

  private take(): unknown {
    return decode(new TextDecoder().decode(this.bytes.slice(0, this.numbers[LENGTH])));
  }

  private raise(flag: number): void {
    Atomics.store(this.numbers, flag, 1);
    Atomics.notify(this.numbers, flag);
  }

  private await(flag: number, patienceMs: number): void {
    for (let look = 0; Atomics.load(this.numbers, flag) === 0; look++) {
      if (look < LOOKS) continue;
      if (Atomics.wait(this.numbers, flag, 0, patienceMs) === "timed-out") {
        throw new Error("a simulated process makes no call and does not end");
      }
    }
    Atomics.store(this.numbers, flag, 0);
  }
}

/** A value as text. */
export function encode(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === "bigint") return { $big: String(part) };
    if (part instanceof Uint8Array) return { $bytes: latin1(part) };
    return part;
  });
}

/** The value of a text that {@link encode} made. */
export function decode(text: string): unknown {
  const value = JSON.parse(text) as unknown;
  return text.includes('"$b') ? unwrap(value) : value;
}

function unwrap(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(unwrap);
  const { $big, $bytes } = value as { $big?: string; $bytes?: string };
  if ($big !== undefined) return BigInt($big);
  if ($bytes !== undefined) return Uint8Array.from($bytes, (character) => character.charCodeAt(0));
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, unwrap(part)]));
}

/** Each byte as the character of its number. */
function latin1(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return text;
}
