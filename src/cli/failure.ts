/**
 * What is said of an error, and the exit code that it means.
 *
 * @module
 */
import { escapeJson, escapeMessage } from "./escape.ts";
import { EXIT_CLOSED_OUTPUT, EXIT_CODES } from "./exit_codes.ts";
import { redact, redactParts } from "./redaction.ts";
import { VERSION } from "./version_number.ts";
import { type ErrorCode, type ErrorDetails, LatticeError } from "../platform/errors.ts";
import { ClosedOutputError, type Streams } from "../platform/streams.ts";

/** How errors are reported. */
export interface FailureStyle {
  /** As a JSON object instead of lines for people. */
  readonly json: boolean;
  readonly color: boolean;
  /** Whether a bug is shown with its stack. */
  readonly debug: boolean;
}

/**
 * Reports an error on standard error.
 *
 * @returns The exit code.
 */
export function reportFailure(error: unknown, streams: Streams, style: FailureStyle): number {
  if (error instanceof ClosedOutputError) return EXIT_CLOSED_OUTPUT;
  const failure = redacted(describe(reasonOf(error)));
  streams.writeError(style.json ? renderJson(failure) : renderText(failure, style.color));
  if (style.debug && failure.code === "internal") streams.writeError(`${redact(stackOf(error))}\n`);
  return EXIT_CODES[failure.code];
}

interface Failure {
  code: ErrorCode;
  message: string;
  hint: string | undefined;
  details: ErrorDetails;
}

/** Why a scope was left, also where its tidying failed on the way out: a lock that cannot be given back hides no reason. */
function reasonOf(error: unknown): unknown {
  // By its name: what compilers make of `using` has a class of its own where the runtime has none.
  const isPair = error instanceof Error && error.name === "SuppressedError" && "suppressed" in error;
  return isPair ? reasonOf(error.suppressed) : error;
}

function describe(error: unknown): Failure {
  if (error instanceof LatticeError && error.code !== "internal") {
    return { code: error.code, message: error.message, hint: error.hint, details: error.details };
  }
  const message = error instanceof Error ? error.message : String(error);
  return {
    code: "internal",
    message: `internal error: ${redact(message).split("\n")[0]}`, // before it is cut: half a value is none that is known
    hint: `this is a bug in lattice ${VERSION}: please report it with the output of the same command ` +
      `run with LATTICE_DEBUG=1`,
    details: error instanceof LatticeError ? error.details : {},
  };
}

function redacted({ code, message, hint, details }: Failure): Failure {
  return {
    code,
    message: redact(message),
    hint: hint === undefined ? undefined : redact(hint),
    details: redactParts(details) as ErrorDetails,
  };
}

/** What every error of a lock has, `null` where there is no such thing: a record in a store is no file. */
const LOCKED: ErrorDetails = { path: null, holder: null, waited_ms: null };

function renderJson({ code, message, hint, details }: Failure): string {
  const error = { code, message, hint: hint ?? null, details: code === "locked" ? { ...LOCKED, ...details } : details };
  return `${escapeJson(JSON.stringify({ error }, (_, value) => typeof value === "bigint" ? String(value) : value))}\n`;
}

function renderText({ message, hint }: Failure, color: boolean): string {
  const paint = (word: string, code: number) => color ? `\x1b[${code}m${word}\x1b[0m` : word;
  const first = `${paint("error:", 31)} ${escapeMessage(message)}\n`;
  return hint === undefined ? first : `${first}${paint("hint:", 36)} ${escapeMessage(hint)}\n`;
}

/** The stack of an error and of what caused it. */
function stackOf(error: unknown): string {
  const stacks: string[] = [];
  for (let at = error; at instanceof Error && stacks.length < 10; at = at.cause) stacks.push(at.stack ?? at.message);
  return stacks.join("\ncaused by: ");
}
