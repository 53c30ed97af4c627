/**
 * `lattice lease acquire <share> <file>`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import { leaseJson, openLeases, requestOf, waitOf } from "../lease.ts";
import type { ParsedCommand } from "../parse.ts";

/** Takes a lock, and prints its id and its fencing token. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const request = requestOf(parsed);
  const waitMs = waitOf(parsed);
  await using store = await openLeases(context, parsed);
  const lock = await store.acquire(request, { waitMs });
  if (context.output.json) context.output.value(leaseJson(lock));
  else context.output.line(`${lock.id} ${lock.fencingToken}`);
  return EXIT_OK;
}
