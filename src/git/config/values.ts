/**
 * What the text of a configuration value means (git-config, "Values").
 *
 * @module
 */
import { LatticeError } from "../../platform/errors.ts";
import type { ConfigEntry } from "./config.ts";

/** Git's limit of an `int`, which most of its integer settings are. */
const INT_MAX = 2 ** 31 - 1;

/** Boolean by git's rules; `null`: it is none. */
export function parseBoolean(value: string | null): boolean | null {
  if (value === null) return true;
  switch (value.toLowerCase()) {
    case "true":
    case "yes":
    case "on":
      return true;
    case "":
    case "false":
    case "no":
    case "off":
      return false;
  }
  const number = parseInteger(value);
  return number === null || number > INT_MAX || number < -INT_MAX ? null : number !== 0;
}

/** Integer by git's rules: decimal, `0x…`, `0…`, then `k`, `m` or `g`; `null`: it is none, or is not exact as a number. */
export function parseInteger(value: string): number | null {
  if (value === "0" || value === "1") return Number(value); // `core.repositoryFormatVersion` of every repository
  const match = /^[ \t\n\v\f\r]*([+-]?)(0[xX][0-9a-fA-F]+|[0-9]+)([kKmMgG]?)$/.exec(value);
  if (match === null) return null;
  const digits = match[2]!;
  const octal = digits.length > 1 && digits.startsWith("0") && !/^0[xX]/.test(digits);
  if (octal && /[89]/.test(digits)) return null;
  const magnitude = Number(octal ? `0o${digits}` : digits) * UNITS[match[3]!.toLowerCase()]!;
  if (!Number.isSafeInteger(magnitude)) return null;
  return match[1] === "-" && magnitude !== 0 ? -magnitude : magnitude;
}

const UNITS: Readonly<Record<string, number>> = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** The error for a value that does not mean what its key needs. */
export function badValue({ key, value, path }: Omit<ConfigEntry, "scope">, wanted: string): LatticeError {
  const what = value === null ? "has no value" : `is ${JSON.stringify(value)}`;
  const where = path === null ? "in the environment or on the command line" : `in ${JSON.stringify(path)}`;
  return new LatticeError("invalid_data", `config ${JSON.stringify(key)} ${what} ${where}, which is not ${wanted}`, {
    hint: `see what is set with \`git config --show-origin --get-all ${key}\``,
    details: { key, value, path },
  });
}
