/**
 * What the commands `lease …` have in common: where the records are, and how a record is shown.
 *
 * @module
 */
import type { CommandContext } from "./context.ts";
import { parseDuration, requireDuration } from "./duration.ts";
import type { ParsedCommand } from "./parse.ts";
import { shieldPasswords } from "./store_url.ts";
import { InvalidLockError } from "../lock_store/errors.ts";
import {
  EXCLUSIVE,
  type PersistedLock,
  requireId,
  requireName,
  requireRange,
  SHARED,
  type ShareReservation,
  UINT64_MAX,
} from "../lock_store/lock.ts";
import { openLockStore } from "../lock_store/open.ts";
import { TTL_MS_MAX } from "../lock_store/operations.ts";
import type { LockRequest, LockStore } from "../lock_store/store.ts";
import { LatticeError } from "../platform/errors.ts";
import { makeFolders } from "../state/json_files/folders.ts";

/**
 * Opens the store that `--store`, `LATTICE_LEASE_STORE` or `lease.store` names, else that of the user.
 *
 * @param readOnly Whether nothing will be written: then no folder is made for it.
 */
export async function openLeases(
  context: CommandContext,
  parsed: ParsedCommand,
  { readOnly = false }: { readonly readOnly?: boolean } = {},
): Promise<LockStore> {
  const { system } = context;
  const timeoutMs = await context.lockTimeoutMs();
  const { leaseAutoMigrate: autoMigrate } = await context.settings();
  const address = await addressOf(context, parsed, readOnly);
  shieldPasswords(address, system.env);
  return openLockStore(address, { system, timeoutMs, autoMigrate });
}

async function addressOf(
  { system, settings }: CommandContext,
  parsed: ParsedCommand,
  readOnly: boolean,
): Promise<string> {
  const given = parsed.value("store");
  if (given !== undefined) return given;
  const { LATTICE_LEASE_STORE } = system.env;
  if (LATTICE_LEASE_STORE !== undefined && LATTICE_LEASE_STORE !== "") return LATTICE_LEASE_STORE;
  const configured = (await settings()).leaseStore;
  if (configured !== undefined) return configured;
  const folder = userFolder(system.env);
  if (readOnly && system.disk.stat(folder) === null) return "memory:"; // as empty as the store that is not there
  if (!readOnly) makeFolders(system.disk, folder, []);
  return `sqlite:${folder}/leases.db`;
}

/** The XDG Base Directory Specification tells to ignore a relative path. */
function userFolder({ XDG_STATE_HOME, HOME }: Readonly<Record<string, string | undefined>>): string {
  if (XDG_STATE_HOME?.startsWith("/")) return `${XDG_STATE_HOME}/lattice`;
  if (HOME?.startsWith("/")) return `${HOME}/.local/state/lattice`;
  throw new LatticeError("usage", "there is no place for lock records: neither XDG_STATE_HOME nor HOME is set", {
    hint: "set HOME, or name a store: --store sqlite:<path>",
  });
}

/** The lock that a command line asks for. @throws {LatticeError} `usage` */
export function requestOf(parsed: ParsedCommand, ttlMsDefault?: number): LockRequest {
  const [shareName, fileId] = parsed.arguments as [string, string];
  checkName("<share>", shareName);
  checkName("<file>", fileId);
  const ttlMs = ttlOf(parsed, ttlMsDefault);
  return {
    shareName,
    fileId,
    ownerId: nameOf(parsed, "owner")!,
    clientId: nameOf(parsed, "client")!,
    lockType: parsed.flag("shared") ? SHARED : EXCLUSIVE,
    ...rangeOf(parsed),
    shareReservation: Number(parsed.value("share-reservation") ?? 0) as ShareReservation,
    ...(ttlMs === undefined ? {} : { ttlMs }),
  };
}

/**
 * For how long a lock is to be held, in milliseconds.
 *
 * @param ttlMsDefault When nothing is said; `undefined`: it never expires then.
 * @throws {LatticeError} `usage`
 */
export function ttlOf(parsed: ParsedCommand, ttlMsDefault?: number): number | undefined {
  const text = parsed.value("ttl");
  if (text === undefined) return ttlMsDefault;
  const ttlMs = parseDuration(text);
  if (ttlMs !== null && ttlMs > 0 && ttlMs <= TTL_MS_MAX) return ttlMs;
  const never = ttlMsDefault === undefined ? "; without --ttl the lock never expires" : "";
  throw new LatticeError("usage", `option --ttl is no time to hold a lock for: ${JSON.stringify(text)}`, {
    hint: `write a whole number and a unit (ms, s, m, h, d), such as 30s, up to ${TTL_DAYS_MAX}d${never}`,
  });
}

const TTL_DAYS_MAX = TTL_MS_MAX / 86_400_000;

/** How long to wait for the lock, in milliseconds. @throws {LatticeError} `usage` */
export function waitOf(parsed: ParsedCommand): number {
  const text = parsed.value("wait");
  return text === undefined ? 0 : requireDuration(text, "option --wait");
}

/** The id of a record. @throws {LatticeError} `usage` */
export function idOf(parsed: ParsedCommand): string {
  const id = parsed.arguments[0]!;
  checked("<id>", "lattice lease list shows the ids of the locks that are held", () => requireId(id));
  return id;
}

/** The name that an option gives; `undefined`: it is not given. @throws {LatticeError} `usage`: no record can have it. */
export function nameOf(parsed: ParsedCommand, option: string): string | undefined {
  const name = parsed.value(option);
  if (name !== undefined) checkName(`option --${option}`, name);
  return name;
}

function rangeOf(parsed: ParsedCommand): { offset: bigint; length: bigint } {
  const [offset, length] = [wholeNumber(parsed, "offset"), wholeNumber(parsed, "length")];
  checked("option --length", "leave --length out to reach to the end", () => requireRange(offset, length));
  return { offset, length };
}

function wholeNumber(parsed: ParsedCommand, option: string): bigint {
  const text = parsed.value(option) ?? "0";
  if (/^\d{1,20}$/.test(text) && BigInt(text) <= UINT64_MAX) return BigInt(text);
  throw new LatticeError("usage", `option --${option} is no unsigned 64-bit number: ${JSON.stringify(text)}`, {
    hint: `write decimal digits, from 0 to ${UINT64_MAX}`,
  });
}

/** @param place Where it stands on the command line. */
function checkName(place: string, name: string): void {
  checked(place, "give it any name by which it will be known again", () => requireName(place, name));
}

/** Has an error about a value say where that stands on the command line, and not which field of a record it is. */
function checked(place: string, hint: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof InvalidLockError)) throw error;
    throw new LatticeError("usage", `${place} is ${error.shown}, expected ${error.expected}`, { hint });
  }
}

/** What others are kept waiting by, so that it is told as an error whatever the command ends with. */
export function notGivenBack(lock: PersistedLock, cause: LatticeError): LatticeError {
  const until = lock.expiresAt === null ? "" : " until it expires";
  return new LatticeError(
    cause.code,
    `the lock ${lock.id} could not be given back, and is held${until}: ${cause.message}`,
    {
      hint: `once the store can be reached, release it there: lattice lease release ${lock.id}`,
      details: leaseJson(lock),
      cause,
    },
  );
}

/** A record as `--json` shows it. */
export function leaseJson(lock: PersistedLock): Record<string, unknown> {
  return {
    id: lock.id,
    share: lock.shareName,
    file: lock.fileId,
    owner: lock.ownerId,
    client: lock.clientId,
    lock_type: lock.lockType,
    offset: String(lock.offset),
    length: String(lock.length),
    share_reservation: lock.shareReservation,
    acquired_at: lock.acquiredAt.toISOString(),
    expires_at: lock.expiresAt?.toISOString() ?? null,
    server_epoch: String(lock.serverEpoch),
    fencing_token: String(lock.fencingToken),
  };
}

/** The columns of a list. */
export const LEASE_COLUMNS = ["id", "share", "file", "owner", "client", "type", "range", "expires", "token"] as const;

/** A record as a row of a list. */
export function leaseRow(lock: PersistedLock): string[] {
  const { offset, length } = lock;
  return [
    lock.id,
    lock.shareName,
    lock.fileId,
    lock.ownerId,
    lock.clientId,
    lock.lockType === SHARED ? "shared" : "exclusive",
    length === 0n ? `${offset}-` : `${offset}-${offset + (length - 1n)}`,
    lock.expiresAt?.toISOString() ?? "never",
    String(lock.fencingToken),
  ];
}
