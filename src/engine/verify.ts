/**
 * The second look, under the locks: every ref still holds what the journal says is replaced, symbolic refs still lead
 * the same way, no other ref is in the way of a new one.
 *
 * @module
 */
import type { EngineContext } from "./context.ts";
import { casFailed, headBranch, type Plan, type PlannedUpdate } from "./plan.ts";
import { conflictError } from "./ref_files.ts";
import { foldersOf, openRefView, type RefView } from "./ref_view.ts";
import { isMet, sameValue } from "./update.ts";

/** A ref moved between plan and lock, in a way that the caller allows: the transaction is planned anew. */
export class MovedRefError extends Error {
  override readonly name = "MovedRefError";
}

/**
 * Compares what the refs hold with the plan.
 *
 * @throws {LatticeError} `cas_failed`: an expectation is no longer met, or a ref is in the way of a new one.
 * @returns The view that it was compared with.
 * @throws {MovedRefError} A ref changed, but the expectation (*anything*) allows it.
 */
export function verifyUnderLocks(context: EngineContext, plan: Plan): RefView {
  const view = openRefView(context, plan.updates.map((update) => update.ref));
  for (const update of plan.updates) verifyUpdate(context, view, update);
  verifyHead(context, plan);
  refuseConflicts(view, plan.updates);
  return view;
}

/** `HEAD` may have come to name, or ceased to name, a branch of the plan; its reflog and its lock depend on it. */
function verifyHead(context: EngineContext, plan: Plan): void {
  const head = headBranch(context.repository.refs);
  if (head === plan.head) return;
  if (plan.updates.some(({ ref }) => ref === head || ref === plan.head)) throw new MovedRefError();
}

function verifyUpdate(context: EngineContext, view: RefView, update: PlannedUpdate): void {
  // The way through symbolic refs must be the one that was planned, for they are locked now.
  for (let i = 0; i < update.through.length; i++) {
    const value = view.read(update.through[i]!);
    const next = update.through[i + 1] ?? update.ref;
    if (value?.kind !== "symbolic" || value.target !== next) throw new MovedRefError();
  }
  const value = view.read(update.ref);
  if (sameValue(value, update.old)) return;
  const actual = value === null
    ? null
    : value.kind === "direct"
    ? value.oid
    : context.repository.refs.resolve(update.ref).oid;
  if (!isMet(update.request.expect, actual)) throw casFailed(update.request, actual);
  throw new MovedRefError();
}

/**
 * Refuses a new ref beside one that could not exist together with it: `a` and `a/b`.
 *
 * @throws {LatticeError} `cas_failed`.
 */
export function refuseConflicts(view: RefView, updates: readonly PlannedUpdate[]): void {
  refuseConflictsAmong(updates);
  for (const update of updates) {
    const other = isCreation(update) ? view.findConflict(update.ref) : null;
    if (other !== null) throw conflictError(update.ref, other);
  }
}

function isCreation({ changes, old }: PlannedUpdate): boolean {
  return changes && old === null;
}

/** Refuses a ref that is created as a folder of another one, or beside one that is. */
function refuseConflictsAmong(updates: readonly PlannedUpdate[]): void {
  const folders = foldersOf(updates.map(({ ref }) => ref), "");
  const updateOf = new Map(updates.filter(({ ref }) => folders.has(ref)).map((update) => [update.ref, update]));
  if (updateOf.size === 0) return;
  for (const update of updates) {
    const { ref } = update;
    for (let slash = ref.indexOf("/"); slash !== -1; slash = ref.indexOf("/", slash + 1)) {
      const above = updateOf.get(ref.slice(0, slash));
      if (above !== undefined && (isCreation(update) || isCreation(above))) throw conflictError(ref, above.ref);
    }
  }
}
