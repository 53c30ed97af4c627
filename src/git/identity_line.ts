/**
 * The parts of an author, committer or tagger line: `Name <email> seconds zone`.
 *
 * @module
 */

/** How an address is shown. */
export type EmailForm = "bracketed" | "trim" | "localpart";

/** The name, or nothing when the line has no address. */
export function identityName(line: string): string {
  const end = line.indexOf(" <");
  return end < 0 ? "" : line.slice(0, end);
}

/** The address: with its angle brackets, without them, or only what stands before the `@`. */
export function identityEmail(line: string, form: EmailForm): string {
  const open = line.indexOf("<");
  if (open < 0) return "";
  const close = line.indexOf(">", open);
  if (form === "bracketed") return close < 0 ? "" : line.slice(open, close + 1);
  const at = form === "localpart" ? line.indexOf("@", open) : -1;
  const end = at >= 0 ? at : close;
  return end < 0 ? "" : line.slice(open + 1, end);
}

/** When it was: seconds since 1970 and the zone as a decimal number (530 for `+0530`); `null` when it cannot be read. */
export function identityDate(line: string): { seconds: bigint; zone: number } | null {
  const start = line.indexOf("> ");
  if (start < 0) return null;
  const match = /^[ \t]*\+?([0-9]*)[ \t]*([+-]?[0-9]+)?/.exec(line.slice(start + 2));
  const seconds = BigInt(match?.[1] ?? "");
  if (seconds >= 2n ** 63n) return null;
  const zone = Number(match?.[2] ?? "0");
  return Number.isSafeInteger(zone) ? { seconds, zone } : null;
}
