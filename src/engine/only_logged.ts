/**
 * What changes no ref and is yet to stand in reflogs: a ref is set to what it holds, by the name of a symbolic ref, or
 * as the branch that `HEAD` names.
 *
 * Nothing has to be taken back, so this is no transaction and has no journal. The lines are appended under the locks of
 * their refs, which whoever rewrites a reflog holds.
 *
 * @module
 */
import { committerIdentity } from "../git/identity.ts";
import type { EngineContext } from "./context.ts";
import type { Plan } from "./plan.ts";
import { appendReflogLines, ReflogPolicy, refuseBlockedReflogs, refuseLinkedReflogs } from "./reflog_lines.ts";
import { doUpkeep } from "./upkeep.ts";

/**
 * Appends the reflog lines of a plan that changes nothing.
 *
 * @throws {LatticeError} `locked`; `cas_failed`: something stands where a reflog should; `unsupported`: a
 *   folder of reflogs is a symbolic link; `io`.
 */
export function writePlannedLogs(context: EngineContext, plan: Plan): void {
  const policy = new ReflogPolicy(context);
  const logs = plan.logs.map((log) => policy.lineOf(log)).filter((log) => log !== null);
  if (logs.length === 0) return;
  const identity = committerIdentity(context.system, context.repository.config);
  doUpkeep(context, plan.locked, (upkeep) => {
    for (const ref of plan.locked) upkeep.lockRef(ref);
    refuseLinkedReflogs(context, logs.map(({ ref }) => ref));
    refuseBlockedReflogs(context, logs);
    appendReflogLines(context, logs, identity, "fresh");
  });
}
