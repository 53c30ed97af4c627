/**
 * Durations on the command line, in the environment and in config files: a whole number and a unit.
 *
 * @module
 */
import { LatticeError } from "../platform/errors.ts";

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /^([0-9]+)(ms|s|m|h|d)$/;

/**
 * Milliseconds of a duration.
 *
 * @param text `250ms`, `10s`, `5m`, `2h`, `1d`, `0` or `inf`.
 * @returns `null` when the text is no duration, or one too long to be counted in milliseconds.
 */
export function parseDuration(text: string): number | null {
  if (text === "0") return 0;
  if (text === "inf") return Infinity;
  const match = DURATION.exec(text);
  if (match === null) return null;
  const ms = Number(match[1]) * UNIT_MS[match[2]!]!;
  return Number.isSafeInteger(ms) ? ms : null;
}

/**
 * Milliseconds of a duration that somebody gave.
 *
 * @param text The duration.
 * @param source Where it stands, for the message: `--lock-timeout`, `LATTICE_LOCK_TIMEOUT`.
 * @throws {LatticeError} `usage`: it is no duration.
 */
export function requireDuration(text: string, source: string): number {
  const ms = parseDuration(text);
  if (ms !== null) return ms;
  throw new LatticeError("usage", `${source} is no duration: ${JSON.stringify(text)}`, { hint: DURATION_HINT });
}

/** How a duration is written. */
export const DURATION_HINT = "write a whole number and a unit (ms, s, m, h, d), such as 500ms or 30s; or 0, or inf";
