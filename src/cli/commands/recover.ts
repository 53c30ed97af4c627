/**
 * `lattice recover`.
 *
 * @module
 */
import { openChange } from "../change.ts";
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import type { ParsedCommand } from "../parse.ts";
import { divergedError } from "../../engine/paused.ts";

/** Finishes or takes back what a crash left. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const { output } = context;
  using writer = await openChange(context, parsed, { evenIfPaused: true });
  const { recovered } = writer;
  if (output.json) output.value({ recovered: recovered.map(({ op, outcome }) => ({ op, outcome })) });
  else output.lines(recovered.map(({ op, outcome }) => `${op} ${outcome}`));
  const diverged = recovered.find((operation) => operation.diverged.length > 0);
  if (diverged !== undefined) throw divergedError(diverged.op, diverged.diverged);
  return EXIT_OK;
}
