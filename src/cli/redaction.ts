/**
 * Secrets that this process has read, kept out of what it says.
 *
 * No message is made of a value on purpose. This is the second line: whatever an error of the system, of a library or of
 * a later change would let through is taken out where texts are printed, on standard error, in the log and in traces.
 *
 * @module
 */
import { escapeText } from "./escape.ts";

/** Shorter values are not looked for: they stand in too many words. In UTF-16 units. */
const LENGTH_MIN = 4;

/** What stands in the place of a value. */
export const REDACTED = "[secret]";

/** The values, and what they look like where texts are quoted or escaped; longest first. */
let forms: readonly string[] = [];

/** Keeps a value out of what is printed from now on. */
export function keepOut(value: string): void {
  if (value.length < LENGTH_MIN || forms.includes(value)) return;
  const looks = [value, JSON.stringify(value).slice(1, -1), escapeText(value)];
  forms = [...new Set([...forms, ...looks])].sort((a, b) => b.length - a.length);
}

/** A text without the values. */
export function redact(text: string): string {
  let shown = text;
  for (const form of forms) shown = shown.replaceAll(form, REDACTED);
  return shown;
}

/** The same for all texts in a value for programs; names of its parts are ours, and stay. */
export function redactParts(value: unknown): unknown {
  if (forms.length === 0) return value;
  if (typeof value === "string") return redact(value);
  if (Array.isArray(value)) return value.map(redactParts);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, redactParts(part)]));
}
