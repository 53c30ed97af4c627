/**
 * `lattice lease migrate`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import { openLeases } from "../lease.ts";
import type { ParsedCommand } from "../parse.ts";

/** Brings the tables of a store to the present version, or takes them away. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const { output } = context;
  await using store = await openLeases(context, parsed);
  const [dryRun, down] = [parsed.flag("dry-run"), parsed.flag("down")];
  const { from, to, statements } = await store.migrate(down ? "down" : "up", { dryRun });
  if (output.json) output.value({ from, to, dry_run: dryRun, statements });
  else {
    output.line(from === to ? `schema version ${from}, nothing to do` : `schema version ${from} → ${to}`);
    if (dryRun) output.lines(statements);
  }
  return EXIT_OK;
}
