/**
 * `lattice hook install [<name>…] [--force]`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import type { ParsedCommand } from "../parse.ts";
import { withoutChildHooks } from "../../engine/child_hooks.ts";
import { refuseInsideHook } from "../../engine/hooks.ts";
import type { Repository } from "../../git/repository.ts";
import { inspectHook, installHook } from "../../hooks/installation.ts";
import type { HookName } from "../../hooks/script.ts";
import { acquireRepoLock } from "../../locks/repo_lock.ts";
import { ownProgram } from "../../platform/process.ts";
import { NOTHING_KEPT } from "../../hooks/script.ts";

const DONE = { installed: "installed", updated: "updated", unchanged: "already installed" } as const;

/** Installs hooks, each one at once. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const { system, output, log } = context;
  refuseInsideHook(system.env);
  const repository = withoutChildHooks(await context.openRepository());
  const names = parsed.arguments.length === 0 ? ["pre-push"] : [...new Set(parsed.arguments)];
  warnOfOthers(context, repository);
  using _lock = await acquireRepoLock(system, {
    commonDir: repository.commonDir,
    command: "lattice hook install",
    timeoutMs: await context.lockTimeoutMs(),
  });
  for (const name of names as HookName[]) {
    const done = installHook(repository, name, ownProgram(), parsed.flag("force"));
    const { path, keptPath, kept } = inspectHook(repository, name);
    log.info(`${DONE[done]}: ${path}${kept === NOTHING_KEPT ? "" : `, which also runs ${keptPath}`}`);
  }
  if (output.json) output.value({});
  return EXIT_OK;
}

/** A folder of hooks that is set for the user or the machine is that of every repository. */
function warnOfOthers({ log }: CommandContext, { config }: Repository): void {
  const entry = config.entries.filter(({ key }) => key === "core.hookspath").at(-1);
  if (entry?.scope !== "global" && entry?.scope !== "system") return;
  log.warn(`core.hooksPath is set in ${entry.path}: the hooks there run in other repositories, too`);
}
