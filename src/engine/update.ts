/**
 * What a caller asks of a transaction: refs, what must be true of them, and what they should hold.
 *
 * @module
 */
import type { NewObject } from "../git/objects/store.ts";
import type { Oid } from "../git/object_format.ts";
import type { RefValue } from "../git/refs/store.ts";

/** What must be true of a ref for an update to happen. */
export type Expectation =
  | { readonly kind: "any" }
  | { readonly kind: "absent" }
  | { readonly kind: "present" }
  | { readonly kind: "exactly"; readonly oid: Oid };

/** What should become of a ref. */
export type Change =
  | { readonly kind: "set"; readonly oid: Oid }
  | { readonly kind: "set-symbolic"; readonly target: string }
  | { readonly kind: "delete" }
  /** Nothing: only the expectation is checked, under the same locks. */
  | { readonly kind: "verify" };

/** One ref of a transaction. */
export interface RefUpdate {
  /** Full name. */
  readonly name: string;
  readonly expect: Expectation;
  readonly change: Change;
  /** Whether a symbolic ref is followed, so that what it leads to changes (`update-ref` without `--no-deref`). */
  readonly follow: boolean;
  /** Text for the reflog; without it, the transaction's. */
  readonly message?: string;
  /** Makes a reflog where there is none, whatever `core.logAllRefUpdates` says. */
  readonly createReflog?: boolean;
  /**
   * Keeps the content of the replaced and of the new object (blobs) in the journal, so that undo and recovery can
   * write them again. Meant for small documents that nothing but this ref leads to.
   */
  readonly keepContent?: boolean;
}

/** A transaction: all of it or nothing. */
export interface TransactionRequest {
  readonly updates: readonly RefUpdate[];
  /** Objects that the updates refer to and that may not be there yet. */
  readonly objects: readonly NewObject[];
  /** Text for the reflogs. */
  readonly message: string;
  /**
   * `operation`: listed, undoable, replaced commits are kept. `plumbing`: journaled for crash safety only, and
   * afterwards the repository holds what git would have left.
   */
  readonly purpose: "operation" | "plumbing";
  /** The operation that this one takes back. */
  readonly undoes?: string;
  /** The paused operation that this one helps to its end; its marker comes back when this one is over. */
  readonly resumes?: string;
  /** The caller may change refs below `refs/lattice/`, which are lattice's own (undo and prune). */
  readonly mayChangeOwnRefs?: boolean;
}

/** What became of one ref. */
export interface RefOutcome {
  /** Full name. */
  readonly ref: string;
  /** What it held before: an object name, or `ref: <name>` of a symbolic ref; `null`: it did not exist. */
  readonly old: string | null;
  /** What it holds now, likewise; `null`: it does not exist. */
  readonly new: string | null;
}

/** What a transaction did. */
export interface TransactionResult {
  /** The operation, or `null` when nothing changed. */
  readonly op: string | null;
  /** Refs that changed, sorted by name; lattice's own keep refs are not among them. */
  readonly updates: readonly RefOutcome[];
}

/**
 * Whether a ref holds what an update expects.
 *
 * @param actual The object name the ref leads to, or `null` when it does not exist.
 */
export function isMet(expected: Expectation, actual: Oid | null): boolean {
  switch (expected.kind) {
    case "any":
      return true;
    case "absent":
      return actual === null;
    case "present":
      return actual !== null;
    case "exactly":
      return actual === expected.oid;
  }
}

/** Whether two ref values are the same. */
export function sameValue(a: RefValue | null, b: RefValue | null): boolean {
  if (a === null || b === null) return a === b;
  if (a.kind === "direct") return b.kind === "direct" && a.oid === b.oid;
  return b.kind === "symbolic" && a.target === b.target;
}

/** Text of a ref file, without the newline; also how a value stands in the journal. */
export function valueText(value: RefValue): string {
  return value.kind === "direct" ? value.oid : `ref: ${value.target}`;
}

/** The value of a text made by {@link valueText}. */
export function parseValueText(text: string): RefValue {
  return text.startsWith("ref: ") ? { kind: "symbolic", target: text.slice(5) } : { kind: "direct", oid: text };
}

/** The change that gives a ref the value of a journal's text; `null` deletes it. */
export function changeTo(text: string | null): Change {
  if (text === null) return { kind: "delete" };
  const value = parseValueText(text);
  return value.kind === "direct" ? { kind: "set", oid: value.oid } : { kind: "set-symbolic", target: value.target };
}

/** The expectation that a ref holds the value of a journal's text. A symbolic one is compared under the locks. */
export function expectationOf(text: string | null): Expectation {
  if (text === null) return { kind: "absent" };
  const value = parseValueText(text);
  return value.kind === "direct" ? { kind: "exactly", oid: value.oid } : { kind: "any" };
}
