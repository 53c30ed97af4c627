/**
 * `lattice cache path <name>`.
 *
 * @module
 */
import { cacheToRead, noEntry } from "../cache.ts";
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import type { ParsedCommand } from "../parse.ts";

/** Prints where a content lies. */
export function run(context: CommandContext, parsed: ParsedCommand): number {
  const { output } = context;
  const name = parsed.arguments[0]!;
  const cache = cacheToRead(context, parsed);
  const path = cache.path(name);
  if (path === undefined) throw noEntry(cache, name);
  if (output.json) output.value({ name, path });
  else output.line(path);
  return EXIT_OK;
}
