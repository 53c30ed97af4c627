/**
 * `lattice op list`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import { describeSummary } from "../operation_line.ts";
import type { ParsedCommand } from "../parse.ts";
import { operations } from "../../engine/history.ts";
import { hasLatticeFolder } from "../../locks/repo_lock.ts";

/** Prints the operations, newest first. */
export async function run({ output, system, openRepository }: CommandContext, parsed: ParsedCommand): Promise<number> {
  const { commonDir } = await openRepository();
  hasLatticeFolder(system, commonDir); // what stands in its place is refused, not taken for an empty one
  const limit = Number(parsed.value("limit") ?? Infinity);
  const listed = [...operations(system, commonDir).take(limit)]; // journals behind the last one are not read
  if (output.json) output.value(listed);
  else output.lines(listed.map(describeSummary));
  return EXIT_OK;
}
