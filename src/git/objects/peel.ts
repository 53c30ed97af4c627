/**
 * Following tags to what they lead to in the end, and commits to their trees.
 *
 * @module
 */
import { LatticeError } from "../../platform/errors.ts";
import type { ObjectType, Oid } from "../object_format.ts";
import { parseCommitLinks } from "./commit.ts";
import type { GitObject, ObjectInfo, ObjectStore } from "./store.ts";
import { parseTagTarget } from "./tag.ts";

/** An object and its type. */
export interface TypedOid {
  readonly oid: Oid;
  readonly type: ObjectType;
}

/** A tag names its target by hash, so tags cannot form a loop; this only bounds the time that a long chain takes. */
const TAGS_MAX = 100_000;

/**
 * What a tag leads to in the end, with replacements left aside, as `packed-refs` and reftables record it.
 *
 * @returns `null`: the object is no tag, or it or what its tags lead to is not here.
 * @throws {LatticeError} `invalid_data`: damaged, or a malformed tag.
 */
export function peelTag(objects: ObjectStore, oid: Oid): Oid | null {
  if (infoIfHere(objects, oid)?.type !== "tag") return null;
  let current = oid;
  for (let steps = 0; steps < TAGS_MAX; steps++) {
    const object = infoIfHere(objects, current) === null ? null : objects.read(current);
    if (object === null) return null;
    const target = parseTagTarget(objects.format, object.content, current);
    if (target.type !== "tag") return target.object;
    current = target.object;
  }
  throw tooManyTags(oid);
}

/**
 * Follows an object to one of another type, as `<name>^{<type>}` does: tags to their targets, commits to their trees.
 * Replacements are honoured.
 *
 * @param type What is wanted; `any`: what is no tag.
 * @returns `null`: the object leads to nothing of this type.
 * @throws {LatticeError} `not_found`: an object on the way is missing; `invalid_data`; `unsupported`.
 */
export function peelTo(objects: ObjectStore, oid: Oid, type: ObjectType | "any"): TypedOid | null {
  let current = oid;
  for (let steps = 0; steps < TAGS_MAX; steps++) {
    const info = objects.info(objects.replacementOf(current));
    if (info === null) throw missing(current, oid);
    if (info.type === type || (type === "any" && info.type !== "tag")) return { oid: current, type: info.type };
    if (info.type === "tag") {
      current = parseTagTarget(objects.format, readPresent(objects, current, oid).content, current).object;
    } else if (info.type === "commit" && type === "tree") {
      current = parseCommitLinks(objects.format, readPresent(objects, current, oid).content, current).tree;
    } else {
      return null;
    }
  }
  throw tooManyTags(oid);
}

/**
 * Like {@link peelTo}; `null` also where an object on the way is missing, for those who pass over such objects as git
 * does.
 *
 * @throws {LatticeError} `invalid_data`; `unsupported`.
 */
export function peelIfPossible(objects: ObjectStore, oid: Oid, type: ObjectType | "any"): TypedOid | null {
  try {
    return peelTo(objects, oid, type);
  } catch (error) {
    if (error instanceof LatticeError && error.code === "not_found") return null;
    throw error;
  }
}

/** `null` also for what a partial clone left at its remote. */
function infoIfHere(objects: ObjectStore, oid: Oid): ObjectInfo | null {
  try {
    return objects.info(oid);
  } catch (error) {
    if (error instanceof LatticeError && error.details["promised"] === true) return null;
    throw error;
  }
}

function readPresent(objects: ObjectStore, oid: Oid, start: Oid): GitObject {
  const object = objects.readReplaced(oid);
  if (object === null) throw missing(oid, start);
  return object;
}

function missing(oid: Oid, start: Oid): LatticeError {
  const way = oid === start ? "" : `, to which ${start} leads,`;
  return new LatticeError("not_found", `object ${oid}${way} is missing`, {
    hint: "fetch it from a clone that has it, or run `git fsck` to see what else is missing",
    details: { oid },
  });
}

function tooManyTags(oid: Oid): LatticeError {
  return new LatticeError("invalid_data", `tag ${oid} leads through more than ${TAGS_MAX} tags`, {
    hint: "name the object itself, or a tag that is nearer to it",
    details: { oid },
  });
}
