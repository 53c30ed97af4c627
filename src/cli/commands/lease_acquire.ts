/**
 * `lattice lease acquire <share> <file>`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import { leaseJson, notGivenBack, openLeases, requestOf, waitOf } from "../lease.ts";
import type { ParsedCommand } from "../parse.ts";
import { LockNotFoundError } from "../../lock_store/errors.ts";
import type { PersistedLock } from "../../lock_store/lock.ts";
import type { LockStore } from "../../lock_store/store.ts";
import { LatticeError } from "../../platform/errors.ts";

/** Takes a lock, and prints its id and its fencing token. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const request = requestOf(parsed);
  const waitMs = waitOf(parsed);
  await using store = await openLeases(context, parsed);
  const lock = await store.acquire(request, { waitMs });
  try {
    if (context.output.json) context.output.value(leaseJson(lock));
    else context.output.line(`${lock.id} ${lock.fencingToken}`);
  } catch (error) {
    await giveBack(context, store, lock);
    throw error;
  }
  return EXIT_OK;
}

/** Nobody has learned the lock's id: without it nobody could release the lock. */
async function giveBack({ log }: CommandContext, store: LockStore, lock: PersistedLock): Promise<void> {
  try {
    await store.deleteLock(lock.id);
  } catch (error) {
    if (!(error instanceof LatticeError)) throw error;
    if (error instanceof LockNotFoundError) return; // its time is up
    log.error(notGivenBack(lock, error));
  }
}
