/**
 * The objects of a transaction: those that must be there already, those that it brings, and the commit that keeps
 * replaced commits reachable.
 *
 * @module
 */
import { LatticeError } from "../platform/errors.ts";
import { utf8 } from "../platform/text.ts";
import type { Oid } from "../git/object_format.ts";
import { nameNewObject } from "../git/objects/new_object.ts";
import type { NewObject } from "../git/objects/store.ts";
import type { EngineContext } from "./context.ts";
import { KEEP_PREFIX } from "./paths.ts";
import type { PlannedUpdate } from "./plan.ts";
import type { TransactionRequest } from "./update.ts";

/** The names of the objects that a transaction brings. */
export function newObjects(context: EngineContext, request: TransactionRequest): ReadonlyMap<Oid, NewObject> {
  const format = context.repository.objectFormat;
  return new Map(request.objects.map((object) => [nameNewObject(format, object), object]));
}

/**
 * Insists that what the refs will lead to is there, or comes with the transaction.
 *
 * @throws {LatticeError} `invalid_data`: it is not, or a branch would hold something else than a commit.
 */
export function checkNewValues(
  context: EngineContext,
  updates: readonly PlannedUpdate[],
  brought: ReadonlyMap<Oid, NewObject>,
): void {
  for (const update of updates) {
    if (!update.changes || update.new?.kind !== "direct") continue;
    const { oid } = update.new;
    const type = brought.get(oid)?.type ?? context.repository.objects.info(oid)?.type;
    if (type === undefined) throw noSuchObject(update.ref, oid);
    if ((update.ref === "HEAD" || update.ref.startsWith("refs/heads/")) && type !== "commit") {
      throw new LatticeError(
        "invalid_data",
        `cannot set ${JSON.stringify(update.ref)}: ${oid} is a ${type}, not a commit`,
        {
          hint: "a branch leads to a commit, and so does a detached HEAD",
          details: { ref: update.ref, oid, type },
        },
      );
    }
  }
}

/**
 * What has to be stored of the objects that a transaction brings: not the values that refs hold already and keep.
 */
export function objectsToStore(
  context: EngineContext,
  updates: readonly PlannedUpdate[],
  brought: ReadonlyMap<Oid, NewObject>,
): ReadonlyMap<Oid, NewObject> {
  const unchanged = new Set(updates.flatMap(({ changes, newOid }) => changes || newOid === null ? [] : [newOid]));
  if (unchanged.size === 0) return brought;
  for (const { changes, newOid } of updates) if (changes && newOid !== null) unchanged.delete(newOid);
  for (const oid of context.repository.objects.vanished([...unchanged])) unchanged.delete(oid);
  return new Map([...brought].filter(([oid]) => !unchanged.has(oid)));
}

/**
 * Insists, under the locks, that what refs are about to lead to and the transaction does not bring is still there.
 *
 * @throws {LatticeError} `invalid_data`: it is not.
 */
export function refuseVanished(
  context: EngineContext,
  updates: readonly PlannedUpdate[],
  isStored: (oid: Oid) => boolean,
): void {
  const refs = new Map<Oid, string>();
  for (const { ref, changes, new: value } of updates) {
    if (changes && value?.kind === "direct" && !isStored(value.oid)) refs.set(value.oid, ref);
  }
  const [gone] = context.repository.objects.vanished([...refs.keys()]);
  if (gone !== undefined) throw noSuchObject(refs.get(gone)!, gone);
}

function noSuchObject(ref: string, oid: Oid): LatticeError {
  return new LatticeError("invalid_data", `cannot set ${JSON.stringify(ref)}: there is no object ${oid}`, {
    hint: "write the object first, or fetch it",
    details: { ref, oid },
  });
}

/** A ref below `refs/lattice/keep/` and the object that it leads to. */
export interface KeepRef {
  readonly ref: string;
  readonly oid: Oid;
  /** The object, when it is made for this purpose. */
  readonly object: NewObject | null;
}

/**
 * The refs that keep what an operation replaces reachable until it is pruned: number 0 is a commit whose parents are
 * all replaced commits; further numbers are replaced tags and other objects that no journal keeps.
 *
 * @param replaced What refs led to and no journal keeps.
 */
export function keepRefs(context: EngineContext, opId: string, replaced: readonly Oid[]): KeepRef[] {
  const { objects, objectFormat } = context.repository;
  const commits: Oid[] = [];
  const others: Oid[] = [];
  for (const oid of replaced) {
    const type = objects.info(oid)?.type;
    if (type === undefined) continue; // a ref that led nowhere: there is nothing to keep
    (type === "commit" ? commits : others).push(oid);
  }
  const kept: KeepRef[] = [];
  if (commits.length > 0) {
    const object = keepCommit(context, opId, [...new Set(commits)].sort());
    kept.push({ ref: `${KEEP_PREFIX}${opId}/0`, oid: nameNewObject(objectFormat, object), object });
  }
  [...new Set(others)].sort().forEach((oid, index) => {
    kept.push({ ref: `${KEEP_PREFIX}${opId}/${index + 1}`, oid, object: null });
  });
  return kept;
}

/** A commit with the tree of its first parent, so that it needs no object beside what is there. */
function keepCommit(context: EngineContext, opId: string, parents: readonly Oid[]): NewObject {
  const first = context.repository.objects.read(parents[0]!);
  const tree = first === null
    ? null
    : /^tree ([0-9a-f]+)\n/.exec(new TextDecoder().decode(first.content.subarray(0, 80)));
  if (tree === null) {
    throw new LatticeError("invalid_data", `the replaced commit ${parents[0]} names no tree`, {
      details: { oid: parents[0] },
    });
  }
  const seconds = Math.floor(context.system.clock.nowMs() / 1000);
  const lines = [
    `tree ${tree[1]}`,
    ...parents.map((oid) => `parent ${oid}`),
    `author lattice <lattice@localhost> ${seconds} +0000`,
    `committer lattice <lattice@localhost> ${seconds} +0000`,
    "",
    `What operation ${opId} replaced`,
    "",
  ];
  return { type: "commit", content: utf8(lines.join("\n")) };
}
