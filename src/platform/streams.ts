/**
 * Standard input, output and error of this process, through plain descriptor calls: `process.stdout` costs 8 ms to
 * load and reorders what is written when the process ends.
 *
 * @module
 */
import * as fs from "node:fs";
import { onContinue } from "./process.ts";
import { deno } from "./runtime.ts";
import { nameToBytes } from "./text.ts";

/** The three streams of a command. */
export interface Streams {
  /** The next bytes of standard input, at most 64 KiB; `null` at its end. Waits for them. */
  read(): Uint8Array | null;
  /** Like `read`, but signals are heard while it waits. */
  readLater(): Promise<Uint8Array | null>;
  /** Writes all of the bytes to standard output. @throws {ClosedOutputError} Nobody reads it any more. */
  write(bytes: Uint8Array): void;
  /**
   * Writes a text (names as in `text.ts`) to standard error. One that is closed, or on a full or failing disk, is no error: there is nobody left
   * to tell, and what the command did stays done.
   */
  writeError(text: string): void;
  /** Whether stream 0, 1 or 2 is a terminal. */
  isTerminal(stream: 0 | 1 | 2): boolean;
  /**
   * Has the terminal of standard input show nothing of what is typed, and hand on every key at once, Ctrl-C too.
   *
   * @returns Makes the terminal what it was; a second call does nothing.
   */
  hideTyping(): () => void;
}

/** The reader of our standard output is gone; the command ends quietly with 141. */
export class ClosedOutputError extends Error {
  override readonly name = "ClosedOutputError";
}

/** The streams of this process. */
export const realStreams: Streams = {
  read() {
    const buffer = new Uint8Array(64 * 1024);
    const count = retry(() => {
      try {
        return fs.readSync(0, buffer, 0, buffer.length, null);
      } catch (error) {
        if ((error as { code?: string }).code === "EOF") return 0;
        throw error;
      }
    });
    return count === 0 ? null : buffer.subarray(0, count);
  },

  readLater() {
    const buffer = new Uint8Array(64 * 1024);
    return new Promise((resolve, reject) => {
      const attempt = () =>
        fs.read(0, buffer, 0, buffer.length, null, (error, count) => {
          if (error === null) resolve(count === 0 ? null : buffer.subarray(0, count));
          else if (error.code === "EOF") resolve(null);
          else if (error.code === "EAGAIN" || error.code === "EINTR") setTimeout(attempt, 1);
          else reject(error);
        });
      attempt();
    });
  },

  write(bytes) {
    for (let done = 0; done < bytes.length;) {
      const start = done;
      try {
        done += retry(() => fs.writeSync(1, bytes, start, bytes.length - start));
      } catch (error) {
        if ((error as { code?: string }).code === "EPIPE") throw new ClosedOutputError();
        throw error;
      }
    }
  },

  writeError(text) {
    const bytes = nameToBytes(text);
    try {
      for (let done = 0; done < bytes.length;) {
        const start = done;
        done += retry(() => fs.writeSync(2, bytes, start, bytes.length - start));
      }
    } catch (error) {
      if (typeof (error as { code?: unknown }).code !== "string") throw error; // not the system's refusal
    }
  },

  isTerminal(stream) {
    if (!mayBeTerminal(stream)) return false; // asked first, since to load `node:tty` costs 1 ms
    const { getBuiltinModule } =
      (globalThis as unknown as { process: { getBuiltinModule(id: string): unknown } }).process;
    return (getBuiltinModule("node:tty") as { isatty(descriptor: number): boolean }).isatty(stream);
  },

  hideTyping() {
    let hidden = true;
    setRawTyping(true);
    // Shells make the terminal show what is typed when a program is stopped; not all take that back.
    onContinue(() => {
      if (!hidden) return;
      setRawTyping(false); // else a runtime takes it for what it is already
      setRawTyping(true);
    });
    return () => {
      if (hidden) setRawTyping(false);
      hidden = false;
    };
  },
};

/** What both runtimes call the mode in which keys are handed on as they are. */
function setRawTyping(raw: boolean): void {
  if (deno !== undefined) {
    (deno as unknown as { stdin: { setRaw(raw: boolean): void } }).stdin.setRaw(raw);
    return;
  }
  const { getBuiltinModule } =
    (globalThis as unknown as { process: { getBuiltinModule(id: string): unknown } }).process;
  const { ReadStream } = getBuiltinModule("node:tty") as {
    ReadStream: new (descriptor: number) => { setRawMode(raw: boolean): void };
  };
  terminal ??= new ReadStream(0);
  terminal.setRawMode(raw);
}

let terminal: { setRawMode(raw: boolean): void } | undefined;

/** Linux numbers `/dev/null` and its like as devices of this class (Documentation/admin-guide/devices.txt). */
const MEMORY_DEVICES = 1;

/** Terminals are character devices; so is `/dev/null`, to which output often goes. */
function mayBeTerminal(stream: number): boolean {
  try {
    const stat = fs.fstatSync(stream);
    return stat.isCharacterDevice() && (stat.rdev >> 8 & 0xfff) !== MEMORY_DEVICES;
  } catch {
    return false; // closed before we began, or not to be examined: as isatty(3), which has no errors
  }
}

/** Repeats a call that a signal interrupted or that a non-blocking descriptor was not ready for. */
function retry<T>(call: () => T): T {
  for (;;) {
    try {
      return call();
    } catch (error) {
      const code = (error as { code?: string }).code;
      if (code === "EAGAIN") pause();
      else if (code !== "EINTR") throw error;
    }
  }
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
}
