/**
 * Dates as scripts hand them to git (git-commit, "DATE FORMATS"): seconds and zone, RFC 2822, ISO 8601.
 *
 * @module
 */

/** An instant and the zone it is told in. */
export interface ZonedTime {
  /** Seconds since 1970, UTC. */
  readonly seconds: number;
  /** Such as `+0100`. */
  readonly zone: string;
}

/** Seconds below this are taken for seconds since 1970 only as `@seconds zone`; they might be a year or a day. */
const BARE_SECONDS_MIN = 100_000_000;

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/** Zones by name, in minutes east of UTC. */
const NAMED_ZONES: Readonly<Record<string, number>> = {
  z: 0,
  utc: 0,
  gmt: 0,
  ut: 0,
  est: -300,
  edt: -240,
  cst: -360,
  cdt: -300,
  mst: -420,
  mdt: -360,
  pst: -480,
  pdt: -420,
  cet: 60,
  cest: 120,
};

/**
 * Reads a date.
 *
 * @param localZone Minutes east of UTC of local time at an instant (seconds since 1970), for dates without zone.
 * @returns `null`: it is none of the formats, or not a time of the calendar.
 */
export function parseDate(text: string, localZone: (seconds: number) => number): ZonedTime | null {
  const trimmed = text.trim();
  return parseSeconds(trimmed, localZone) ?? parseCalendar(trimmed, localZone);
}

/** A zone in digits, such as `-0330`. */
export function zoneText(minutes: number): string {
  const magnitude = Math.abs(minutes);
  const digits = Math.floor(magnitude / 60) * 100 + magnitude % 60;
  return `${minutes < 0 ? "-" : "+"}${String(digits).padStart(4, "0")}`;
}

function parseSeconds(text: string, localZone: (seconds: number) => number): ZonedTime | null {
  const exact = /^@([0-9]+) +([+-][0-9]{4})$/.exec(text);
  if (exact !== null) {
    return Number.isSafeInteger(Number(exact[1])) ? { seconds: Number(exact[1]), zone: exact[2]! } : null;
  }
  const match = /^@?([0-9]{9,})(?: +(.*))?$/.exec(text);
  if (match === null) return null;
  const seconds = Number(match[1]);
  const zone = parseZone(match[2] ?? "");
  if (!Number.isSafeInteger(seconds) || seconds < BARE_SECONDS_MIN || zone === null) return null;
  return { seconds, zone: zoneText(zone === "local" ? localZone(seconds) : zone) };
}

function parseCalendar(text: string, localZone: (seconds: number) => number): ZonedTime | null {
  const day = parseDay(text);
  if (day === null) return null;
  const time = /^(?:[ Tt]+|$)(?:([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,][0-9]+)?)?)?[ ]*(.*)$/.exec(day.rest);
  if (time === null || time[1] === undefined) return null;
  const [hour, minute, second] = [Number(time[1]), Number(time[2]), Number(time[3] ?? "0")];
  if (hour > 24 || minute > 59 || second > 60) return null;
  const midnight = Date.UTC(day.year, day.month, day.day); // the 30th of February is the 2nd of March, as in git
  const local = midnight / 1000 + hour * 3600 + minute * 60 + second;
  const zone = parseZone(time[4]!);
  if (zone === null) return null;
  const east = zone === "local" ? localZone(local - localZone(local) * 60) : zone;
  const seconds = local - east * 60;
  return seconds < 0 ? null : { seconds, zone: zoneText(east) };
}

interface Day {
  readonly year: number;
  /** 0 to 11. */
  readonly month: number;
  readonly day: number;
  /** What stands behind the day. */
  readonly rest: string;
}

/** `2005-04-07`, `2005/04/07`, `2005.04.07`, `Thu, 07 Apr 2005`, `Thu Apr 7 22:13:13 2005`, `04/07/2005`, `07.04.2005`, `Apr 7 2005`, `20050407T221313`. */
function parseDay(text: string): Day | null {
  const iso = /^([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})(.*)$/.exec(text);
  if (iso !== null) {
    const swapped = Number(iso[3]) > 12; // git then reads year, day, month
    return toDay(iso[1]!, Number(iso[swapped ? 4 : 3]) - 1, iso[swapped ? 3 : 4]!, iso[5]!);
  }
  const mail = /^(?:[A-Za-z]{3,9},? +)?([0-9]{1,2}) +([A-Za-z]{3,9}) +([0-9]{4})(.*)$/.exec(text);
  if (mail !== null) return toDay(mail[3]!, monthNumber(mail[2]!), mail[1]!, mail[4]!);
  const written = /^([A-Za-z]{3,9}) +([0-9]{1,2}),? +([0-9]{4})( .*)$/.exec(text);
  if (written !== null) return toDay(written[3]!, monthNumber(written[1]!), written[2]!, written[4]!);
  const basic = /^([0-9]{4})([0-9]{2})([0-9]{2})[Tt]([0-9]{2})([0-9]{2})([0-9]{2})(.*)$/.exec(text);
  if (basic !== null) {
    const rest = ` ${basic[4]}:${basic[5]}:${basic[6]}${basic[7]}`;
    return toDay(basic[1]!, Number(basic[2]) - 1, basic[3]!, rest);
  }
  const log = /^(?:[A-Za-z]{3,9},? +)?([A-Za-z]{3,9}) +([0-9]{1,2})( +[0-9:]+) +([0-9]{4})(.*)$/.exec(text);
  if (log !== null) return toDay(log[4]!, monthNumber(log[1]!), log[2]!, log[3]! + log[5]!);
  const american = /^([0-9]{1,2})\/([0-9]{1,2})\/([0-9]{4})(.*)$/.exec(text);
  if (american !== null) return toDay(american[3]!, Number(american[1]) - 1, american[2]!, american[4]!);
  const european = /^([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})(.*)$/.exec(text);
  if (european !== null) return toDay(european[3]!, Number(european[2]) - 1, european[1]!, european[4]!);
  return null;
}

function monthNumber(name: string): number {
  return MONTHS.indexOf(name.slice(0, 3).toLowerCase());
}

function toDay(year: string, month: number, day: string, rest: string): Day | null {
  if (month < 0 || month > 11 || Number(year) < 1970 || Number(day) < 1 || Number(day) > 31) return null;
  return { year: Number(year), month, day: Number(day), rest };
}

/** Minutes east of UTC; `local` when nothing is said; `null`: it is no zone. */
function parseZone(text: string): number | "local" | null {
  if (text === "") return "local";
  const named = NAMED_ZONES[text.toLowerCase()];
  if (named !== undefined) return named;
  const match = /^([+-])([0-9]{2}):?([0-9]{2})?(?: \([A-Za-z ]+\))?$/.exec(text);
  if (match === null) return null;
  if (Number(match[2]) > 23 || Number(match[3] ?? "0") > 59) return "local"; // git passes over such a zone
  const minutes = Number(match[2]) * 60 + Number(match[3] ?? "0");
  return match[1] === "-" ? -minutes : minutes;
}
