/**
 * Times as the document has them: RFC 3339 in UTC, ending in `Z`, with at most nine digits of a second's fraction.
 *
 * A time is kept as it was spelled, so that what others wrote stays the same to the byte.
 *
 * @module
 */

const PATTERN = /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]{1,9})?Z$/;
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Whether a text is such a time, and names a day that exists. Leap seconds are not taken. */
export function isTimestamp(text: string): boolean {
  const match = PATTERN.exec(text);
  if (match === null) return false;
  const month = Number(match[2]);
  const day = Number(match[3]);
  if (month < 1 || month > 12 || day < 1 || day > daysIn(Number(match[1]), month)) return false;
  return Number(match[4]) < 24 && Number(match[5]) < 60 && Number(match[6]) < 60;
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
