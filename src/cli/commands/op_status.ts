/**
 * `lattice op status`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { EXIT_CODES, EXIT_OK } from "../exit_codes.ts";
import { readOpState } from "../../engine/mod.ts";
import { BEGUN_REASON, concernsOthers } from "../../engine/paused.ts";
import { hasLatticeFolder, inspectRepoLock } from "../../locks/repo_lock.ts";

/** Says whether an operation is unfinished, and what to type. */
export async function run({ output, log, system, openRepository }: CommandContext): Promise<number> {
  const { commonDir } = await openRepository();
  hasLatticeFolder(system, commonDir); // what stands in its place is refused, not taken for an empty one
  const state = readOpState(system, commonDir);
  if (state === null) {
    if (output.json) output.value(null);
    else output.line("idle");
    return EXIT_OK;
  }
  if (output.json) {
    output.value(state === "unreadable" ? UNREADABLE : state);
  } else if (state === "unreadable") {
    output.line("unfinished: an operation whose marker a crash has damaged");
  } else {
    const reason = state.awaiting_reason === null ? "" : ` (${state.awaiting_reason})`;
    const phase = state.phase === "paused" ? "paused" : "unfinished";
    output.line(`${phase}: ${state.op_id} ${JSON.stringify(state.command)} since ${state.updated_at}${reason}`);
  }
  log.info(`hint: ${nextStep(state, inspectRepoLock(system, commonDir) !== undefined)}`);
  return EXIT_CODES.op_in_progress;
}

/** The marker's members where none of them can be read. */
const UNREADABLE = {
  op_id: null,
  command: null,
  phase: "in_progress",
  updated_at: null,
  origin_git_dir: null,
  origin_work_dir: null,
  plan_digest: null,
  touched_refs: [],
  awaiting_reason: "the marker is damaged",
};

function nextStep(state: ReturnType<typeof readOpState>, locked: boolean): string {
  if (state !== null && state !== "unreadable" && state.phase === "paused") {
    if (state.awaiting_reason === BEGUN_REASON) {
      return "type `lattice op commit` to end it, or `lattice abort` to take it back";
    }
    if (concernsOthers(state)) {
      return "type `lattice continue` to leave the refs as they are, or `lattice abort` to put back all that changed";
    }
    return "type `lattice continue` to go on, or `lattice abort` to take it back";
  }
  if (locked) return "it is still running; `lattice lock status` says who runs it";
  return "type `lattice recover`; every command that changes refs does so by itself";
}
