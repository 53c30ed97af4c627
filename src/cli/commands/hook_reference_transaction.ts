/**
 * `lattice hook reference-transaction <state>`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import { readInput } from "../input.ts";
import type { ParsedCommand } from "../parse.ts";
import type { EngineContext } from "../../engine/context.ts";
import { callingCommand, forgetAborted, journalCommitted, notePrepared } from "../../engine/git_observer.ts";
import { HOOK_VARIABLE } from "../../engine/hooks.ts";

/** Journals what plain git does to refs. Never stops git: what fails is told. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const { system, log } = context;
  const [state] = parsed.arguments;
  const step = STEPS.get(state!);
  const isOurs = (system.env[HOOK_VARIABLE] ?? "") !== ""; // our own transactions have their journal
  if (step === undefined || isOurs) return EXIT_OK;
  try {
    const input = readInput(context, undefined);
    const repository = await context.openRepository();
    step({
      system: repository.system,
      repository,
      command: callingCommand(system),
      arguments: [],
      gitLockTimeoutMs: undefined,
      log: log.detail,
    }, input);
  } catch (error) {
    log.warn(
      `what git does here is not in lattice's journal: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  return EXIT_OK;
}

/** What is done in which state; in the others there is nothing to do. */
const STEPS: ReadonlyMap<string, (context: EngineContext, input: Uint8Array) => unknown> = new Map([
  ["prepared", notePrepared],
  ["committed", journalCommitted],
  ["aborted", forgetAborted],
]);
