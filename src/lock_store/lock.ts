/**
 * Lock records: who holds which byte range of which file of which share, since when and for how long.
 *
 * Offsets, lengths, epochs and fencing tokens are unsigned 64-bit numbers, as `bigint`. A length of 0 reaches to the end.
 *
 * @module
 */
import { isWellFormed } from "../platform/text.ts";
import { InvalidLockError } from "./errors.ts";

/** The largest unsigned 64-bit number. */
export const UINT64_MAX = (1n << 64n) - 1n;

/** Names of shares, files, owners and clients are no longer than this, in characters. */
export const NAME_CHARACTERS_MAX = 1024;

/** 0: shared, others may hold shared locks as well. 1: exclusive. */
export type LockType = 0 | 1;

/** A shared lock. */
export const SHARED: LockType = 0;

/** An exclusive lock. */
export const EXCLUSIVE: LockType = 1;

/**
 * What a holder keeps others from, on the whole file: 0 nothing, 1 reading, 2 writing, 3 both. A shared lock reads, an
 * exclusive one reads and writes.
 */
export type ShareReservation = 0 | 1 | 2 | 3;

/** Who holds a lock. Two owners are one where both parts are the same. */
export interface LockOwner {
  /** Names the owner within its client. */
  readonly ownerId: string;
  /** The program, session or host that the owner belongs to. */
  readonly clientId: string;
}

/** A lock as a lock manager works with it in memory. */
export interface EnhancedLock {
  /** UUID in lower case. */
  readonly id: string;
  /** The file. */
  readonly fileId: string;
  /** Who holds it. */
  readonly owner: LockOwner;
  /** 0: shared, 1: exclusive. */
  readonly type: LockType;
  /** First byte. */
  readonly offset: bigint;
  /** Number of bytes; 0: to the end. */
  readonly length: bigint;
  /** What others are kept from. */
  readonly shareReservation: ShareReservation;
  /** When it was taken. */
  readonly acquiredAt: Date;
}

/** A lock as a store keeps it. */
export interface PersistedLock {
  /** UUID in lower case. */
  readonly id: string;
  /** The share: a name for a set of files. */
  readonly shareName: string;
  /** The file: any name within the share. */
  readonly fileId: string;
  /** Who holds it, within its client. */
  readonly ownerId: string;
  /** The program, session or host that the owner belongs to. */
  readonly clientId: string;
  /** 0: shared, 1: exclusive. */
  readonly lockType: LockType;
  /** First byte. */
  readonly offset: bigint;
  /** Number of bytes; 0: to the end. */
  readonly length: bigint;
  /** What others are kept from. */
  readonly shareReservation: ShareReservation;
  /** When it was taken, by the store's clock. */
  readonly acquiredAt: Date;
  /** The store's epoch when the lock was taken. */
  readonly serverEpoch: bigint;
  /** From then on the lock is as good as gone; `null`: it never expires. */
  readonly expiresAt: Date | null;
  /** Grows with every lock of the store: of two holders the later one has the higher token. */
  readonly fencingToken: bigint;
}

/**
 * A lock of a lock manager as a store keeps it.
 *
 * @param shareName The share that its file belongs to.
 * @param epoch The store's epoch.
 * @param terms When it expires, and its fencing token (0: the store gives it the next one).
 * @throws {InvalidLockError} A value is out of its range.
 *
 * @example
 * ```ts
 * import { type EnhancedLock, type LockStore, toPersistedLock } from "../mod.ts";
 *
 * async function persist(locks: LockStore, lock: EnhancedLock): Promise<void> {
 *   await locks.putLock(toPersistedLock(lock, "exports", await locks.getServerEpoch()));
 * }
 * ```
 */
export function toPersistedLock(
  lock: EnhancedLock,
  shareName: string,
  epoch: bigint,
  terms: { readonly expiresAt?: Date | null; readonly fencingToken?: bigint } = {},
): PersistedLock {
  return validLock({
    id: lock.id,
    shareName,
    fileId: lock.fileId,
    ownerId: lock.owner.ownerId,
    clientId: lock.owner.clientId,
    lockType: lock.type,
    offset: lock.offset,
    length: lock.length,
    shareReservation: lock.shareReservation,
    acquiredAt: lock.acquiredAt,
    serverEpoch: epoch,
    expiresAt: terms.expiresAt ?? null,
    fencingToken: terms.fencingToken ?? 0n,
  });
}

/**
 * A stored lock as a lock manager works with it.
 *
 * @example
 * ```ts
 * import { type EnhancedLock, fromPersistedLock, type LockStore } from "../mod.ts";
 *
 * async function reload(locks: LockStore, shareName: string): Promise<EnhancedLock[]> {
 *   return (await locks.listLocks({ shareName })).map(fromPersistedLock);
 * }
 * ```
 */
export function fromPersistedLock(lock: PersistedLock): EnhancedLock {
  return {
    id: lock.id,
    fileId: lock.fileId,
    owner: { ownerId: lock.ownerId, clientId: lock.clientId },
    type: lock.lockType,
    offset: lock.offset,
    length: lock.length,
    shareReservation: lock.shareReservation,
    acquiredAt: new Date(lock.acquiredAt),
  };
}

/** The same lock, of which nothing is shared with the one given. */
export function copyOf(lock: PersistedLock): PersistedLock {
  return {
    ...lock,
    acquiredAt: new Date(lock.acquiredAt),
    expiresAt: lock.expiresAt === null ? null : new Date(lock.expiresAt),
  };
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * A copy of a lock, all of whose values are sound.
 *
 * @throws {InvalidLockError} One is not; the field is named.
 */
export function validLock(lock: PersistedLock): PersistedLock {
  requireId(lock.id);
  for (const field of ["shareName", "fileId", "ownerId", "clientId"] as const) requireName(field, lock[field]);
  requireRange(lock.offset, lock.length);
  requireType(lock.lockType);
  requireReservation(lock.shareReservation);
  requireTime("acquiredAt", lock.acquiredAt);
  requireUint64("serverEpoch", lock.serverEpoch);
  if (lock.expiresAt !== null) requireTime("expiresAt", lock.expiresAt);
  requireUint64("fencingToken", lock.fencingToken);
  return copyOf(lock);
}

/** @throws {InvalidLockError} It is no UUID in lower case. */
export function requireId(id: string): void {
  if (typeof id !== "string" || !UUID.test(id)) throw new InvalidLockError("id", id, "a UUID in lower case");
}

/** @throws {InvalidLockError} It is empty, too long, or holds what no store takes. */
export function requireName(field: string, name: string): void {
  if (flawOfName(name, NAME_CHARACTERS_MAX) !== null) {
    throw new InvalidLockError(field, name, `a text of 1 to ${NAME_CHARACTERS_MAX} characters without NUL`);
  }
}

/**
 * Why no store takes a text as a name.
 *
 * @param lengthMax Its greatest length in UTF-16 units.
 * @returns How a sentence about the name ends; `null`: every store takes it.
 */
export function flawOfName(name: unknown, lengthMax: number): string | null {
  if (typeof name !== "string") return "is no string";
  if (name === "") return "is empty";
  if (name.length > lengthMax) return `is ${name.length} UTF-16 units long`;
  if (!isWellFormed(name)) return "is not well-formed";
  return name.includes("\0") ? "has a NUL in it" : null;
}

/** @throws {InvalidLockError} The range leaves the unsigned 64-bit numbers. */
export function requireRange(offset: bigint, length: bigint): void {
  requireUint64("offset", offset);
  requireUint64("length", length);
  if (length > 0n && offset + (length - 1n) > UINT64_MAX) {
    throw new InvalidLockError("length", length, "a range that ends within 64 bits; 0 reaches to the end");
  }
}

/** @throws {InvalidLockError} */
export function requireType(type: number): void {
  if (type !== SHARED && type !== EXCLUSIVE) {
    throw new InvalidLockError("lockType", type, "0 (shared) or 1 (exclusive)");
  }
}

/** @throws {InvalidLockError} */
export function requireReservation(reservation: number): void {
  if (![0, 1, 2, 3].includes(reservation)) {
    throw new InvalidLockError("shareReservation", reservation, "a number from 0 to 3");
  }
}

function requireUint64(field: string, value: bigint): void {
  if (typeof value !== "bigint" || value < 0n || value > UINT64_MAX) {
    throw new InvalidLockError(field, value, "an unsigned 64-bit number");
  }
}

/** Years that every store can hold. */
const TIME_MS_MAX = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

function requireTime(field: string, time: Date): void {
  const ms = time instanceof Date ? time.getTime() : NaN;
  if (!(ms >= 0 && ms <= TIME_MS_MAX)) throw new InvalidLockError(field, String(time), "a time from 1970 to 9999");
}
