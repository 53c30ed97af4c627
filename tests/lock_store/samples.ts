/**
 * Locks, and requests for them, as the tests of every lock store use them.
 *
 * @module
 */
import type { PersistedLock } from "../../src/lock_store/lock.ts";
import type { LockRequest, LockStore } from "../../src/lock_store/store.ts";

/** Declares a test that gets a fresh store. */
export type Check = (title: string, body: (store: LockStore) => Promise<void>) => void;

/** The id of {@link lockWith}. */
export const ID = "6f1f2f3e-1111-4222-8333-444455556666";

/** A lock that is sound. */
export function lockWith(change: Partial<PersistedLock> = {}): PersistedLock {
  return {
    id: ID,
    shareName: "share",
    fileId: "file",
    ownerId: "owner",
    clientId: "client",
    lockType: 1,
    offset: 0n,
    length: 0n,
    shareReservation: 0,
    acquiredAt: new Date("2026-01-02T03:04:05.678Z"),
    serverEpoch: 0n,
    expiresAt: null,
    fencingToken: 0n,
    ...change,
  };
}

/** A request for the exclusive lock of a whole file, unless something else is said. */
export function requestBy(ownerId: string, change: Partial<LockRequest> = {}): LockRequest {
  return { shareName: "share", fileId: "file", ownerId, clientId: "client", ...change };
}
