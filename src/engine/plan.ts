/**
 * From what a caller asks to what a transaction will do: symbolic refs are followed, expectations are compared with
 * what the refs hold now, what would change nothing is told apart, and the reflog lines are worked out.
 *
 * Nothing is locked or written here. The same look is repeated under the locks (see `verify.ts`).
 *
 * @module
 */
import { isDamage, LatticeError } from "../platform/errors.ts";
import { compareNames, sortByName } from "../platform/text.ts";
import type { Oid } from "../git/object_format.ts";
import { checkNameLength, NAME_PART_BYTES_MAX, refScope, requireRefName } from "../git/refs/names.ts";
import type { RefStore, RefValue } from "../git/refs/store.ts";
import type { EngineContext } from "./context.ts";
import { ownName } from "./files_refs.ts";
import { FOLDERS_OF_OWN_REFS } from "./paths.ts";
import { openRefView, type RefView } from "./ref_view.ts";
import { isMet, type RefUpdate, sameValue, type TransactionRequest, valueText } from "./update.ts";

/** How many symbolic refs git follows before it gives up. */
const SYMBOLIC_DEPTH_MAX = 5;

/** A ref that a transaction touches. */
export interface PlannedUpdate {
  /** The ref that is written: the end of the chain when symbolic refs are followed. */
  readonly ref: string;
  readonly old: RefValue | null;
  readonly new: RefValue | null;
  /** The object names that `old` and `new` lead to; they differ from them for symbolic values only. */
  readonly oldOid: Oid | null;
  readonly newOid: Oid | null;
  /** Whether the ref changes, or is only looked at. */
  readonly changes: boolean;
  /** Symbolic refs that were followed to get here, first the one that was named. */
  readonly through: readonly string[];
  /** What was asked. */
  readonly request: RefUpdate;
}

/** A candidate for a reflog line; whether it is written depends on what reflogs there are. */
export interface PlannedLog {
  readonly ref: string;
  readonly old: Oid;
  readonly new: Oid;
  readonly message: string;
  readonly create: boolean;
}

/** What a transaction will do. */
export interface Plan {
  /** Sorted by ref. */
  readonly updates: readonly PlannedUpdate[];
  /** Refs that are locked though they do not change: symbolic refs on the way, and `HEAD`. Sorted. */
  readonly locked: readonly string[];
  readonly logs: readonly PlannedLog[];
  /** The branch that `HEAD` names, or `null`. */
  readonly head: string | null;
  /** The refs of the moment that was planned with. */
  readonly view: RefView;
}

/**
 * Plans a transaction from what the refs hold now.
 *
 * @throws {LatticeError} `cas_failed`: an expectation is not met (`details`: `ref`, `expected`, `actual`); `usage`: a
 *   name is malformed or named twice; `invalid_data`: a ref cannot be read.
 */
export function planTransaction(context: EngineContext, request: TransactionRequest): Plan {
  const refs = context.repository.refs;
  const view = openRefView(context, request.updates.map((update) => update.name));
  const updates = request.updates.map((update) => planUpdate(context, view, update, request));
  sortByName(updates, (update) => update.ref);
  refuseRepetition(updates);
  const head = headBranch(refs);
  const logged = updates.filter((update) => update.changes || isOnlyLogged(update, head, request));
  return {
    updates,
    locked: lockedRefs(updates, logged, head),
    logs: planLogs(context, logged, head, request.message),
    head,
    view,
  };
}

function planUpdate(
  context: EngineContext,
  view: RefView,
  update: RefUpdate,
  request: TransactionRequest,
): PlannedUpdate {
  requireRefName(update.name);
  refuseOtherPlaces(update.name);
  if (update.change.kind !== "verify") refuseLongName(update.name);
  if (request.mayChangeOwnRefs !== true) refuseOwnRef(update.name);
  refuseFolderName(update, update.name);
  if (update.change.kind === "set-symbolic") refuseFolderName(update, update.change.target);
  const { refs } = context.repository;
  const { ref, through, value } = follow(context, view, update);
  if (request.mayChangeOwnRefs !== true) refuseOwnRef(ref); // a symbolic ref of another name leads there as well
  refuseFolderName(update, ref);
  const oldOid = value === null ? null : value.kind === "direct" ? value.oid : refs.resolve(ref).oid;
  checkExpectation(update, oldOid, value);
  const wanted = wantedValue(update, value);
  return {
    ref,
    old: value,
    new: wanted,
    oldOid,
    newOid: wanted === null ? null : wanted.kind === "direct" ? wanted.oid : refs.resolve(wanted.target).oid,
    changes: !sameValue(value, wanted),
    through,
    request: update,
  };
}

function refuseOwnRef(name: string): void {
  if (!name.startsWith("refs/lattice/")) return;
  throw new LatticeError("usage", `${JSON.stringify(name)} belongs to lattice's own bookkeeping`, {
    hint: "refs below refs/lattice/ change with the operations that they belong to",
    details: { ref: name },
  });
}

/** A ref that was made by git can still be taken away. */
function refuseFolderName({ change }: RefUpdate, name: string): void {
  if (change.kind === "delete" || change.kind === "verify" || !FOLDERS_OF_OWN_REFS.includes(name)) return;
  throw new LatticeError("usage", `${JSON.stringify(name)} is where lattice keeps refs, and cannot be one itself`, {
    hint: "choose another name",
    details: { ref: name },
  });
}

/** Git's own files stand beside its refs: `config` and `hooks/x` are well-formed names, and no refs. */
function refuseOtherPlaces(name: string): void {
  if (name.startsWith("refs/") || refScope(name).kind !== "shared") return;
  throw new LatticeError("usage", `${JSON.stringify(name)} is no place for a ref`, {
    hint: "refs begin with refs/, or are written in capitals like HEAD",
    details: { ref: name },
  });
}

function refuseLongName(name: string): void {
  if (checkNameLength(name) === null) return;
  throw new LatticeError("usage", `a part of the ref name ${JSON.stringify(name)} is too long for a file name`, {
    hint: `each part between slashes has at most ${NAME_PART_BYTES_MAX} bytes`,
    details: { ref: name },
  });
}

/** The ref that an update writes to, and what it holds. */
function follow(
  context: EngineContext,
  view: RefView,
  update: RefUpdate,
): { ref: string; through: string[]; value: RefValue | null } {
  const through: string[] = [];
  let ref = ownName(context.repository, update.name);
  for (;;) {
    const value = view.read(ref);
    if (value?.kind !== "symbolic" || !update.follow) return { ref, through, value };
    through.push(ref);
    if (through.length > SYMBOLIC_DEPTH_MAX || through.includes(value.target)) {
      throw new LatticeError(
        "invalid_data",
        `the symbolic ref ${JSON.stringify(update.name)} leads nowhere: it is a loop or too deep`,
        {
          hint: "point it to a branch with `git symbolic-ref`",
          details: { ref: update.name },
        },
      );
    }
    requireRefName(value.target);
    ref = ownName(context.repository, value.target);
  }
}

function checkExpectation(update: RefUpdate, actual: Oid | null, value: RefValue | null): void {
  // A dangling symbolic ref is there, though it leads to nothing.
  const met = update.expect.kind === "present" && !update.follow ? value !== null : isMet(update.expect, actual);
  if (!met) throw casFailed(update, actual);
}

/** The error for an expectation that is not met. */
export function casFailed(update: RefUpdate, actual: Oid | null): LatticeError {
  const expected = update.expect.kind === "exactly" ? update.expect.oid : null;
  const wanted = update.expect.kind === "absent"
    ? "that it does not exist"
    : update.expect.kind === "present"
    ? "that it exists"
    : expected;
  const found = actual === null ? "it does not exist" : `it is at ${actual}`;
  return new LatticeError(
    "cas_failed",
    `${JSON.stringify(update.name)} is not as expected: ${found}, expected was ${wanted}`,
    {
      hint: "read the current value, decide again, and retry with it as the expectation",
      details: { ref: update.name, expected, actual },
    },
  );
}

function wantedValue(update: RefUpdate, current: RefValue | null): RefValue | null {
  switch (update.change.kind) {
    case "set":
      return { kind: "direct", oid: update.change.oid };
    case "set-symbolic":
      return { kind: "symbolic", target: update.change.target };
    case "delete":
      return null;
    case "verify":
      return current;
  }
}

function refuseRepetition(updates: readonly PlannedUpdate[]): void {
  for (let i = 1; i < updates.length; i++) {
    const ref = updates[i]!.ref;
    if (updates[i - 1]!.ref !== ref) continue;
    throw new LatticeError("usage", `${JSON.stringify(ref)} is named twice in one transaction`, {
      hint: "say in one update what it was and what it is to become",
      details: { ref },
    });
  }
}

/** The branch that `HEAD` of this worktree names, or `null` when it is detached, absent or broken. */
export function headBranch(refs: RefStore): string | null {
  let head;
  try {
    head = refs.read("HEAD");
  } catch (error) {
    // A HEAD that cannot be read names no branch; whoever asked for HEAD itself meets the error there.
    if (isDamage(error)) return null;
    throw error;
  }
  return head?.value.kind === "symbolic" ? head.value.target : null;
}

/**
 * Whether a ref holds already what it is to hold, and git yet tells the symbolic refs that lead to it, and `HEAD`: they
 * get a line in their reflogs, it gets none. (`git reset` to where a branch is leaves its trace in this way.)
 */
function isOnlyLogged(
  { changes, ref, through, request: { change } }: PlannedUpdate,
  head: string | null,
  { purpose }: TransactionRequest,
): boolean {
  return purpose === "plumbing" && !changes && change.kind === "set" && (through.length > 0 || ref === head);
}

function lockedRefs(
  updates: readonly PlannedUpdate[],
  logged: readonly PlannedUpdate[],
  head: string | null,
): string[] {
  const locked = new Set<string>();
  for (const update of logged) {
    for (const name of update.through) locked.add(name);
    if (update.ref === head) locked.add("HEAD");
  }
  if (locked.size > 0) { for (const { ref } of updates) locked.delete(ref); }
  return [...locked].sort(compareNames);
}

function planLogs(
  context: EngineContext,
  logged: readonly PlannedUpdate[],
  head: string | null,
  normalMessage: string,
): PlannedLog[] {
  const zero = context.repository.objectFormat.zero;
  const logs: PlannedLog[] = [];
  for (const { ref, oldOid, newOid, new: value, through, request, changes } of logged) {
    const symbolic = request.change.kind === "set-symbolic";
    if (symbolic && request.message === undefined) continue;
    const message = request.message ?? normalMessage;
    const add = (name: string, create: boolean) =>
      void logs.push({ ref: name, old: oldOid ?? zero, new: newOid ?? zero, message, create });
    for (const name of through) add(name, false);
    if (!symbolic && ref === head && !through.includes("HEAD")) add("HEAD", false);
    // A deleted ref loses its reflog, so it gets no line.
    if (changes && value !== null) add(ref, request.createReflog === true);
  }
  return logs;
}

/** A value as it stands in the journal. */
export function recordedValue(value: RefValue | null): string | null {
  return value === null ? null : valueText(value);
}
