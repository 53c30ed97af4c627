/**
 * `lattice cache status [<name>]`.
 *
 * @module
 */
import { cacheToRead, entryJson, noEntry } from "../cache.ts";
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import type { ParsedCommand } from "../parse.ts";
import type { EntryStatus } from "../../cache/cache.ts";

/** Lists the entries, or shows one. */
export function run(context: CommandContext, parsed: ParsedCommand): number {
  const { output } = context;
  const cache = cacheToRead(context, parsed);
  const name = parsed.arguments[0];
  if (name === undefined) {
    const listed = cache.list();
    if (output.json) output.value(listed.map(statusJson));
    else output.lines(listed.map(describe));
    return EXIT_OK;
  }
  const status = cache.status(name);
  if (status === undefined) throw noEntry(cache, name);
  if (output.json) output.value(statusJson(status));
  else output.line(describe(status));
  return EXIT_OK;
}

function statusJson({ name, entry, damage }: EntryStatus) {
  const unknown = { fetched_at: null, ttl_ms: null, size: null, stale: null, digest: null, path: null };
  return { ...(entry === null ? { name, ...unknown } : entryJson(entry)), damage };
}

/** An entry on one line: when it was fetched, whether it is fresh and for how long, its size, its name. */
function describe({ name, entry, damage }: EntryStatus): string {
  if (entry === null) return `${name}  damaged: ${damage}`;
  const { fetchedAt, ttlMs, size, stale } = entry;
  const kept = ttlMs === null ? "for ever" : `for ${ttlMs} ms`;
  return `${name}  ${stale ? "stale" : "fresh"} ${kept}  fetched ${fetchedAt}  ${size} bytes`;
}
