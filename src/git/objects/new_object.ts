/**
 * The name of an object that is about to be stored, computed once although several layers ask for it.
 *
 * @module
 */
import { computeOid, type ObjectFormat, type Oid } from "../object_format.ts";
import { nameOutsideObject } from "./outside_object.ts";
import type { NewObject } from "./store.ts";

const names: Readonly<Record<ObjectFormat["name"], WeakMap<NewObject, Oid>>> = {
  sha1: new WeakMap(),
  sha256: new WeakMap(),
};

/** Names a new object. Its content must not change afterwards. */
export function nameNewObject(format: ObjectFormat, object: NewObject): Oid {
  const known = names[format.name].get(object);
  if (known !== undefined) return known;
  const oid = computeOid(format, object.type, object.content);
  names[format.name].set(object, oid);
  return oid;
}

/**
 * Names a new object whose content somebody else made, once and for all: {@link nameNewObject} knows it from then on.
 *
 * @throws {LatticeError} `invalid_data`: it is part of a collision attack.
 */
export function nameNewOutsideObject(format: ObjectFormat, object: NewObject): Oid {
  const oid = nameOutsideObject(format, object.type, object.content);
  names[format.name].set(object, oid);
  return oid;
}
