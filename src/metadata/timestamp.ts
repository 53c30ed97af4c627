/**
 * Times as the document has them: RFC 3339 in UTC, ending in `Z`, with at most nine digits of a second's fraction.
 *
 * A time is kept as it was spelled, so that what others wrote stays the same to the byte.
 *
 * @module
 */

import { isDigit } from "../platform/ascii.ts";

/** A zero stands for any digit. A fraction may follow, and `Z` does. */
const PATTERN = "0000-00-00T00:00:00";
const ZERO = 0x30;
const FRACTION_DIGITS_MAX = 9;
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Whether a text is such a time, and names a day that exists. Leap seconds are not taken. */
export function isTimestamp(text: string): boolean {
  if (!hasPattern(text)) return false;
  const year = Number(text.slice(0, 4));
  const month = Number(text.slice(5, 7));
  const day = Number(text.slice(8, 10));
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return false;
  return Number(text.slice(11, 13)) < 24 && Number(text.slice(14, 16)) < 60 && Number(text.slice(17, 19)) < 60;
}

function hasPattern(text: string): boolean {
  for (let i = 0; i < PATTERN.length; i++) {
    const unit = text.charCodeAt(i);
    const wanted = PATTERN.charCodeAt(i);
    if (wanted === ZERO ? !isDigit(unit) : unit !== wanted) return false;
  }
  const rest = text.slice(PATTERN.length);
  if (rest === "Z") return true;
  if (!rest.startsWith(".") || !rest.endsWith("Z")) return false;
  const fraction = rest.slice(1, -1);
  if (fraction === "" || fraction.length > FRACTION_DIGITS_MAX) return false;
  for (let i = 0; i < fraction.length; i++) if (!isDigit(fraction.charCodeAt(i))) return false;
  return true;
}

/**
 * Writes a time; whole seconds without a fraction, else with three digits.
 *
 * @param atMs Milliseconds since 1970; from year 0 to year 9999.
 */
export function formatTimestamp(atMs: number): string {
  const text = new Date(atMs).toISOString();
  return text.endsWith(".000Z") ? `${text.slice(0, -5)}Z` : text;
}

function daysIn(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 && leap ? 29 : DAYS[month - 1]!;
}
