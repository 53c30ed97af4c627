/**
 * When two locks exclude each other.
 *
 * @module
 */
import { EXCLUSIVE, type LockType, type PersistedLock, SHARED, type ShareReservation, UINT64_MAX } from "./lock.ts";

/** What of a lock decides about conflicts. */
export type Claim = Pick<
  PersistedLock,
  "shareName" | "fileId" | "ownerId" | "clientId" | "lockType" | "offset" | "length" | "shareReservation"
>;

/** The last byte of a range; a length of 0 reaches to the end. */
export function lastByte(offset: bigint, length: bigint): bigint {
  return length === 0n ? UINT64_MAX : offset + (length - 1n);
}

/** Whether two ranges have a byte in common. */
export function overlaps(
  a: { readonly offset: bigint; readonly length: bigint },
  b: { readonly offset: bigint; readonly length: bigint },
): boolean {
  return a.offset <= lastByte(b.offset, b.length) && b.offset <= lastByte(a.offset, a.length);
}

const DENIES_READING = 1;
const DENIES_WRITING = 2;

/** Whether a reservation keeps away who holds a lock of this type: a shared one reads, an exclusive one writes as well. */
export function denies(reservation: ShareReservation, type: LockType): boolean {
  if ((reservation & DENIES_READING) !== 0) return true;
  return (reservation & DENIES_WRITING) !== 0 && type === EXCLUSIVE;
}

/**
 * Whether two locks exclude each other: on the same file of the same share, not of the same owner, and either their
 * ranges overlap and not both are shared, or the reservation of one denies what the other does, wherever their ranges are.
 */
export function conflicts(a: Claim, b: Claim): boolean {
  if (a.shareName !== b.shareName || a.fileId !== b.fileId) return false;
  if (a.ownerId === b.ownerId && a.clientId === b.clientId) return false;
  if (denies(a.shareReservation, b.lockType) || denies(b.shareReservation, a.lockType)) return true;
  return !(a.lockType === SHARED && b.lockType === SHARED) && overlaps(a, b);
}
