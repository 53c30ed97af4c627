/**
 * `lattice hook uninstall`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import { withoutChildHooks } from "../../engine/child_hooks.ts";
import { refuseInsideHook } from "../../engine/hooks.ts";
import { uninstallHooks } from "../../hooks/installation.ts";
import { NOTHING_KEPT } from "../../hooks/script.ts";
import { acquireRepoLock } from "../../locks/repo_lock.ts";

/** Takes all hooks of lattice's away. */
export async function run(context: CommandContext): Promise<number> {
  const { system, output, log } = context;
  refuseInsideHook(system.env);
  const repository = withoutChildHooks(await context.openRepository());
  using _lock = await acquireRepoLock(system, {
    commonDir: repository.commonDir,
    command: "lattice hook uninstall",
    timeoutMs: await context.lockTimeoutMs(),
  });
  const removed = uninstallHooks(repository);
  for (const { path, kept } of removed) {
    log.info(`${kept === NOTHING_KEPT ? "removed" : "put back what was there before"}: ${path}`);
  }
  if (removed.length === 0) log.info("no hook of lattice's is installed");
  if (output.json) output.value({});
  return EXIT_OK;
}
