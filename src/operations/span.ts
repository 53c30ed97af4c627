/**
 * Operations of several transactions, as commands begin and end them: `op run`, `op begin`, `op checkpoint`.
 *
 * @module
 */
import { JOIN_VARIABLE } from "../engine/claim.ts";
import type { EngineContext } from "../engine/context.ts";
import { makeChildHooks } from "../engine/child_hooks.ts";
import { HOOK_VARIABLE } from "../engine/hooks.ts";
import { newOperationId } from "../engine/operation_id.ts";
import { spanFolder } from "../engine/paths.ts";
import type { OperationOrigin } from "../engine/records.ts";
import { beginSpan, openForTransaction } from "../engine/span.ts";
import { completeSpan, type SpanEnd, takeBackSpan } from "../engine/span_end.ts";
import type { Difference } from "../engine/snapshot.ts";
import type { RefOutcome } from "../engine/update.ts";
import type { Writer } from "../engine/writer.ts";
import { LOCK_TOKEN_VARIABLE } from "../locks/repo_lock.ts";
import { definedVariables } from "../platform/environment.ts";
import { LatticeError } from "../platform/errors.ts";

/** How a program ended, and what became of the refs. */
export interface RunEnd extends SpanEnd {
  readonly op: string;
  /** The program's exit code; 128 + n when a signal ended it. */
  readonly exitCode: number;
  /** Why it could not be started (`ENOENT`); absent where it was. */
  readonly startErrno?: string;
}

/**
 * Runs a program as one operation: what it changed is recorded when it succeeds, and taken back when it fails.
 *
 * @param program What is run.
 * @param shown How the journal and messages show that: without passwords.
 * @param name What the operation is called; without it, the program's command line.
 * @throws {LatticeError} `op_in_progress`: this runs inside of another operation, or inside `lock run`; as
 *   {@link beginSpan}.
 */
export function runProgram(
  writer: Writer,
  program: readonly string[],
  shown: readonly string[],
  name: string | undefined,
): RunEnd {
  const { context, lock, repository } = writer;
  const { system } = repository;
  refuseNested(writer, "op run");
  refuseEmptyName(name);
  const description = name ?? shown.join(" ");
  const { opId, token } = beginSpan(
    { ...context, command: `op run ${description}` },
    originOf(writer),
    "run",
    { arguments: shown, description },
  );
  const hooks = hooksOrNothing(context, opId);
  const { exitCode, startErrno } = system.run([...program], {
    cwd: system.host.workingDirectory,
    env: {
      ...definedVariables(system.env),
      ...hooks,
      [JOIN_VARIABLE]: `${opId}:${token}`,
      [LOCK_TOKEN_VARIABLE]: lock.token,
    },
    stdin: "inherit",
    stdout: "inherit",
    inherit: lock.file,
  });
  const end = exitCode === 0 ? completeSpan(context, opId) : takeBackSpan(context, opId);
  noteUnlessPaused(writer, opId, end);
  return { ...end, op: opId, exitCode, ...(startErrno === undefined ? {} : { startErrno }) };
}

/** Makes the hooks; where that fails, the operation ends before its program was started. */
function hooksOrNothing(context: EngineContext, opId: string): Record<string, string> {
  try {
    return makeChildHooks(context, spanFolder(context.repository.commonDir, opId));
  } catch (error) {
    takeBackSpan(context, opId);
    throw error;
  }
}

/**
 * Begins an operation that several processes are a part of; it is paused between them.
 *
 * @returns `<op id>:<token>`, for `LATTICE_OP`.
 * @throws {LatticeError} As {@link runProgram}.
 */
export function beginOperation(writer: Writer, name: string): string {
  refuseNested(writer, "op begin");
  refuseEmptyName(name);
  const { opId, token } = beginSpan(
    { ...writer.context, command: `op begin ${name}` },
    originOf(writer),
    "begun",
    null,
  );
  return `${opId}:${token}`;
}

/**
 * Takes back an operation that was begun just now, and that nobody has heard of.
 *
 * @returns `paused` as {@link takeBackSpan}.
 */
export function cancelOperation(writer: Writer, op: string): SpanEnd {
  const end = takeBackSpan(writer.context, op);
  noteUnlessPaused(writer, op, end);
  return end;
}

function noteUnlessPaused(writer: Writer, op: string, { outcome }: SpanEnd): void {
  if (outcome !== "paused") writer.noteEnd(op, outcome);
}

/**
 * Notes in the journal that a step is done.
 *
 * @throws {LatticeError} `not_found`: `LATTICE_OP` names no operation.
 */
export function addCheckpoint(writer: Writer, name: string): string {
  if (writer.joined === null) {
    throw new LatticeError("not_found", "there is no operation to make a checkpoint in", {
      hint: "export LATTICE_OP=$(lattice op begin <name>) begins one",
    });
  }
  const journal = openForTransaction(writer.context, writer.joined);
  try {
    const at = new Date(writer.repository.system.clock.nowMs()).toISOString();
    journal.append([{ type: "checkpoint", name, at }], "flush");
  } finally {
    journal.close();
  }
  return writer.joined;
}

/** What a new operation of several transactions is called, and what came before it. */
export function originOf({ repository, lock }: Writer): OperationOrigin {
  const previous = lock.notes.lastOperation;
  return { opId: newOperationId(repository.system, previous?.id ?? null), previous };
}

function refuseNested({ joined, lock, repository }: Writer, command: string): void {
  if (joined !== null || repository.system.env[HOOK_VARIABLE] !== undefined) {
    throw new LatticeError("op_in_progress", `${command} inside of operation ${joined} is a part of it already`, {
      hint: "run the program itself",
      details: { op: joined },
    });
  }
  if (lock.joined) {
    throw new LatticeError("op_in_progress", `${command} cannot begin inside of lock run`, {
      hint: "it takes the repository lock itself; leave lock run out",
    });
  }
}

/** What became of refs, as commands report it. */
export function outcomesOf(found: readonly Difference[]): RefOutcome[] {
  return found.map(({ ref, old, new: now }) => ({ ref, old, new: now }));
}

function refuseEmptyName(name: string | undefined): void {
  if (name === undefined || name.trim() !== "") return;
  throw new LatticeError("usage", "the name of an operation cannot be empty", {
    hint: "give it one by which you will know it in `lattice op list`",
  });
}
