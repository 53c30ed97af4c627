/**
 * What the commands `lease …` have in common: where the records are, and how a record is shown.
 *
 * @module
 */
import type { CommandContext } from "./context.ts";
import { requireDuration } from "./duration.ts";
import type { ParsedCommand } from "./parse.ts";
import { shieldPasswords } from "./store_url.ts";
import { EXCLUSIVE, type PersistedLock, SHARED, type ShareReservation } from "../lock_store/lock.ts";
import { openLockStore } from "../lock_store/open.ts";
import type { LockRequest, LockStore } from "../lock_store/store.ts";
import { LatticeError } from "../platform/errors.ts";
import { makeFolders } from "../state/json_files/folders.ts";

/** Opens the store that `--store`, `LATTICE_LEASE_STORE` or `lease.store` names, else that of the user. */
export async function openLeases(context: CommandContext, parsed: ParsedCommand): Promise<LockStore> {
  const { system } = context;
  const timeoutMs = await context.lockTimeoutMs();
  const { leaseAutoMigrate: autoMigrate } = await context.settings();
  const address = await addressOf(context, parsed);
  shieldPasswords(address, system.env);
  return openLockStore(address, { system, timeoutMs, autoMigrate });
}

async function addressOf({ system, settings }: CommandContext, parsed: ParsedCommand): Promise<string> {
  const given = parsed.value("store");
  if (given !== undefined) return given;
  const { LATTICE_LEASE_STORE } = system.env;
  if (LATTICE_LEASE_STORE !== undefined && LATTICE_LEASE_STORE !== "") return LATTICE_LEASE_STORE;
  const configured = (await settings()).leaseStore;
  if (configured !== undefined) return configured;
  const folder = userFolder(system.env);
  makeFolders(system.disk, folder, []);
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
  const ttlMs = ttlOf(parsed) ?? ttlMsDefault;
  return {
    shareName,
    fileId,
    ownerId: parsed.value("owner")!,
    clientId: parsed.value("client")!,
    lockType: parsed.flag("shared") ? SHARED : EXCLUSIVE,
    offset: wholeNumber(parsed, "offset"),
    length: wholeNumber(parsed, "length"),
    shareReservation: Number(parsed.value("share-reservation") ?? 0) as ShareReservation,
    ...(ttlMs === undefined ? {} : { ttlMs }),
  };
}

/** For how long a lock is to be held, in milliseconds; `undefined`: nothing is said. @throws {LatticeError} `usage` */
export function ttlOf(parsed: ParsedCommand): number | undefined {
  const text = parsed.value("ttl");
  if (text === undefined) return undefined;
  const ttlMs = requireDuration(text, "option --ttl");
  if (ttlMs > 0 && ttlMs !== Infinity) return ttlMs;
  throw new LatticeError("usage", `option --ttl is ${text}, which is no time to hold a lock for`, {
    hint: "name a time such as 30s; without --ttl the lock never expires",
  });
}

/** How long to wait for the lock, in milliseconds. @throws {LatticeError} `usage` */
export function waitOf(parsed: ParsedCommand): number {
  const text = parsed.value("wait");
  return text === undefined ? 0 : requireDuration(text, "option --wait");
}

function wholeNumber(parsed: ParsedCommand, option: string): bigint {
  const text = parsed.value(option) ?? "0";
  if (/^\d{1,20}$/.test(text)) return BigInt(text);
  throw new LatticeError("usage", `option --${option} is no unsigned 64-bit number: ${JSON.stringify(text)}`);
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
