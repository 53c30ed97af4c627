/**
 * `lattice cache get <name>`.
 *
 * @module
 */
import { cacheToRead, entryJson, noEntry } from "../cache.ts";
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import type { ParsedCommand } from "../parse.ts";
import type { Cache, CacheEntry, OpenedContent } from "../../cache/cache.ts";
import { chunksOf } from "../../cache/reading.ts";
import { LatticeError } from "../../platform/errors.ts";
import { decodeUtf8, toBase64 } from "../../platform/text.ts";

/** Up to here the content is read at once, which is faster; what is larger is never held whole. In bytes. */
const HELD_BYTES_MAX = 4 * 1024 * 1024;

/** More is not put into JSON, in bytes. */
const JSON_BYTES_MAX = 64 * 1024 * 1024;

/** Prints a content. */
export function run(context: CommandContext, parsed: ParsedCommand): number {
  const { output } = context;
  const name = parsed.arguments[0]!;
  const cache = cacheToRead(context, parsed);
  const size = cache.status(name)?.entry?.size;
  if (size === undefined) throw noEntry(cache, name);
  if (output.json && size > JSON_BYTES_MAX) throw tooLarge(name, size);
  if (!output.json && size > HELD_BYTES_MAX) printParts(context, cache, parsed);
  else printWhole(context, cache, parsed);
  return EXIT_OK;
}

function printWhole({ output }: CommandContext, cache: Cache, parsed: ParsedCommand): void {
  const found = wanted(cache, parsed, cache.get(parsed.arguments[0]!));
  if (!output.json) return output.bytes(found.content);
  const text = decodeUtf8(found.content);
  output.value({
    ...entryJson(found),
    encoding: text === null ? "base64" : "utf-8",
    content: text ?? toBase64(found.content),
  });
}

function printParts({ output }: CommandContext, cache: Cache, parsed: ParsedCommand): void {
  const opened: OpenedContent = wanted(cache, parsed, cache.open(parsed.arguments[0]!));
  try {
    for (const part of chunksOf(opened.file)) output.bytes(part);
  } finally {
    opened.file.close();
  }
}

/** What was asked for. @throws {LatticeError} `not_found` */
function wanted<Found extends CacheEntry>(cache: Cache, parsed: ParsedCommand, found: Found | undefined): Found {
  if (found === undefined) throw noEntry(cache, parsed.arguments[0]!);
  if (!parsed.flag("fresh") || !found.stale) return found;
  const { name, fetchedAt, ttlMs, path } = found;
  throw new LatticeError("not_found", `the cache entry ${JSON.stringify(name)} is stale: fetched ${fetchedAt}`, {
    hint: `fetch it with lattice cache refresh ${name} -- <command>, or leave out --fresh`,
    details: { name, path, fetched_at: fetchedAt, ttl_ms: ttlMs, stale: true },
  });
}

function tooLarge(name: string, size: number): LatticeError {
  return new LatticeError(
    "unsupported",
    `the cache entry ${JSON.stringify(name)} is too large for JSON: ${size} bytes`,
    {
      hint: `read the file that lattice cache path ${name} names`,
      details: { name, size, bytes_max: JSON_BYTES_MAX },
    },
  );
}
