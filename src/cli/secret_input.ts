/**
 * The value of a secret: from standard input, or typed by a person and not shown.
 *
 * @module
 */
import type { CommandContext } from "./context.ts";
import { escapeMessage } from "./escape.ts";
import { readInput } from "./input.ts";
import { LatticeError } from "../platform/errors.ts";
import { decodeUtf8 } from "../platform/text.ts";
import { SECRET_BYTES_MAX, valueNotUtf8, valueTooLong } from "../secrets/secret_store.ts";

/**
 * Reads the value.
 *
 * @param raw Takes all of standard input, a final newline too.
 * @returns `null`: who was to type it interrupted.
 * @throws {LatticeError} `invalid_data`: it is not UTF-8, or too long; `usage`: nothing, or more than one line, was typed.
 */
export async function readSecretValue(context: CommandContext, key: string, raw: boolean): Promise<string | null> {
  const bytes = context.streams.isTerminal(0) ? await readTyped(context, key) : readGiven(context, raw);
  if (bytes === null) return null;
  if (bytes.length > SECRET_BYTES_MAX) throw valueTooLong();
  const value = decodeUtf8(bytes);
  if (value === null) throw valueNotUtf8();
  return value;
}

function readGiven(context: CommandContext, raw: boolean): Uint8Array {
  const bytes = readInput(context, undefined, SECRET_BYTES_MAX + 1); // with the newline that does not count
  const endsLine = bytes[bytes.length - 1] === NEWLINE;
  return endsLine && !raw ? bytes.subarray(0, -1) : bytes;
}

/** Restores the terminal on every way out: by an error, by a signal, by an interrupt that is typed. */
async function readTyped(context: CommandContext, key: string): Promise<Uint8Array | null> {
  const { streams, system } = context;
  const show = streams.hideTyping();
  const forget = system.onEnd(show, true);
  try {
    streams.writeError(escapeMessage(`value of secret ${JSON.stringify(key)} (it is not shown): `));
    const line = new TypedLine();
    for (;;) {
      const keys = await streams.readLater();
      const end = keys === null ? "closed" : line.type(keys);
      if (end === "interrupted") return null;
      if (end === "closed") throw nothingTyped();
      if (end === "entered") return line.bytes();
    }
  } finally {
    show();
    forget();
    streams.writeError("\n");
  }
}

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const TAB = 0x09;
const SPACE = 0x20;
const DELETE = 0x7f;

/** What a terminal hands on for a key together with Ctrl, and for the key that takes a character back. */
const CONTROL = { C: 0x03, D: 0x04, H: 0x08, U: 0x15 };

/** A line as it is typed, with the keys that a terminal itself would have understood. */
class TypedLine {
  #typed: number[] = [];
  #hasControl = false;

  /** @returns How the line ends; `null`: it does not yet. @throws {LatticeError} `usage`: there is more than this line. */
  type(keys: Uint8Array): "entered" | "interrupted" | null {
    for (const [at, key] of keys.entries()) {
      if (key === CONTROL.C) return "interrupted";
      if (key === RETURN || key === NEWLINE || key === CONTROL.D) {
        if (at < keys.length - 1) throw severalLines();
        return "entered";
      }
      this.#take(key);
    }
    return null;
  }

  /** @throws {LatticeError} `usage`: there is nothing, or what no line holds. */
  bytes(): Uint8Array {
    if (this.#hasControl) throw controlTyped();
    if (this.#typed.length === 0) throw nothingTyped();
    return Uint8Array.from(this.#typed);
  }

  #take(key: number): void {
    if (key === DELETE || key === CONTROL.H) this.#takeBack();
    else if (key === CONTROL.U) this.#typed = [];
    else if (key < SPACE && key !== TAB) this.#hasControl = true;
    else if (this.#typed.length <= SECRET_BYTES_MAX) this.#typed.push(key);
  }

  /** The last character, of one byte or several. */
  #takeBack(): void {
    let last = this.#typed.pop();
    while (last !== undefined && (last & 0xc0) === 0x80) last = this.#typed.pop();
  }
}

function nothingTyped(): LatticeError {
  return new LatticeError("usage", "no value was typed, and nothing is stored", {
    hint: "an empty value is stored by: printf '' | lattice secret set <key>",
  });
}

function severalLines(): LatticeError {
  return new LatticeError("usage", "more than one line was typed or pasted, and nothing is stored", {
    hint: "a value of several lines comes from a file: lattice secret set <key> < file",
  });
}

function controlTyped(): LatticeError {
  return new LatticeError("usage", "a key was typed that stands for no character, and nothing is stored", {
    hint: "type it again, or give it on standard input: lattice secret set <key> < file",
  });
}
