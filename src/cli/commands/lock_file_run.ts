/**
 * `lattice lock file run <path> -- <command>`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { lockObserver } from "../lock_observer.ts";
import type { ParsedCommand } from "../parse.ts";
import { runToEnd } from "../program.ts";
import { withoutPasswords } from "../store_url.ts";
import { FileLock, requireLockedPath } from "../../locks/file_lock.ts";
import { absolutePath } from "../../platform/paths.ts";
import { onSignal } from "../../platform/process.ts";

/** Runs a program while a file is locked by a PID lock file. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const { system } = context;
  const given = parsed.arguments[0]!;
  requireLockedPath(given); // an empty one would become that of the working folder
  const path = absolutePath(system, given);
  const lock = new FileLock(path, {
    backend: "pid",
    command: withoutPasswords(`lock file run -- ${parsed.program.join(" ")}`),
    timeoutMs: await context.lockTimeoutMs(),
    observer: lockObserver(context, `the lock of ${JSON.stringify(path)}`, parsed.flag("wait-message")),
  }, system);
  onSignal(() => {}); // from here on a signal ends us between steps only: a lock file that was just made is removed
  return await lock.using(() => runToEnd(context, parsed.program));
}
