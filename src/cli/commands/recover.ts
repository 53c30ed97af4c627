/**
 * `lattice recover`.
 *
 * @module
 */
import { openChange } from "../change.ts";
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import type { ParsedCommand } from "../parse.ts";
import type { RecoveredOperation } from "../../engine/mod.ts";
import { LatticeError } from "../../platform/errors.ts";

/** Finishes or takes back what a crash left. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const { output } = context;
  using writer = await openChange(context, parsed, { evenIfPaused: true });
  const { recovered } = writer;
  if (output.json) output.value({ recovered: recovered.map(({ op, outcome }) => ({ op, outcome })) });
  else output.lines(recovered.map(({ op, outcome }) => `${op} ${outcome}`));
  const diverged = recovered.find((operation) => operation.diverged.length > 0);
  if (diverged !== undefined) throw divergedError(diverged);
  return EXIT_OK;
}

function divergedError({ op, diverged }: RecoveredOperation): LatticeError {
  const names = diverged.map(({ ref, old, new: ours, actual }) =>
    `${JSON.stringify(ref)} (was ${old ?? "nothing"}, ours ${ours ?? "nothing"}, now ${actual ?? "nothing"})`
  );
  return new LatticeError("diverged", `operation ${op} cannot be finished, somebody else moved ${names.join(", ")}`, {
    hint: "nothing was changed: `lattice continue` keeps what others did, `lattice abort` takes ours back",
    details: { op, refs: diverged },
  });
}
