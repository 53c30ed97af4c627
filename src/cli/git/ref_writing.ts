/**
 * The one way in which plumbing changes refs: through the engine's transactions, under the repository lock.
 *
 * @module
 */
import type { PreparedTransaction, RefUpdate, TransactionRequest, Writer } from "../../engine/mod.ts";
import { onSignal } from "../../platform/process.ts";
import type { GitContext } from "./context.ts";

/** How long another lattice command may keep the repository, in milliseconds, unless the command line says so. */
const REPO_LOCK_TIMEOUT_MS = 10_000;

/** Refs that are locked and verified, and wait for one of the two. */
export interface PreparedRefs {
  /** Makes the changes. */
  commit(): void;
  /** Takes everything back. */
  abort(): void;
}

/**
 * Changes refs, all or none.
 *
 * @param command Name of the plumbing command, for the journal.
 * @param message Text for the reflogs.
 * @throws {LatticeError} As the engine's `transact`.
 */
export async function writeRefs(
  context: GitContext,
  command: string,
  updates: readonly RefUpdate[],
  message: string,
): Promise<void> {
  if (updates.length === 0) return;
  using writer = await openPlumbingWriter(context, command);
  await writer.patiently(() => writer.transact(requestOf(updates, message)));
}

/**
 * Locks and verifies refs; the repository lock is held until the result is used.
 *
 * @throws {LatticeError} As the engine's `prepare`; nothing is held then.
 */
export async function prepareRefs(
  context: GitContext,
  command: string,
  updates: readonly RefUpdate[],
  message: string,
): Promise<PreparedRefs> {
  if (updates.length === 0) return { commit() {}, abort() {} };
  const writer = await openPlumbingWriter(context, command);
  let prepared: PreparedTransaction | null;
  try {
    prepared = await writer.patiently(() => writer.prepare(requestOf(updates, message)));
  } catch (error) {
    writer.close();
    throw error;
  }
  const unheard = onSignal(() => prepared?.abort()); // the locks are held while the caller waits for its input
  const end = (step: () => unknown) => {
    unheard();
    try {
      step();
    } finally {
      writer.close();
    }
  };
  return {
    commit: () => end(() => prepared?.commit()),
    abort: () => end(() => prepared?.abort()),
  };
}

/**
 * Takes the repository lock and recovers what a crash left.
 *
 * @param command Name of the plumbing command, for those who wait.
 * @throws {LatticeError} As the engine's `openWriter`.
 */
export async function openPlumbingWriter(context: GitContext, command: string): Promise<Writer> {
  const { openWriter } = await import("../../engine/mod.ts");
  const { lockTimeoutMs } = context;
  onSignal(() => {}); // from here on a signal ends us between steps only
  return await openWriter(context.repository(), {
    command: `git ${command}`,
    arguments: [],
    lockTimeoutMs: lockTimeoutMs ?? REPO_LOCK_TIMEOUT_MS,
    ...(lockTimeoutMs === undefined ? {} : { gitLockTimeoutMs: lockTimeoutMs }),
  });
}

function requestOf(updates: readonly RefUpdate[], message: string): TransactionRequest {
  return { updates, objects: [], message, purpose: "plumbing" };
}
