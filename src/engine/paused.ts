/**
 * What a person is told of an operation that waits for them.
 *
 * @module
 */
import type { System } from "../platform/system.ts";
import { LatticeError } from "../platform/errors.ts";
import { readJournal } from "./journal.ts";
import type { DivergedRef } from "./journal_format.ts";
import type { OpState } from "./op_state.ts";

/** What the person can do who began it, or whom it keeps waiting. */
const BEGUN_HINT = "`lattice op commit` ends it, `lattice abort` takes it back; a command belongs to it with " +
  "LATTICE_OP=<what `lattice op begin` printed> in its environment";

/** Why an operation that was begun waits. */
export const BEGUN_REASON = "begun";

/** Beside a program that failed, refs changed that nobody can tell to be its own. */
const OTHERS_HINT =
  "see `lattice op status`; then `lattice continue` leaves the refs as they are, `lattice abort` puts " +
  "back all that changed since, by others too, which can be undone";

/** Whether refs are in question that an operation of several transactions cannot tell to be its own. */
export function concernsOthers({ plan_digest: digest, touched_refs: refs }: OpState): boolean {
  return digest !== null && refs.length > 0;
}

const HINT = "see `lattice op status`; then `lattice continue` keeps what others did, `lattice abort` takes ours back";

/** The error for an operation that recovery could not finish, with both sides of every ref that others moved. */
export function divergedError(opId: string, refs: readonly DivergedRef[]): LatticeError {
  const moved = refs.filter(({ old, new: ours, actual }) => actual !== ours && actual !== old).map((one) =>
    `${JSON.stringify(one.ref)} (was ${one.old ?? "nothing"}, ours ${one.new ?? "nothing"}, now ${
      one.actual ?? "nothing"
    })`
  );
  const reason = moved.length > 0
    ? `somebody else moved ${moved.join(", ")}`
    : "something is in the way, or our locks are gone";
  return new LatticeError("diverged", `operation ${opId} cannot be finished: ${reason}`, {
    hint: HINT,
    details: { op: opId, refs: refs.map(({ ref, old, new: ours, actual }) => ({ ref, old, new: ours, actual })) },
  });
}

/** The error for a command that would change refs while an operation is paused. */
export function pausedError(system: System, commonDir: string, state: OpState): LatticeError {
  const begin = readJournal(system, commonDir, state.op_id)?.[0];
  const starter = begin?.type === "begin" ? { pid: begin.pid, host: begin.host, since: begin.started_at } : null;
  const by = starter === null ? "" : `, started ${starter.since} by pid ${starter.pid} on ${starter.host}`;
  return new LatticeError(
    "op_in_progress",
    `operation ${state.op_id} (${state.command}${by}) is paused since ${state.updated_at}`,
    {
      hint: state.awaiting_reason === BEGUN_REASON ? BEGUN_HINT : concernsOthers(state) ? OTHERS_HINT : HINT,
      details: {
        op: state.op_id,
        command: state.command,
        started_by: starter,
        since: state.updated_at,
        reason: state.awaiting_reason,
      },
    },
  );
}
