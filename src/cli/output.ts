/**
 * What a command says: answers to standard output, messages to standard error.
 *
 * @module
 */
import type { GlobalOptions } from "./global_options.ts";
import { escapeJson, escapeLines, escapeMessage, escapeText } from "./escape.ts";
import { reportFailure } from "./failure.ts";
import { redact } from "./redaction.ts";
import { describeErrno } from "../platform/disk.ts";
import { LatticeError } from "../platform/errors.ts";
import { ClosedOutputError, type Streams } from "../platform/streams.ts";
import type { System } from "../platform/system.ts";
import { bytesToName, nameToBytes, utf8 } from "../platform/text.ts";

/** Where answers go. */
export interface Output {
  /** Whether answers are to be JSON. */
  readonly json: boolean;
  /** Prints one line; control characters in it are escaped. */
  line(text: string): void;
  /** Prints several lines at once. */
  lines(texts: readonly string[]): void;
  /** Prints a value as JSON on one line; absent values must be `null`. */
  value(value: unknown): void;
  /** Prints bytes as they are, except that a terminal gets JSON text with its control characters escaped. */
  jsonBytes(bytes: Uint8Array): void;
  /** Prints text of our own as it is. */
  text(text: string): void;
  /** Prints bytes of somebody else's as they are, except that a terminal gets text with its control characters escaped. */
  bytes(bytes: Uint8Array): void;
}

/** Where messages go. */
export interface Log {
  /** Says something that most people want to know; not with `--quiet`. */
  info(message: string): void;
  /** Says what is done, with `--verbose`. */
  detail(message: string): void;
  /** Says something that should not be missed and changes no exit code; not with `--quiet`. With `--json` as JSON. */
  warn(message: string): void;
  /** Reports an error after which the command goes on; also with `--quiet`. With `--json` as JSON. */
  error(error: LatticeError): void;
}

/** Answers to standard output. */
export function createOutput(streams: Streams, json: boolean): Output {
  const write = (bytes: Uint8Array) => writeAll(streams, bytes);
  let terminal: boolean | undefined;
  return {
    json,
    line: (text) => write(nameToBytes(`${escapeText(text)}\n`)),
    lines: (texts) => write(nameToBytes(texts.map((text) => `${escapeText(text)}\n`).join(""))),
    value: (value) => write(utf8(`${escapeJson(JSON.stringify(value))}\n`)),
    jsonBytes: (bytes) => {
      terminal ??= streams.isTerminal(1);
      write(terminal ? nameToBytes(escapeJson(bytesToName(bytes))) : bytes);
    },
    text: (text) => write(nameToBytes(text)),
    bytes: (bytes) => {
      terminal ??= streams.isTerminal(1);
      write(terminal ? nameToBytes(escapeLines(bytesToName(bytes))) : bytes);
    },
  };
}

/** Messages to standard error. */
export function createLog(streams: Streams, options: GlobalOptions, system: System): Log {
  const say = (message: string) => streams.writeError(`${escapeMessage(redact(message))}\n`);
  return {
    info: (message) => {
      if (options.verbosity >= 0) say(message);
    },
    detail: (message) => {
      if (options.verbosity > 0) say(message);
    },
    warn: (message) => {
      if (options.verbosity < 0) return;
      if (options.json) {
        const warning = { message: redact(message) };
        streams.writeError(`${escapeJson(JSON.stringify({ warning }))}\n`);
        return;
      }
      const word = usesColor(options.color, system, streams, 2) ? "\x1b[33mwarning:\x1b[0m" : "warning:";
      streams.writeError(`${word} ${escapeMessage(redact(message))}\n`);
    },
    error: (error) => {
      const color = usesColor(options.color, system, streams, 2);
      reportFailure(error, streams, { json: options.json, color, debug: false });
    },
  };
}

/**
 * Whether colours are used on a stream.
 *
 * `--color` decides; without it a `NO_COLOR` that is not empty turns them off, `FORCE_COLOR` on (`0`: off), and else
 * they are for terminals that are not `dumb`.
 */
export function usesColor(
  choice: GlobalOptions["color"],
  system: System,
  streams: Streams,
  stream: 1 | 2,
): boolean {
  if (choice !== "auto") return choice === "always";
  const { NO_COLOR, FORCE_COLOR, TERM } = system.env;
  if (NO_COLOR !== undefined && NO_COLOR !== "") return false;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== "") return FORCE_COLOR !== "0" && FORCE_COLOR !== "false";
  return TERM !== "dumb" && streams.isTerminal(stream);
}

function writeAll(streams: Streams, bytes: Uint8Array): void {
  try {
    streams.write(bytes);
  } catch (cause) {
    if (cause instanceof ClosedOutputError || cause instanceof LatticeError) throw cause;
    const errno = (cause as { code?: unknown }).code;
    if (typeof errno !== "string") throw cause;
    throw new LatticeError("io", `cannot write to standard output: ${describeErrno(errno)}`, {
      hint: "send it where there is room for it; what the command has changed stays changed",
      details: { errno },
      cause,
    });
  }
}
