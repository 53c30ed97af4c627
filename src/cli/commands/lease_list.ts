/**
 * `lattice lease list`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { escapeText } from "../escape.ts";
import { EXIT_OK } from "../exit_codes.ts";
import { LEASE_COLUMNS, leaseJson, leaseRow, nameOf, openLeases } from "../lease.ts";
import type { ParsedCommand } from "../parse.ts";
import { tableLines } from "../table.ts";

/** Prints the lock records that match: as a table on a terminal, else one line a record, its fields behind tabs. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const { output, streams } = context;
  const given = Object.entries({
    shareName: nameOf(parsed, "share"),
    fileId: nameOf(parsed, "file"),
    ownerId: nameOf(parsed, "owner"),
    clientId: nameOf(parsed, "client"),
  }).filter(([, value]) => value !== undefined);
  await using store = await openLeases(context, parsed, { readOnly: true });
  const locks = await store.listLocks(Object.fromEntries(given));
  if (output.json) output.value(locks.map(leaseJson));
  else if (streams.isTerminal(1)) output.lines(tableLines(LEASE_COLUMNS, locks.map(leaseRow)));
  else output.text(locks.map((lock) => `${leaseRow(lock).map(escapeText).join("\t")}\n`).join(""));
  return EXIT_OK;
}
