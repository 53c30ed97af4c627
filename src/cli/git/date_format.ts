/**
 * Dates as git prints them (git-log, "--date"): the named formats, their `-local` variants and `format:…`.
 *
 * @module
 */
import type { Clock } from "../../platform/system.ts";
import { GitExit } from "./context.ts";
import { type CalendarTime, calendarTime, MONTHS, strftime, WEEKDAYS } from "./date_strftime.ts";

const STYLES = [
  "relative",
  "iso-strict",
  "iso",
  "rfc",
  "short",
  "default",
  "human",
  "raw",
  "unix",
  "format",
] as const;

/** How a date is printed. */
export interface DateFormat {
  readonly style: typeof STYLES[number];
  /** In the zone of this machine instead of the one that was recorded. */
  readonly local: boolean;
  /** For `format`: the template of `strftime`. */
  readonly template: string;
}

/** git's usual format, such as `Thu Nov 16 02:00:00 2023 +0000`. */
export const DEFAULT_DATE: DateFormat = { style: "default", local: false, template: "" };

const LONG_NAMES: Readonly<Record<string, DateFormat["style"]>> = {
  "iso8601-strict": "iso-strict",
  iso8601: "iso",
  rfc2822: "rfc",
};

/**
 * Reads the name of a date format.
 *
 * @throws {GitExit} 128: unknown.
 */
export function parseDateFormat(text: string): DateFormat {
  if (text === "local") return { style: "default", local: true, template: "" };
  const colon = text.indexOf(":");
  const head = colon < 0 ? text : text.slice(0, colon);
  const local = head.endsWith("-local");
  const name = local ? head.slice(0, -6) : head;
  const style = STYLES.find((candidate) => candidate === (Object.hasOwn(LONG_NAMES, name) ? LONG_NAMES[name] : name));
  if (style === undefined) throw new GitExit(128, `fatal: unknown date format ${text}`);
  if (style === "format") {
    if (colon < 0) throw new GitExit(128, `fatal: date format missing colon separator: ${text}`);
    return { style, local, template: text.slice(colon + 1) };
  }
  if (colon >= 0) throw new GitExit(128, `fatal: unknown date format ${text}`);
  return { style, local, template: "" };
}

/**
 * Prints a date.
 *
 * @param seconds Seconds since 1970.
 * @param zone The recorded zone as a decimal number, such as 530 for `+0530`.
 * @param clock For relative dates and the local zone.
 */
export function formatDate(seconds: bigint, zone: number, format: DateFormat, clock: Clock): string {
  if (format.style === "unix") return String(seconds);
  const shownZone = format.local ? localZone(seconds, clock) : zone;
  if (format.style === "raw") return `${seconds} ${signedZone(shownZone)}`;
  if (format.style === "relative") return relativeDate(seconds, clock);
  const shifted = shift(seconds, shownZone);
  const sane = shifted < SECONDS_MAX;
  const time = calendarTime(sane ? shifted : 0n);
  return formatCalendar(time, { seconds, zone: sane ? shownZone : 0, format, clock });
}

/** Beyond this, the year does not fit into the 32 bits that C has for it, and git shows the epoch instead. */
const SECONDS_MAX = 67_767_976_233_532_800n;

interface Shown {
  readonly seconds: bigint;
  readonly zone: number;
  readonly format: DateFormat;
  readonly clock: Clock;
}

function formatCalendar(time: CalendarTime, shown: Shown): string {
  const { zone, format } = shown;
  const date = `${four(time.year)}-${two(time.month + 1)}-${two(time.day)}`;
  const clockTime = `${two(time.hour)}:${two(time.minute)}:${two(time.second)}`;
  const weekday = WEEKDAYS[time.weekday]!.slice(0, 3);
  const month = MONTHS[time.month]!.slice(0, 3);
  switch (format.style) {
    case "short":
      return date;
    case "iso":
      return `${date} ${clockTime} ${signedZone(zone)}`;
    case "iso-strict":
      return `${date}T${clockTime}${strictZone(zone)}`;
    case "rfc":
      return `${weekday}, ${time.day} ${month} ${time.year} ${clockTime} ${signedZone(zone)}`;
    case "format":
      return strftime(format.template, time, {
        offset: signedZone(zone),
        name: format.local ? null : "",
        epoch: String(shown.seconds),
      });
    case "human":
      return humanDate(time, shown);
    default:
      return `${weekday} ${month} ${time.day} ${clockTime} ${time.year}${format.local ? "" : ` ${signedZone(zone)}`}`;
  }
}

/** Leaves out whatever the reader knows anyway: the year, the date, the zone. */
function humanDate(time: CalendarTime, { seconds, zone, format, clock }: Shown): string {
  const nowSeconds = BigInt(Math.floor(clock.nowMs() / 1000));
  const here = localZone(nowSeconds, clock);
  const now = calendarTime(shift(nowSeconds, here));
  const sameYear = time.year === now.year;
  const sameMonth = sameYear && time.month === now.month;
  if (sameMonth && time.day === now.day) return relativeDate(seconds, clock);
  const recent = sameMonth && time.day < now.day && time.day + 5 > now.day;
  const parts: string[] = [];
  if (sameYear) parts.push(WEEKDAYS[time.weekday]!.slice(0, 3));
  if (!recent) parts.push(`${MONTHS[time.month]!.slice(0, 3)} ${time.day}`);
  if (sameYear) parts.push(`${two(time.hour)}:${two(time.minute)}`);
  else parts.push(String(time.year));
  const hideZone = format.local || zone === here || !recent;
  if (!hideZone) parts.push(signedZone(zone));
  return parts.join(" ");
}

function relativeDate(seconds: bigint, clock: Clock): string {
  const now = BigInt(Math.floor(clock.nowMs() / 1000));
  if (now < seconds) return "in the future";
  const elapsed = Number(now - seconds);
  if (elapsed < 90) return ago(elapsed, "second");
  const minutes = Math.floor((elapsed + 30) / 60);
  if (minutes < 90) return ago(minutes, "minute");
  const hours = Math.floor((minutes + 30) / 60);
  if (hours < 36) return ago(hours, "hour");
  const days = Math.floor((hours + 12) / 24);
  if (days < 14) return ago(days, "day");
  if (days < 70) return ago(Math.floor((days + 3) / 7), "week");
  if (days < 365) return ago(Math.floor((days + 15) / 30), "month");
  if (days >= 1825) return ago(Math.floor((days + 183) / 365), "year");
  const months = Math.floor((days * 24 + 365) / 730);
  const years = Math.floor(months / 12);
  if (months % 12 === 0) return ago(years, "year");
  return `${counted(years, "year")}, ${ago(months % 12, "month")}`;
}

function ago(count: number, unit: string): string {
  return `${counted(count, unit)} ago`;
}

function counted(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

function localZone(seconds: bigint, clock: Clock): number {
  const minutes = clock.timeZoneMinutes(Number(seconds) * 1000);
  const size = Math.abs(minutes);
  return Math.sign(minutes) * (Math.floor(size / 60) * 100 + size % 60);
}

/** Seconds since 1970 on a clock that is set to a zone's local time. */
function shift(seconds: bigint, zone: number): bigint {
  const size = Math.abs(zone);
  const minutes = Math.sign(zone) * (Math.floor(size / 100) * 60 + size % 100);
  return seconds + BigInt(minutes * 60);
}

function signedZone(zone: number): string {
  return `${zone < 0 ? "-" : "+"}${four(Math.abs(zone))}`;
}

function strictZone(zone: number): string {
  const size = Math.abs(zone);
  return `${zone < 0 ? "-" : "+"}${two(Math.floor(size / 100))}:${two(size % 100)}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

function four(value: number): string {
  return String(value).padStart(4, "0");
}
