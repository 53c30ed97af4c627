/**
 * `lattice lease renew <id>`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import { idOf, leaseJson, openLeases, ttlOf } from "../lease.ts";
import type { ParsedCommand } from "../parse.ts";

/** Lets a lock live on, from now on, and prints until when. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const id = idOf(parsed);
  const ttlMs = ttlOf(parsed) ?? null;
  await using store = await openLeases(context, parsed);
  const lock = await store.renewLock(id, ttlMs);
  if (context.output.json) context.output.value(leaseJson(lock));
  else context.output.line(lock.expiresAt?.toISOString() ?? "never");
  return EXIT_OK;
}
