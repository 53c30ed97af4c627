/**
 * `lattice lease exec <share> <file> -- <command>`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { EXIT_CODES } from "../exit_codes.ts";
import { openLeases, requestOf, waitOf } from "../lease.ts";
import { type Held, LeaseKeeper } from "../lease_keeper.ts";
import type { ParsedCommand } from "../parse.ts";
import { handSignalsOn, reportNotStarted } from "../program.ts";
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
    const keeper = new LeaseKeeper(context, store, lock, request.ttlMs!, askedMs);
    let held: Held | null = null;
    let lost: LatticeError | null;
    try {
      await keeper.confirm();
      if (signals.exitCode === null) {
        signals.program = system.start([...parsed.program], {
          cwd: system.host.workingDirectory,
          env: { ...definedVariables(system.env), LATTICE_FENCING_TOKEN: String(lock.fencingToken) },
          stdout: "inherit",
        });
        held = await keeper.holdWhile(signals.program);
      }
    } finally {
      lost = await keeper.giveBack(held?.lost === null ? held.ended : null);
    }
    if (held === null) return signals.exitCode!;
    const { ended } = held;
    if (ended.startErrno !== undefined) {
      reportNotStarted(context, parsed.program[0]!, ended.exitCode, ended.startErrno);
    }
    lost = held.lost ?? lost;
    if (lost === null) return signals.exitCode ?? ended.exitCode;
    log.error(lost);
    return EXIT_CODES.locked;
  } catch (error) {
    if (signals.exitCode !== null && error === wanted.signal.reason) return signals.exitCode;
    throw error;
  }
}
