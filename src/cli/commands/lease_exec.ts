/**
 * `lattice lease exec <share> <file> -- <command>`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { EXIT_CODES } from "../exit_codes.ts";
import { reportFailure } from "../failure.ts";
import { leaseJson, openLeases, requestOf, waitOf } from "../lease.ts";
import { usesColor } from "../output.ts";
import type { ParsedCommand } from "../parse.ts";
import { handSignalsOn, reportNotStarted } from "../program.ts";
import { LockNotFoundError } from "../../lock_store/errors.ts";
import type { PersistedLock } from "../../lock_store/lock.ts";
import type { LockStore } from "../../lock_store/store.ts";
import { definedVariables } from "../../platform/environment.ts";
import { LatticeError } from "../../platform/errors.ts";
import type { RunningProgram } from "../../platform/system.ts";

/** For how long a lock is taken when nothing is said, in milliseconds: so long others wait when this process is killed. */
const TTL_MS_DEFAULT = 30_000;

/** A lock is renewed so many times before it would expire. */
const RENEWALS_PER_TTL = 3;

/** How long the program has to end after SIGTERM before it is killed, in milliseconds. */
const GRACE_MS = 5000;

/** Holds a lock while a program runs: renews it meanwhile, stops the program when it is lost, and gives it back. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const { system, log, streams } = context;
  const request = requestOf(parsed, TTL_MS_DEFAULT);
  await using store = await openLeases(context, parsed);
  // Before the lock is taken, so that no signal ends us between that and the program's end.
  const wanted = new AbortController();
  using signals = handSignalsOn(context, (signal) => {
    wanted.abort(new LatticeError("locked", `${signal} came while the lock was waited for`));
  });
  try {
    const lock = await store.acquire(request, { waitMs: waitOf(parsed), signal: wanted.signal });
    log.detail(`lock ${lock.id} taken, fencing token ${lock.fencingToken}`);
    try {
      if (signals.exitCode !== null) return signals.exitCode;
      signals.program = system.start([...parsed.program], {
        cwd: system.host.workingDirectory,
        env: { ...definedVariables(system.env), LATTICE_FENCING_TOKEN: String(lock.fencingToken) },
        stdout: "inherit",
      });
      const { ended, lost } = await holdWhileRunning(context, store, lock, request.ttlMs!, signals.program);
      if (ended.startErrno !== undefined) {
        reportNotStarted(context, parsed.program[0]!, ended.exitCode, ended.startErrno);
      }
      if (lost === null) return signals.exitCode ?? ended.exitCode;
      reportFailure(lost, streams, {
        json: context.global.json,
        color: usesColor(context.global.color, system, streams, 2),
        debug: false,
      });
      return EXIT_CODES.locked;
    } finally {
      await release(context, store, lock);
    }
  } catch (error) {
    if (signals.exitCode !== null && error === wanted.signal.reason) return signals.exitCode;
    throw error;
  }
}

/** Renews the lock until the program has ended. @returns How that ended, and why the lock was lost if it was. */
async function holdWhileRunning(
  { system, log }: CommandContext,
  store: LockStore,
  lock: PersistedLock,
  ttlMs: number,
  program: RunningProgram,
): Promise<{ ended: Awaited<RunningProgram["ended"]>; lost: LatticeError | null }> {
  let ended: Awaited<RunningProgram["ended"]> | null = null;
  const end = program.ended.then((result) => {
    ended = result;
  });
  // By our own clock: the lock may be gone when so much time has passed since the last renewal was asked for.
  let validUntilMs = system.clock.monotonicMs() + ttlMs;
  while (ended === null) {
    await Promise.race([end, system.clock.sleep(ttlMs / RENEWALS_PER_TTL)]);
    if (ended !== null) break;
    const askedMs = system.clock.monotonicMs();
    const asking = new AbortController();
    try {
      const renewal = store.renewLock(lock.id, ttlMs, { signal: asking.signal });
      const patienceMs = Math.max(0, validUntilMs - askedMs - ttlMs / RENEWALS_PER_TTL / 2);
      await Promise.race([renewal, end, noAnswer(system.clock, patienceMs)]);
      if (ended !== null) break;
      validUntilMs = askedMs + ttlMs;
      log.detail(`lock ${lock.id} renewed`);
    } catch (error) {
      if (!(error instanceof LatticeError)) throw error;
      log.detail(`lock ${lock.id} could not be renewed: ${error.message}`);
      const isGone = error instanceof LockNotFoundError;
      if (!isGone && system.clock.monotonicMs() < validUntilMs - ttlMs / RENEWALS_PER_TTL) continue; // there is time to try again
      await stop(program, end, system.clock);
      return { ended: await program.ended, lost: lostError(lock, error) };
    } finally {
      asking.abort(); // of a renewal that is still waited for: nobody waits for it any more
    }
  }
  return { ended: await program.ended, lost: null };
}

/** A store that does not answer, or that others keep busy, must not be waited for until the lock has expired. */
async function noAnswer(clock: CommandContext["system"]["clock"], ms: number): Promise<never> {
  await clock.sleep(ms);
  throw new LatticeError("locked", "the store did not renew it in time");
}

async function stop(
  program: RunningProgram,
  end: Promise<void>,
  clock: CommandContext["system"]["clock"],
): Promise<void> {
  program.stop("SIGTERM");
  let isOver = false;
  await Promise.race([end.then(() => isOver = true), clock.sleep(GRACE_MS)]);
  if (!isOver) program.stop("SIGKILL");
}

function lostError(lock: PersistedLock, cause: LatticeError): LatticeError {
  return new LatticeError("locked", `the lock ${lock.id} was lost, and the program was stopped: ${cause.message}`, {
    hint: "somebody else may hold it now; look at what the program has done, and begin anew",
    details: { ...leaseJson(lock), holder: null },
    cause,
  });
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
