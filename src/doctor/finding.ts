/**
 * What a doctor finds: something that is wrong, what shows it, and what would mend it.
 *
 * A finding is known by its id, which says what kind it is and what it is about. The same damage has the same id
 * however often it is looked for, so that a person can name it.
 *
 * @module
 */
import type { Writer } from "../engine/mod.ts";
import type { RepoLock } from "../locks/repo_lock.ts";
import { nameToBytes } from "../platform/text.ts";

/**
 * `error`: something does not work, or soon will not; `warning`: it works, and somebody should know; `note`: it could
 * be tidier.
 */
export type Severity = "error" | "warning" | "note";

/** Something that is wrong. */
export interface Finding {
  /** `<kind>` or `<kind>:<subject>`, in letters that a shell leaves alone; see {@link findingId}. */
  readonly id: string;
  readonly severity: Severity;
  /** What it is about: a ref, a file relative to the git directory, a branch, an operation. */
  readonly subject: string;
  /** What was seen, and what a person can do where doctor can do nothing. */
  readonly evidence: string;
  /** What would mend it; `null`: nothing that doctor may do. */
  readonly fix: Fix | null;
}

/** A way to mend a finding. */
export interface Fix {
  /** What it would do, with names and values. */
  readonly preview: string;
  readonly repair: Repair;
}

/**
 * How a fix is carried out. Each looks again at what it changes, and throws a `LatticeError` where that is no longer
 * what was found.
 */
export type Repair =
  /** What keeps everybody from the repository lock; done first, and without it. */
  | { readonly kind: "lock"; readonly run: () => void }
  /** Files only, under the repository lock; nothing of git's refs or of the journals is touched. */
  | { readonly kind: "files"; readonly run: (lock: RepoLock) => void }
  /** What every command that changes refs does first. */
  | { readonly kind: "recovery"; readonly anew: boolean }
  /** Refs, with the repository opened for change. */
  | { readonly kind: "refs"; readonly run: (writer: Writer) => void };

/**
 * The id of a finding.
 *
 * @param kind Such as `ref.empty`.
 * @param subject A name as in `text.ts`. Bytes other than letters, digits and `._/@+,=~-` stand as `%` and two digits.
 */
export function findingId(kind: string, subject?: string): string {
  return subject === undefined ? kind : `${kind}:${typeable(subject)}`;
}

/** Whether a person who typed this means that finding: its id, or the id with the subject as it is shown. */
export function isNamed(finding: Finding, typed: string): boolean {
  if (finding.id === typed) return true;
  const colon = typed.indexOf(":");
  return colon > 0 && finding.id === findingId(typed.slice(0, colon), typed.slice(colon + 1));
}

function typeable(name: string): string {
  if (/^[A-Za-z0-9._/@+,=~-]*$/.test(name)) return name;
  let text = "";
  for (const byte of nameToBytes(name)) {
    const character = String.fromCharCode(byte);
    text += /[A-Za-z0-9._/@+,=~-]/.test(character) ? character : `%${byte.toString(16).padStart(2, "0")}`;
  }
  return text;
}

/** Text in quotes for evidence, with everything unprintable escaped. */
export function quote(text: string): string {
  return JSON.stringify(text);
}

/** `1 byte`, `2 bytes`. */
export function plural(count: number, one: string, many: string = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
