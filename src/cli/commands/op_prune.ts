/**
 * `lattice op prune`.
 *
 * @module
 */
import { openChange } from "../change.ts";
import type { CommandContext } from "../context.ts";
import { requireDuration } from "../duration.ts";
import { EXIT_OK } from "../exit_codes.ts";
import { describeSummary } from "../operation_line.ts";
import type { ParsedCommand } from "../parse.ts";
import { pruneJournals, pruneKeepRefs, type PruneRule } from "../../operations/prune.ts";

/** So many of the newest operations are kept when nothing is said. */
const KEEP_DEFAULT = 1000;

/** For so long operations are kept when nothing is said, in milliseconds (90 days). */
const KEEP_FOR_MS_DEFAULT = 90 * 86_400_000;

/** Removes old operations. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const { output, log } = context;
  const rule = await ruleOf(context, parsed);
  using writer = await openChange(context, parsed, { evenIfPaused: true });
  const { operations, plumbing } = pruneJournals(writer, rule);
  if (!output.json) output.lines(operations.map(describeSummary)); // at once: they are gone, whatever comes next
  const { deleted, waiting } = await pruneKeepRefs(writer, operations);
  if (output.json) output.value({ op: null, updates: deleted, pruned: operations.map(({ op_id }) => op_id) });
  log.info(`removed ${counted(operations.length, "operation")} and ${counted(deleted.length, "keep ref")}`);
  log.detail(`removed ${counted(plumbing, "journal")} of plumbing`);
  if (waiting > 0) {
    log.info(`${counted(waiting, "keep ref")} stayed: an operation is unfinished; prune again when it is over`);
  }
  return EXIT_OK;
}

/** What is typed replaces what is configured as a whole: `--keep 10` is not to keep all of the last 90 days as well. */
async function ruleOf(context: CommandContext, parsed: ParsedCommand): Promise<PruneRule> {
  const keep = parsed.value("keep");
  const olderThan = parsed.value("older-than");
  if (keep !== undefined || olderThan !== undefined) {
    return {
      keep: Number(keep ?? 0),
      keepForMs: olderThan === undefined ? 0 : requireDuration(olderThan, "option --older-than"),
    };
  }
  const { opsKeep, opsKeepForMs } = await context.settings();
  return { keep: opsKeep ?? KEEP_DEFAULT, keepForMs: opsKeepForMs ?? KEEP_FOR_MS_DEFAULT };
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
