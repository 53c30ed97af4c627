/**
 * The order of version numbers, as `--sort=version:refname` has it: like `strverscmp` of the GNU C library, with
 * git's `versionsort.suffix` for pre-releases.
 *
 * @module
 */
import { nameToBytes } from "../../platform/text.ts";

/**
 * Compares two names.
 *
 * @param suffixes Values of `versionsort.suffix`, in order.
 * @returns Negative, zero or positive.
 */
export function compareVersions(left: string, right: string, suffixes: readonly string[]): number {
  if (left === right) return 0;
  const a = nameToBytes(left);
  const b = nameToBytes(right);
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at++;
  const bySuffix = compareSuffixes(left, right, at, suffixes);
  return bySuffix ?? compareFrom(a, b, at);
}

/** Compares byte strings whose first difference is at a position. */
function compareFrom(a: Uint8Array, b: Uint8Array, at: number): number {
  let start = at;
  while (start > 0 && isDigit(a[start - 1])) start--;
  const difference = (a[at] ?? 0) - (b[at] ?? 0);
  const common = at - start;
  const leadingZero = common > 0 && a[start] === 0x30;
  if (leadingZero) {
    const fraction = isFraction(a, start, at);
    if (fraction) return difference;
    return compareAfterZeros(a[at], b[at], difference);
  }
  if (common > 0) {
    if (isDigit(a[at]) && isDigit(b[at])) return byLength(a, b, at, difference);
    if (isDigit(a[at])) return 1;
    return isDigit(b[at]) ? -1 : difference;
  }
  const bothNumbers = isDigit(a[at]) && isDigit(b[at]) && a[at] !== 0x30 && b[at] !== 0x30;
  return bothNumbers ? byLength(a, b, at, difference) : difference;
}

/** A run of digits that begins with zeros and goes on with another digit counts as the digits after a point. */
function isFraction(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] !== 0x30) return true;
  return false;
}

/** After common zeros, whichever has more digits is the smaller one, as fractions are. */
function compareAfterZeros(x: number | undefined, y: number | undefined, difference: number): number {
  if (isDigit(x) && !isDigit(y)) return -1;
  if (isDigit(y) && !isDigit(x)) return 1;
  return difference;
}

function byLength(a: Uint8Array, b: Uint8Array, at: number, difference: number): number {
  for (let i = at + 1;; i++) {
    if (!isDigit(a[i])) return isDigit(b[i]) ? -1 : difference;
    if (!isDigit(b[i])) return 1;
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

/** Order by pre-release suffix; `null` when suffixes do not decide. */
function compareSuffixes(left: string, right: string, at: number, suffixes: readonly string[]): number | null {
  const x = bestSuffix(left, at, suffixes);
  const y = bestSuffix(right, at, suffixes);
  if (x === y) return null;
  if (x >= 0 && y >= 0) return x - y;
  return x >= 0 ? -1 : 1;
}

/** Index of the suffix that stands around a position: the one that begins first, then the longest; -1 for none. */
function bestSuffix(name: string, at: number, suffixes: readonly string[]): number {
  let best = -1;
  let bestStart = at;
  let bestLength = -1;
  suffixes.forEach((suffix, index) => {
    const end = bestLength < suffix.length ? bestStart : bestStart - 1;
    for (let start = Math.max(0, at - suffix.length); start <= end; start++) {
      if (!name.startsWith(suffix, start)) continue;
      best = index;
      bestStart = start;
      bestLength = suffix.length;
      break;
    }
  });
  return best;
}
