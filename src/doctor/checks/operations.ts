/**
 * Operations that did not end: the marker, and journals without an end.
 *
 * While a living process holds the repository lock, what looks unfinished is its work.
 *
 * @module
 */
import { journaledOperations } from "../../engine/history.ts";
import { readOpState } from "../../engine/mod.ts";
import { operationTimeMs } from "../../engine/operation_id.ts";
import { opStatePath } from "../../engine/paths.ts";
import { LatticeError } from "../../platform/errors.ts";
import { type Check, type Examination, shownPath } from "../examination.ts";
import { type Finding, findingId, plural, quote } from "../finding.ts";
import { lookAt, moveAside } from "../seen_file.ts";
import { readableJournals } from "../journal_scan.ts";

/** `op prune` keeps so many operations at least. */
const KEPT_MIN = 1000;

/** `op prune` keeps operations that are younger, in milliseconds (90 days). */
const KEPT_MS = 90 * 24 * 60 * 60 * 1000;

/** So many that `op prune` would take are worth a word. */
const PRUNABLE_MIN = 1000;

/** Reads the marker and how each operation ended. */
export const OPERATIONS: Check = {
  name: "operations",
  kinds: {
    "operation.unfinished": "a command died in the middle of an operation",
    "operation.paused": "an operation waits for `lattice continue` or `lattice abort`",
    "operation.marker": "the marker of the unfinished operation is torn, too large, or no file",
    "operation.many": "thousands of old operations are kept, which `lattice op prune` would take",
  },
  *examine(examination) {
    const marked = yield* judgeMarker(examination);
    yield* judgeJournals(examination, marked);
  },
};

/** @returns The operation that the marker names. */
function* judgeMarker(examination: Examination): Generator<Finding, string | null> {
  const { system, repository, busy } = examination;
  const path = opStatePath(repository.commonDir);
  let state;
  try {
    state = readOpState(system, repository.commonDir);
  } catch (error) {
    if (!(error instanceof LatticeError) || error.code === "internal") throw error;
    yield strangeMarker(examination, path, error);
    return null;
  }
  if (state === null) return null;
  if (state === "unreadable") {
    if (!busy) yield tornMarker(examination, path);
    return null;
  }
  const what = `operation ${state.op_id} (${quote(state.command)}), since ${state.updated_at}`;
  if (state.phase === "paused") {
    yield {
      id: findingId("operation.paused", state.op_id),
      severity: "warning",
      subject: state.op_id,
      evidence: `${what} is paused${
        state.awaiting_reason === null ? "" : ` (${state.awaiting_reason})`
      }; \`lattice continue\` goes on with it, \`lattice abort\` takes it back`,
      fix: null,
    };
  } else if (!busy) {
    yield unfinished(state.op_id, `${what} did not end, and nobody holds the repository lock`, false);
  }
  return state.op_id;
}

function strangeMarker(examination: Examination, path: string, error: LatticeError): Finding {
  const { system, repository } = examination;
  const seen = lookAt(system.disk, path);
  const subject = shownPath(examination, path);
  return {
    id: findingId("operation.marker", subject),
    severity: "error",
    subject,
    evidence: error.message,
    fix: seen === null ? null : {
      preview: `move ${quote(subject)} to lattice/aside/; the journals tell what was going on`,
      repair: {
        kind: "files",
        run: (lock) => {
          moveAside(system, repository.commonDir, seen);
          lock.writeNotes({ ...lock.notes, sweptBootId: null }); // the next command looks through the journals
        },
      },
    },
  };
}

function tornMarker(examination: Examination, path: string): Finding {
  const subject = shownPath(examination, path);
  return {
    id: findingId("operation.marker", subject),
    severity: "warning",
    subject,
    evidence: `${quote(subject)} cannot be read, as after a power cut`,
    fix: {
      preview: "look through the journals, bring what did not end to its end, and remove the marker",
      repair: { kind: "recovery", anew: false },
    },
  };
}

function unfinished(op: string, evidence: string, anew: boolean): Finding {
  return {
    id: findingId("operation.unfinished", op),
    severity: "error",
    subject: op,
    evidence,
    fix: {
      preview: `bring operation ${op} to its end, or take it back, as every command that changes refs does first`,
      repair: { kind: "recovery", anew },
    },
  };
}

function* judgeJournals(examination: Examination, marked: string | null): Generator<Finding> {
  const { system, repository, busy, nowMs } = examination;
  if (!readableJournals(examination).all) return; // the checks of journals tell which; only whole histories count
  let count = 0;
  let prunable = 0;
  for (const { op_id, phase, command, started_at } of journaledOperations(system, repository.commonDir)) {
    if (++count > KEPT_MIN && operationTimeMs(op_id) < nowMs - KEPT_MS) prunable++;
    if (phase !== "in_progress" || op_id === marked || busy) continue;
    yield unfinished(op_id, `operation ${op_id} (${quote(command)}), begun ${started_at}, has no end`, true);
  }
  if (prunable < PRUNABLE_MIN) return;
  yield {
    id: findingId("operation.many"),
    severity: "note",
    subject: "lattice/ops",
    evidence: `${plural(count, "operation")} are kept, ${prunable} of them old; \`lattice op prune\` takes those`,
    fix: null,
  };
}
