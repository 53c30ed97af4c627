/**
 * `lattice lock status`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { EXIT_CODES, EXIT_OK } from "../exit_codes.ts";
import { publicHolder } from "../../locks/file_lock_errors.ts";
import { describeHolder } from "../../locks/holder.ts";
import { repoLockBackend } from "../../locks/repo_lock_backend.ts";
import { inspectRepoLock } from "../../locks/repo_lock.ts";

/** Says who holds the repository lock. */
export async function run({ output, system, openRepository, settings }: CommandContext): Promise<number> {
  const { commonDir } = await openRepository();
  await settings(); // what is wrong with the config is said before anything is looked at
  const backend = await repoLockBackend(system, commonDir);
  const holder = inspectRepoLock(system, commonDir);
  const held = holder !== undefined;
  if (output.json) {
    output.value({ held, holder: publicHolder(holder ?? null), backend });
  } else if (!held) {
    output.line("free");
  } else if (holder === null) {
    output.line("held by a process that cannot be told");
  } else {
    output.line(`held by ${describeHolder(holder)}`);
  }
  return held ? EXIT_CODES.locked : EXIT_OK;
}
