/**
 * What others did to refs, as it stands in a journal, so that it can be undone: a program below `op run`, steps of a
 * person, plain git.
 *
 * @module
 */
import { isDamage } from "../platform/errors.ts";
import type { Oid } from "../git/object_format.ts";
import type { Repository } from "../git/repository.ts";
import { storeBytes, type UpdateRecord, type UpdatesRecord } from "./journal_format.ts";
import { parseValueText } from "./update.ts";

/** A replaced document is kept in the journal up to this size, in bytes; a larger blob by a keep ref. */
const DOCUMENT_BYTES_MAX = 1024 * 1024;

/** What became of one ref. A replaced blob is a document: nothing but its ref leads to it, so the journal keeps it. */
export function observedUpdate(
  { objects }: Repository,
  ref: string,
  old: string | null,
  next: string | null,
): UpdateRecord {
  const oid = oidOf(old);
  const object = oid === null ? null : unlessDamaged(() => objects.readUpTo(oid, DOCUMENT_BYTES_MAX));
  if (object === null || object.type !== "blob" || !("content" in object)) return { ref, old, new: next };
  return { ref, old, new: next, document: true, old_content: storeBytes(object.content) };
}

/** The record of it. @param transaction Its number in the operation. */
export function observedRecord(transaction: number, updates: readonly UpdateRecord[]): UpdatesRecord {
  return { type: "updates", transaction, path: "observed", updates, locked: [], logs: [], identity: "" };
}

/** The objects that were replaced and that no journal keeps. */
export function replacedOids(updates: readonly UpdateRecord[]): Oid[] {
  return updates.flatMap(({ old, document }) => document === true ? [] : oidOf(old) ?? []);
}

/** What is damaged cannot be kept, and must not keep an operation from its end. */
export function unlessDamaged<T>(look: () => T): T | null {
  try {
    return look();
  } catch (error) {
    if (isDamage(error)) return null;
    throw error;
  }
}

function oidOf(text: string | null): Oid | null {
  const value = text === null ? null : parseValueText(text);
  return value?.kind === "direct" ? value.oid : null;
}
