/**
 * Who does something: the identity that git writes into reflogs, commits and tags (git-commit, "COMMIT INFORMATION").
 *
 * @module
 */
import { LatticeError } from "../platform/errors.ts";
import type { System } from "../platform/system.ts";
import { bytesToName } from "../platform/text.ts";
import type { Config } from "./config/config.ts";
import { type Account, findAccount } from "./config/expand_path.ts";
import { parseDate, zoneText } from "./date.ts";

/** Whose identity it is. */
export type IdentityRole = "author" | "committer";

/**
 * The committer as `Name <email> seconds zone`.
 *
 * As in git's reflogs, an identity that nobody configured is made of the account and the host, and
 * `user.useConfigOnly` does not forbid that.
 *
 * @throws {LatticeError} `invalid_data`: `GIT_COMMITTER_DATE` is no date.
 */
export function committerIdentity(system: System, config: Config): string {
  return identity(system, config, "committer");
}

/**
 * The author as `Name <email> seconds zone`.
 *
 * @throws {LatticeError} `invalid_data`: `GIT_AUTHOR_DATE` is no date.
 */
export function authorIdentity(system: System, config: Config): string {
  return identity(system, config, "author");
}

function identity(system: System, config: Config, role: IdentityRole): string {
  const prefix = `GIT_${role.toUpperCase()}`;
  let known: Account | undefined;
  const account = () => known ??= ownAccount(system);
  const email = system.env[`${prefix}_EMAIL`] ?? nonEmpty(config.get(`${role}.email`)) ??
    nonEmpty(config.get("user.email")) ?? nonEmpty(system.env["EMAIL"]) ?? accountEmail(system, account());
  const name = system.env[`${prefix}_NAME`] ?? nonEmpty(config.get(`${role}.name`)) ??
    nonEmpty(config.get("user.name")) ?? fullName(account());
  const shown = withoutCrud(name === "" ? account().name : name);
  return `${shown} <${withoutCrud(email)}> ${date(system, `${prefix}_DATE`)}`;
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}

/** The account that this process runs as; one that is not listed is called unknown, as in git. */
function ownAccount(system: System): Account {
  const user = system.host.userId;
  const found = user === null ? null : findAccount(system, (fields) => fields[2] === String(user));
  return found ?? { name: "unknown", gecos: "Unknown", home: "" };
}

/** The full name of an account: up to the first comma, with `&` for the capitalized account name. */
function fullName({ name, gecos }: Account): string {
  const capitalized = name.slice(0, 1).toUpperCase() + name.slice(1);
  const full = gecos.split(",", 1)[0]!.replaceAll("&", capitalized);
  return withoutCrud(full);
}

function accountEmail(system: System, { name }: Account): string {
  const mailName = system.disk.readFile("/etc/mailname");
  const domain = mailName === null ? "" : bytesToName(mailName).split("\n", 1)[0]!;
  if (domain !== "") return `${name}@${domain}`;
  const host = system.host.hostName;
  return `${name}@${host.includes(".") ? host : `${host}.(none)`}`;
}

/** Takes away what would break the line: some marks at both ends, newlines and angle brackets anywhere. */
function withoutCrud(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isCrud(text.charCodeAt(start))) start++;
  while (end > start && isCrud(text.charCodeAt(end - 1))) end--;
  return untilNul(text.slice(start, end).replace(/[\n<>]/g, ""));
}

/** The environment cannot hold NUL, but a caller's can. */
function untilNul(text: string): string {
  const end = text.indexOf("\0");
  return end < 0 ? text : text.slice(0, end);
}

const CRUD_MARKS = ".,:;<>\"\\'";

function isCrud(unit: number): boolean {
  return unit <= 0x20 || CRUD_MARKS.includes(String.fromCharCode(unit));
}

function date(system: System, variable: string): string {
  const nowMs = system.clock.nowMs();
  const localZone = (seconds: number) => system.clock.timeZoneMinutes(seconds * 1000);
  const text = system.env[variable];
  if (text === undefined || text === "") {
    const seconds = Math.floor(nowMs / 1000);
    return `${seconds} ${zoneText(localZone(seconds))}`;
  }
  const parsed = parseDate(text, localZone);
  if (parsed === null) {
    throw new LatticeError("invalid_data", `${variable} is ${JSON.stringify(text)}, which is not a date`, {
      hint: "write seconds and zone (1700000000 +0000), RFC 2822 or ISO 8601",
      details: { variable, value: text },
    });
  }
  return `${parsed.seconds} ${parsed.zone}`;
}
