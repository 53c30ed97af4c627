/**
 * Calendar fields of an instant, and `strftime` in the C locale over them.
 *
 * @module
 */
import { GitExit } from "./context.ts";

/** Calendar fields, in some time zone. */
export interface CalendarTime {
  readonly year: number;
  /** 0 to 11. */
  readonly month: number;
  /** 1 to 31. */
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** 0 is Sunday. */
  readonly weekday: number;
  /** 0 is the first of January. */
  readonly yearDay: number;
}

/** English names of the days of the week, Sunday first. */
export const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"] as const;

/** English names of the months. */
export const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
] as const;

const DAYS_BEFORE_MONTH = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334] as const;
const DAYS_IN_400_YEARS = 146_097;

/**
 * Calendar fields of a number of seconds since 1970 (which may be negative), as if in UTC.
 */
export function calendarTime(seconds: bigint): CalendarTime {
  const dayNumber = floorDivide(seconds, 86_400n);
  const rest = Number(seconds - dayNumber * 86_400n);
  // Days are counted from the first of March of year 0, so that a leap day is the last of its year.
  const shifted = dayNumber + 719_468n;
  const era = floorDivide(shifted, BigInt(DAYS_IN_400_YEARS));
  const inEra = Number(shifted - era * BigInt(DAYS_IN_400_YEARS));
  const yearOfEra = Math.floor(
    (inEra - Math.floor(inEra / 1460) + Math.floor(inEra / 36_524) - Math.floor(inEra / 146_096)) / 365,
  );
  const fromMarch = inEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * fromMarch + 2) / 153);
  const month = (marchMonth + 2) % 12;
  const day = fromMarch - Math.floor((153 * marchMonth + 2) / 5) + 1;
  const year = yearOfEra + Number(era) * 400 + (month < 2 ? 1 : 0);
  return {
    year,
    month,
    day,
    hour: Math.floor(rest / 3600),
    minute: Math.floor(rest / 60) % 60,
    second: rest % 60,
    weekday: Number((((dayNumber + 4n) % 7n) + 7n) % 7n),
    yearDay: DAYS_BEFORE_MONTH[month]! + day - 1 + (month > 1 && isLeap(year) ? 1 : 0),
  };
}

function floorDivide(value: bigint, divisor: bigint): bigint {
  return value >= 0n ? value / divisor : -((divisor - 1n - value) / divisor);
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

/** What `%z`, `%Z` and `%s` need beside the calendar fields. */
export interface ZoneTexts {
  /** Such as `+0100`. */
  readonly offset: string;
  /** The zone's name; `null` when it cannot be known. */
  readonly name: string | null;
  /** Seconds since 1970. */
  readonly epoch: string;
}

/**
 * Formats as `strftime` does in the C locale, with the flags `-`, `_`, `0` and `^` of GNU.
 *
 * @throws {GitExit} 129, naming the conversion, when it is not one of these.
 */
export function strftime(format: string, time: CalendarTime, zone: ZoneTexts): string {
  return format.replace(/%([-_0^]*)([\s\S]?)/g, (text, flags: string, letter: string) => {
    const field = conversion(letter, time, zone);
    if (field === null) throw new GitExit(129, `error: date format conversion '${text}' is not supported`);
    return applyFlags(field, flags);
  });
}

/** A number with its usual width and filling, or a text. */
type Field = string | { readonly value: number; readonly width: number; readonly fill: "0" | " " };

function applyFlags(field: Field, flags: string): string {
  let text: string;
  if (typeof field === "string") {
    text = field;
  } else {
    const flag = flags.replace(/\^/g, "").at(-1);
    const fill = flag === "_" ? " " : flag === "0" ? "0" : field.fill;
    text = flag === "-" ? String(field.value) : String(field.value).padStart(field.width, fill);
  }
  return flags.includes("^") ? text.toUpperCase() : text;
}

function zeros(value: number, width = 2): Field {
  return { value, width, fill: "0" };
}

function blanks(value: number): Field {
  return { value, width: 2, fill: " " };
}

function conversion(letter: string, time: CalendarTime, zone: ZoneTexts): Field | null {
  const composed = COMPOSED[letter];
  if (composed !== undefined) return strftime(composed, time, zone);
  const hour12 = time.hour % 12 === 0 ? 12 : time.hour % 12;
  switch (letter) {
    case "a":
      return WEEKDAYS[time.weekday]!.slice(0, 3);
    case "A":
      return WEEKDAYS[time.weekday]!;
    case "b":
    case "h":
      return MONTHS[time.month]!.slice(0, 3);
    case "B":
      return MONTHS[time.month]!;
    case "C":
      return zeros(Math.floor(time.year / 100));
    case "d":
      return zeros(time.day);
    case "e":
      return blanks(time.day);
    case "g":
      return zeros(isoWeek(time).year % 100);
    case "G":
      return zeros(isoWeek(time).year, 1);
    case "H":
      return zeros(time.hour);
    case "I":
      return zeros(hour12);
    case "j":
      return zeros(time.yearDay + 1, 3);
    case "k":
      return blanks(time.hour);
    case "l":
      return blanks(hour12);
    case "m":
      return zeros(time.month + 1);
    case "M":
      return zeros(time.minute);
    case "p":
      return time.hour < 12 ? "AM" : "PM";
    case "P":
      return time.hour < 12 ? "am" : "pm";
    case "s":
      return zone.epoch;
    case "S":
      return zeros(time.second);
    case "u":
      return zeros(time.weekday === 0 ? 7 : time.weekday, 1);
    case "U":
      return zeros(Math.floor((time.yearDay + 7 - time.weekday) / 7));
    case "V":
      return zeros(isoWeek(time).week);
    case "w":
      return zeros(time.weekday, 1);
    case "W":
      return zeros(Math.floor((time.yearDay + 7 - (time.weekday + 6) % 7) / 7));
    case "y":
      return zeros(time.year % 100);
    case "Y":
      return zeros(time.year, 1);
    case "z":
      return zone.offset;
    case "Z":
      return zone.name;
    case "n":
      return "\n";
    case "t":
      return "\t";
    case "%":
      return "%";
    default:
      return null;
  }
}

const COMPOSED: Readonly<Record<string, string>> = {
  c: "%a %b %e %H:%M:%S %Y",
  D: "%m/%d/%y",
  F: "%Y-%m-%d",
  r: "%I:%M:%S %p",
  R: "%H:%M",
  T: "%H:%M:%S",
  x: "%m/%d/%y",
  X: "%H:%M:%S",
};

/** Week and its year by ISO 8601: the week belongs to the year that holds its Thursday. */
function isoWeek(time: CalendarTime): { year: number; week: number } {
  const thursday = time.yearDay + 3 - (time.weekday + 6) % 7;
  const days = isLeap(time.year) ? 366 : 365;
  if (thursday < 0) {
    const before = isLeap(time.year - 1) ? 366 : 365;
    return { year: time.year - 1, week: Math.floor((thursday + before) / 7) + 1 };
  }
  if (thursday >= days) return { year: time.year + 1, week: 1 };
  return { year: time.year, week: Math.floor(thursday / 7) + 1 };
}
