/**
 * `lattice op run [--name <n>] -- <command>`.
 *
 * @module
 */
import { openChange } from "../change.ts";
import type { CommandContext } from "../context.ts";
import type { ParsedCommand } from "../parse.ts";
import { reportNotStarted } from "../program.ts";
import { withoutPasswords } from "../store_url.ts";
import { LatticeError } from "../../platform/errors.ts";
import { type RunEnd, runProgram } from "../../operations/span.ts";
import type { Difference } from "../../engine/snapshot.ts";

/** Runs a program as one operation. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  using writer = await openChange(context, parsed);
  const end = runProgram(writer, parsed.program, parsed.program.map(withoutPasswords), parsed.value("name"));
  if (end.startErrno !== undefined) reportNotStarted(context, parsed.program[0]!, end.exitCode, end.startErrno);
  report(context, end);
  if (context.output.json) {
    const updates = end.outcome === "committed" ? end.own : [];
    context.output.value({ op: end.op, updates: updates.map(({ ref, old, new: now }) => ({ ref, old, new: now })) });
  }
  await context.system.clock.sleep(0); // lets a signal that came meanwhile be heard
  return end.exitCode;
}

/** What became of the refs, for people; the answer on standard output is the program's own. */
function report({ log }: CommandContext, { op, outcome, own, others, reason, exitCode }: RunEnd): void {
  switch (outcome) {
    case "committed":
      if (own.length > 0) log.info(`operation ${op}: ${count(own)} changed; \`lattice undo ${op}\` takes it back`);
      for (const { ref } of others) log.warn(`${ref} changed meanwhile, not by this operation; undo leaves it alone`);
      return;
    case "rolled_back":
      if (own.length === 0) return;
      log.warn(
        `the program ended with ${exitCode}: ${count(own)} put back to what ${
          own.length === 1 ? "it was" : "they were"
        }`,
      );
      log.warn("the index and the work tree are as the program left them; `git status` shows them");
      return;
    case "paused":
      // An error whatever the program's end was: until somebody decides, no other command changes anything.
      log.error(
        new LatticeError("op_in_progress", `operation ${op} is paused: ${reason}`, {
          hint: others.length === 0
            ? "when git is done, type `lattice continue` to go on, or `lattice abort` to take it back"
            : "type `lattice continue` to leave them as they are, or `lattice abort` to put them back as well",
          details: { op, reason },
        }),
      );
      for (const { ref, old, new: now } of others) log.warn(`${ref}: was ${old ?? "nothing"}, is ${now ?? "nothing"}`);
  }
}

function count(changes: readonly Difference[]): string {
  return changes.length === 1 ? `1 ref (${changes[0]!.ref})` : `${changes.length} refs`;
}
