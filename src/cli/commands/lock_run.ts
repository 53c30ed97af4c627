/**
 * `lattice lock run -- <command>`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { REPOSITORY_LOCK, sayWaiting } from "../lock_observer.ts";
import type { ParsedCommand } from "../parse.ts";
import { runToEnd } from "../program.ts";
import { withoutPasswords } from "../store_url.ts";
import { refuseInsideHook } from "../../engine/hooks.ts";
import { acquireRepoLock, LOCK_TOKEN_VARIABLE } from "../../locks/repo_lock.ts";
import { definedVariables } from "../../platform/environment.ts";
import { onSignal } from "../../platform/process.ts";

/** Runs a program while the repository lock is held. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const { system, log } = context;
  refuseInsideHook(system.env);
  const repository = await context.openRepository();
  onSignal(() => {}); // from here on a signal ends us between steps only, and while the program runs it is handed on
  using lock = await acquireRepoLock(system, {
    commonDir: repository.commonDir,
    command: withoutPasswords(`lock run -- ${parsed.program.join(" ")}`),
    timeoutMs: await context.lockTimeoutMs(),
    onContention: (holder) => sayWaiting(context, REPOSITORY_LOCK, holder, parsed.flag("wait-message")),
  });
  log.detail(`repository lock taken (${lock.backend}) after ${Math.round(lock.waitedMs)} ms`);
  // Inside another `lock run` the ancestor's lock is enough; ours would keep our own child waiting.
  if (lock.joined) lock.release();
  return await runToEnd(context, parsed.program, {
    ...definedVariables(system.env),
    [LOCK_TOKEN_VARIABLE]: lock.token,
  });
}
