/**
 * Times as `git reflog expire` and `gc.reflogExpire` take them: `never`, `now`, dates, and how long ago it was.
 *
 * @module
 */
import { parseDate } from "../../git/date.ts";
import type { Clock } from "../../platform/system.ts";

/** Behind every time that a reflog can tell. */
export const END_OF_TIME = Infinity;

/** Before every time that a reflog can tell. */
const BEGINNING_OF_TIME = 0;

const FIXED_SECONDS: Readonly<Record<string, number>> = {
  second: 1,
  minute: 60,
  hour: 3600,
  day: 86_400,
  week: 604_800,
};

const NUMBER_WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

/**
 * Reads a time.
 *
 * @returns Seconds since 1970; `null`: it is none of the forms that are known here.
 */
export function parseExpiryDate(text: string, clock: Clock): number | null {
  switch (text) {
    case "never":
    case "false":
      return BEGINNING_OF_TIME;
    case "all":
    case "now":
      return END_OF_TIME;
  }
  const localZone = (seconds: number) => clock.timeZoneMinutes(seconds * 1000);
  return parseDate(text, localZone)?.seconds ?? parseAgo(text, clock);
}

/** `90.days.ago`, `2 weeks ago`, `1.month.2.days`, `yesterday`. */
function parseAgo(text: string, clock: Clock): number | null {
  const words = text.toLowerCase().split(/[ .,_-]+/).filter((word) => word !== "");
  if (words.at(-1) === "ago") words.pop();
  let at = Math.floor(clock.nowMs() / 1000);
  if (words.length === 1 && words[0] === "yesterday") return at - FIXED_SECONDS["day"]!;
  if (words.length === 0 || words.length % 2 !== 0) return null;
  for (let i = 0; i < words.length; i += 2) {
    const count = numberOf(words[i]!);
    const unit = words[i + 1]!.replace(/s$/, "");
    if (count === null) return null;
    const seconds = Object.hasOwn(FIXED_SECONDS, unit) ? FIXED_SECONDS[unit]! : null;
    if (seconds !== null) at -= count * seconds;
    else if (unit === "month") at = monthsBefore(at, count, clock);
    else if (unit === "year") at = monthsBefore(at, 12 * count, clock);
    else return null;
  }
  return at < 0 ? BEGINNING_OF_TIME : at;
}

function numberOf(word: string): number | null {
  const known = NUMBER_WORDS.indexOf(word);
  if (known >= 0) return known;
  return /^[0-9]{1,9}$/.test(word) ? Number(word) : null;
}

/** By the local calendar; the 31st of a shorter month is in the next one, as in git. */
function monthsBefore(seconds: number, months: number, clock: Clock): number {
  const east = (at: number) => clock.timeZoneMinutes(at * 1000) * 60;
  const local = new Date((seconds + east(seconds)) * 1000);
  local.setUTCMonth(local.getUTCMonth() - months);
  const shown = local.getTime() / 1000;
  return shown - east(shown - east(shown));
}
