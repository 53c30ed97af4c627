/**
 * The pointer of a cache entry: the small file `current` that says which content is the present one. Described in
 * `docs/formats.md`.
 *
 * @module
 */
import type { System } from "../platform/system.ts";
import { decodeUtf8, toHex } from "../platform/text.ts";

/** What a pointer says. */
export interface Pointer {
  /** Tells this write from every other one, also where the content is the same. */
  readonly id: string;
  /** SHA-256 of the content, in lower-case hexadecimal digits: the name of its file. */
  readonly digest: string;
  /** Size of the content in bytes. */
  readonly size: number;
  /** When the content was complete, in milliseconds since 1970. */
  readonly fetchedAtMs: number;
  /** For how long the content is fresh, in milliseconds; `null`: for ever. */
  readonly ttlMs: number | null;
}

/** More than this is no pointer of ours, in bytes. */
export const POINTER_BYTES_MAX = 4096;

const DIGEST = /^[0-9a-f]{64}$/;
const ID = /^[0-9a-f]{16}$/;

/** Whether a name of a file is that of a content. */
export function isDigest(name: string): boolean {
  return DIGEST.test(name);
}

/** A new id. */
export function newPointerId(system: System): string {
  return toHex(system.randomBytes(8));
}

/** The text as it is written. */
export function renderPointer(name: string, { id, digest, size, fetchedAtMs, ttlMs }: Pointer): string {
  const fetchedAt = new Date(fetchedAtMs).toISOString();
  return `${JSON.stringify({ name, id, digest, size, fetched_at: fetchedAt, ttl_ms: ttlMs })}\n`;
}

/** What the bytes of a pointer say; `null`: they are cut off, of another entry, or something else altogether. */
export function parsePointer(name: string, bytes: Uint8Array): Pointer | null {
  const text = decodeUtf8(bytes);
  if (text === null) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null; // cut off, or something else: the entry counts as damaged
  }
  if (typeof value !== "object" || value === null) return null;
  const { name: owner, id, digest, size, fetched_at, ttl_ms } = value as Record<string, unknown>;
  // The name: on a file system that takes Name and name for the same, they are two entries nevertheless.
  if (owner !== name || typeof id !== "string" || !ID.test(id)) return null;
  if (typeof digest !== "string" || !isDigest(digest) || !isCount(size)) return null;
  if (typeof fetched_at !== "string" || !(ttl_ms === null || isCount(ttl_ms))) return null;
  const fetchedAtMs = Date.parse(fetched_at);
  if (Number.isNaN(fetchedAtMs) || new Date(fetchedAtMs).toISOString() !== fetched_at) return null;
  return { id, digest, size, fetchedAtMs, ttlMs: ttl_ms };
}

/**
 * Whether content is too old. What was fetched in the future was fetched before the clock was set back: how old it is,
 * nobody knows, so it is old.
 *
 * @param ttlMs For how long content is fresh; `null` or `Infinity`: for ever.
 */
export function isStale(fetchedAtMs: number, ttlMs: number | null, nowMs: number): boolean {
  if (ttlMs === null || ttlMs === Infinity) return false;
  return nowMs < fetchedAtMs || nowMs - fetchedAtMs >= ttlMs;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
