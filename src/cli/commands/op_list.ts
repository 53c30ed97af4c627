/**
 * `lattice op list`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import type { ParsedCommand } from "../parse.ts";
import { operations, type OperationSummary } from "../../engine/history.ts";
import { hasLatticeFolder } from "../../locks/repo_lock.ts";

/** Prints the operations, newest first. */
export async function run({ output, system, openRepository }: CommandContext, parsed: ParsedCommand): Promise<number> {
  const { commonDir } = await openRepository();
  hasLatticeFolder(system, commonDir); // what stands in its place is refused, not taken for an empty one
  const limit = Number(parsed.value("limit") ?? Infinity);
  const listed = [...operations(system, commonDir).take(limit)]; // journals behind the last one are not read
  if (output.json) output.value(listed);
  else output.lines(listed.map(describe));
  return EXIT_OK;
}

function describe({ op_id, started_at, phase, command, undone_by, undoes }: OperationSummary): string {
  const notes = [undone_by === null ? "" : ` (undone by ${undone_by})`, undoes === null ? "" : ` (undoes ${undoes})`];
  return `${op_id}  ${started_at}  ${phase.padEnd(11)}  ${command}${notes.join("")}`;
}
