/**
 * `lattice lease epoch`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import { openLeases } from "../lease.ts";
import type { ParsedCommand } from "../parse.ts";
import { LatticeError } from "../../platform/errors.ts";

/** Prints the epoch, after beginning the next one where that is wanted. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const { output, log } = context;
  const [bump, dropStale] = [parsed.flag("bump"), parsed.flag("drop-stale")];
  if (dropStale && !bump) {
    throw new LatticeError("usage", "--drop-stale goes with --bump: records are stale when a new epoch begins", {
      hint: "lattice lease epoch --bump --drop-stale does both",
    });
  }
  await using store = await openLeases(context, parsed, { readOnly: !bump });
  const { epoch, dropped } = await store.transaction(async (inside) => ({
    epoch: bump ? await inside.incrementServerEpoch() : await inside.getServerEpoch(),
    dropped: dropStale ? await inside.deleteStaleLocks() : null,
  }), { readOnly: !bump });
  if (output.json) output.value({ epoch: String(epoch), dropped });
  else output.line(String(epoch));
  if (dropped !== null && !output.json) {
    log.info(`${dropped} record${dropped === 1 ? "" : "s"} of earlier epochs dropped`);
  }
  return EXIT_OK;
}
