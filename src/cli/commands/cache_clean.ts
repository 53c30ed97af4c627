/**
 * `lattice cache clean`.
 *
 * @module
 */
import { cacheToChange } from "../cache.ts";
import type { CommandContext } from "../context.ts";
import { requireDuration } from "../duration.ts";
import { EXIT_OK } from "../exit_codes.ts";
import type { ParsedCommand } from "../parse.ts";

/** Removes entries. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const { output, log } = context;
  const olderThan = parsed.value("older-than");
  const options = olderThan === undefined ? {} : { olderThanMs: requireDuration(olderThan, "--older-than") };
  const cache = await cacheToChange(context, parsed);
  const { removed, busy } = cache.clean(options);
  log.info(`${removed.length} ${removed.length === 1 ? "entry" : "entries"} removed`);
  for (const name of removed) log.detail(`removed ${name}`);
  for (const name of busy) log.info(`${name} is being refreshed, and was left alone`);
  if (output.json) output.value({});
  return EXIT_OK;
}
