/**
 * `lattice cache put <name> --file <path|->`.
 *
 * @module
 */
import { cacheToChange, ttlOption } from "../cache.ts";
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import { readInput, standardInput } from "../input.ts";
import type { ParsedCommand } from "../parse.ts";
import { chunksOf } from "../../cache/reading.ts";
import { absolutePath } from "../../platform/paths.ts";

/** Stores a content. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const { output, log } = context;
  const file = parsed.value("file")!;
  const cache = await cacheToChange(context, parsed);
  const stored = await cache.put(parsed.arguments[0]!, partsOf(context, file), ttlOption(parsed));
  log.detail(`${stored.size} bytes stored`);
  if (output.json) output.value({});
  return EXIT_OK;
}

/** The content, of which no more than a part is held, unless it comes through a named pipe. */
function* partsOf(context: CommandContext, file: string): Generator<Uint8Array> {
  const { system, streams } = context;
  if (file === "-") return yield* standardInput(streams);
  const path = absolutePath(system, file);
  using opened = system.disk.stat(path)?.kind === "file" ? system.disk.openRead(path) : null;
  if (opened === null) yield readInput(context, file);
  else yield* chunksOf(opened);
}
