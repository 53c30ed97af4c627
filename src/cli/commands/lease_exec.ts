/**
 * `lattice lease exec <share> <file> -- <command>`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { EXIT_CODES } from "../exit_codes.ts";
import { openLeases, requestOf, waitOf } from "../lease.ts";
import { LeaseKeeper } from "../lease_keeper.ts";
import type { ParsedCommand } from "../parse.ts";
import { handSignalsOn, reportNotStarted } from "../program.ts";
import { LockNotFoundError } from "../../lock_store/errors.ts";
import type { PersistedLock } from "../../lock_store/lock.ts";
import type { LockStore } from "../../lock_store/store.ts";
import { definedVariables } from "../../platform/environment.ts";
import { LatticeError } from "../../platform/errors.ts";

/** For how long a lock is taken when nothing is said, in milliseconds: so long others wait when this process is killed. */
const TTL_MS_DEFAULT = 30_000;

/** Holds a lock while a program runs: renews it meanwhile, stops the program when it is lost, and gives it back. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const { system, log } = context;
  const request = requestOf(parsed, TTL_MS_DEFAULT);
  await using store = await openLeases(context, parsed);
  // Before the lock is taken, so that no signal ends us between that and the program's end.
  const wanted = new AbortController();
  using signals = handSignalsOn(context, (signal) => {
    wanted.abort(new LatticeError("locked", `${signal} came while the lock was waited for`));
  });
  try {
    let askedMs = system.clock.monotonicMs();
    const onTry = () => {
      askedMs = system.clock.monotonicMs();
    };
    const lock = await store.acquire(request, { waitMs: waitOf(parsed), signal: wanted.signal, onTry });
    log.detail(`lock ${lock.id} taken, fencing token ${lock.fencingToken}`);
    try {
      const keeper = new LeaseKeeper(context, store, lock, request.ttlMs!, askedMs);
      await keeper.confirm();
      if (signals.exitCode !== null) return signals.exitCode;
      signals.program = system.start([...parsed.program], {
        cwd: system.host.workingDirectory,
        env: { ...definedVariables(system.env), LATTICE_FENCING_TOKEN: String(lock.fencingToken) },
        stdout: "inherit",
      });
      const { ended, lost } = await keeper.holdWhile(signals.program);
      if (ended.startErrno !== undefined) {
        reportNotStarted(context, parsed.program[0]!, ended.exitCode, ended.startErrno);
      }
      if (lost === null) return signals.exitCode ?? ended.exitCode;
      log.error(lost);
      return EXIT_CODES.locked;
    } finally {
      await release(context, store, lock);
    }
  } catch (error) {
    if (signals.exitCode !== null && error === wanted.signal.reason) return signals.exitCode;
    throw error;
  }
}

/** Gives the lock back; that it has expired meanwhile is fine. How the program ended counts, also where this fails. */
async function release({ log }: CommandContext, store: LockStore, { id }: PersistedLock): Promise<void> {
  try {
    await store.deleteLock(id);
  } catch (error) {
    if (!(error instanceof LatticeError)) throw error;
    if (error instanceof LockNotFoundError) return;
    log.warn(`the lock ${id} could not be given back, and is held until it expires: ${error.message}`);
  }
}
