/**
 * URLs of stores may hold passwords: these are kept out of all that is written or said.
 *
 * @module
 */
import { keepOut } from "./redaction.ts";

/** User and password in a URL, and a password among its parameters. */
const IN_AUTHORITY = /(\b[A-Za-z][A-Za-z0-9+.-]*:\/\/[^\s:/?#]*:)[^\s]*(?=@)/g;
const IN_PARAMETER = /([?&]password=)[^&#\s]+/gi;

/** A text, such as an argument, in which passwords of URLs are replaced. */
export function withoutPasswords(text: string): string {
  if (!text.includes("://")) return text;
  return text.replace(IN_AUTHORITY, "$1***").replace(IN_PARAMETER, "$1***");
}

/** Shorter ones are not looked for: they stand in too many words. */
const LENGTH_MIN = 6;

/**
 * Keeps the password of a PostgreSQL store out of all messages. None is made of it on purpose; this is the second line.
 *
 * @param url As the user gave it.
 */
export function shieldPasswords(url: string, env: Readonly<Record<string, string | undefined>>): void {
  if (!/^postgres(?:ql)?:/i.test(url)) return;
  const shown = withoutPasswords(url);
  const given = [
    /:\/\/[^\s:/?#]*:([^\s]*)@/.exec(url)?.[1],
    /[?&]password=([^&#\s]+)/i.exec(url)?.[1],
    env["PGPASSWORD"],
  ];
  for (const password of given) {
    for (const form of [password, decoded(password)]) {
      // One that is the user's or the database's name as well cannot be told from these.
      if (form !== undefined && form.length >= LENGTH_MIN && !shown.includes(form)) keepOut(form);
    }
  }
}

function decoded(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    return undefined;
  }
}
