/**
 * What a store does with lock records within one transaction.
 *
 * @module
 */
import { conflicts } from "./conflict.ts";
import { FencingTokenRefusedError, InvalidLockError, LockConflictError, LockNotFoundError } from "./errors.ts";
import type { LockSession } from "./backend.ts";
import {
  copyOf,
  EXCLUSIVE,
  type PersistedLock,
  requireId,
  requireName,
  requireRange,
  requireReservation,
  requireType,
  UINT64_MAX,
  validLock,
} from "./lock.ts";
import type { LockQuery, LockRequest } from "./store.ts";

/** The longest time that a lock may be held, in milliseconds: a hundred years. */
export const TTL_MS_MAX = 100 * 365 * 24 * 60 * 60 * 1000;

/** Stores a record; see {@link LockOperations.putLock}. */
export async function put(session: LockSession, given: PersistedLock): Promise<PersistedLock> {
  const lock = await withToken(session, given);
  await session.put(lock);
  return copyOf(lock);
}

/** The record with a token of its own, if it has none yet. */
async function withToken(session: LockSession, given: PersistedLock): Promise<PersistedLock> {
  const lock = validLock(given);
  const last = await session.lastFencingToken();
  const fencingToken = lock.fencingToken === 0n ? nextToken(last) : lock.fencingToken;
  if (fencingToken > last) await session.setLastFencingToken(fencingToken);
  return { ...lock, fencingToken };
}

function nextToken(last: bigint): bigint {
  if (last === UINT64_MAX) throw new InvalidLockError("fencingToken", last, "a token that has a next one");
  return last + 1n;
}

/** Finds a record whose time is not up; see {@link LockOperations.getLock}. */
export async function get(session: LockSession, id: string): Promise<PersistedLock> {
  requireId(id);
  const lock = await session.get(id);
  if (lock === null || isExpired(lock, await session.now())) throw new LockNotFoundError(id);
  return copyOf(lock);
}

/** Removes a record; see {@link LockOperations.deleteLock}. */
export async function remove(session: LockSession, id: string): Promise<void> {
  const { id: found } = await get(session, id);
  await session.remove(found);
}

/** Lists records; see {@link LockOperations.listLocks}. */
export async function list(session: LockSession, query: LockQuery): Promise<PersistedLock[]> {
  for (const [field, value] of Object.entries(query) as [string, string | undefined][]) {
    if (value !== undefined) requireName(field, value);
  }
  const [now, found] = await Promise.all([session.now(), session.list(query)]);
  return found
    .filter((lock) => !isExpired(lock, now))
    .sort((a, b) => a.fencingToken < b.fencingToken ? -1 : a.fencingToken > b.fencingToken ? 1 : a.id < b.id ? -1 : 1)
    .map(copyOf);
}

/** Removes the records that match, and counts those whose time was not up. */
export async function removeMatching(session: LockSession, query: LockQuery): Promise<number> {
  for (const [field, value] of Object.entries(query) as [string, string][]) requireName(field, value);
  return await removeAll(session, await session.list(query));
}

/** Removes the records of earlier epochs; see {@link LockOperations.deleteStaleLocks}. */
export async function removeStale(session: LockSession): Promise<number> {
  const epoch = await session.epoch();
  return await removeAll(session, (await session.list({})).filter((lock) => lock.serverEpoch < epoch));
}

async function removeAll(session: LockSession, locks: readonly PersistedLock[]): Promise<number> {
  const now = await session.now();
  for (const { id } of locks) await session.remove(id);
  return locks.filter((lock) => !isExpired(lock, now)).length;
}

/** Begins the next epoch; see {@link LockOperations.incrementServerEpoch}. */
export async function nextEpoch(session: LockSession): Promise<bigint> {
  const epoch = await session.epoch() + 1n;
  await session.setEpoch(epoch);
  return epoch;
}

/** Lets a lock live on; see {@link LockOperations.renewLock}. */
export async function renew(session: LockSession, id: string, ttlMs: number | null): Promise<PersistedLock> {
  const lock = await get(session, id);
  const renewed = { ...lock, expiresAt: ttlMs === null ? null : expiry(await session.now(), ttlMs) };
  await session.put(renewed);
  return copyOf(renewed);
}

/** See {@link LockOperations.requireFencingToken}. */
export async function requireFencingToken(session: LockSession, id: string, fencingToken: bigint): Promise<void> {
  requireId(id);
  const lock = await session.get(id);
  const isHeld = lock !== null && lock.fencingToken === fencingToken && !isExpired(lock, await session.now());
  if (!isHeld) throw new FencingTokenRefusedError(id, fencingToken);
}

/**
 * Looks for conflicts and inserts the record.
 *
 * @param id That of the new record.
 * @param waitedMs What to report as waited, in milliseconds.
 * @throws {LockConflictError} Somebody is in the way.
 */
export async function take(
  session: LockSession,
  request: LockRequest,
  id: string,
  waitedMs: number,
): Promise<PersistedLock> {
  const wanted = completed(request);
  const [now, found] = await Promise.all([session.now(), session.rivals(wanted)]);
  const rivals = found.filter((lock) => !isExpired(lock, now) && conflicts(lock, wanted));
  if (rivals.length > 0) throw new LockConflictError(copyOf(lastToGo(rivals)), waitedMs);
  await session.removeExpired(wanted.shareName, wanted.fileId, now);
  const lock = await withToken(session, {
    ...wanted,
    id,
    acquiredAt: now,
    serverEpoch: await session.epoch(),
    expiresAt: request.ttlMs === undefined ? null : expiry(now, request.ttlMs),
    fencingToken: 0n,
  });
  await session.add(lock);
  return copyOf(lock);
}

/** A request with everything that was left out. @throws {InvalidLockError} */
export function completed(request: LockRequest): Required<Omit<LockRequest, "ttlMs">> {
  const { lockType = EXCLUSIVE, offset = 0n, length = 0n, shareReservation = 0, ttlMs } = request;
  for (const field of ["shareName", "fileId", "ownerId", "clientId"] as const) requireName(field, request[field]);
  requireRange(offset, length);
  requireType(lockType);
  requireReservation(shareReservation);
  if (ttlMs !== undefined) requireTtl(ttlMs);
  const { shareName, fileId, ownerId, clientId } = request;
  return { shareName, fileId, ownerId, clientId, lockType, offset, length, shareReservation };
}

function expiry(now: Date, ttlMs: number): Date {
  requireTtl(ttlMs);
  return new Date(now.getTime() + ttlMs);
}

function requireTtl(ttlMs: number): void {
  if (!(ttlMs > 0 && ttlMs <= TTL_MS_MAX)) {
    throw new InvalidLockError("ttl", ttlMs, "more than 0 ms and no more than a hundred years");
  }
}

/** Of those who are in the way, the one who goes last, as far as is known. */
function lastToGo(locks: readonly PersistedLock[]): PersistedLock {
  const end = (lock: PersistedLock) => lock.expiresAt?.getTime() ?? Infinity;
  return locks.reduce((last, lock) => end(lock) > end(last) ? lock : last);
}

/** Whether the time of a lock is up. */
export function isExpired(lock: PersistedLock, now: Date): boolean {
  return lock.expiresAt !== null && lock.expiresAt.getTime() <= now.getTime();
}
