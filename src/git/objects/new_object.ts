/**
 * The name of an object that is about to be stored, computed once although several layers ask for it.
 *
 * @module
 */
import { computeOid, type ObjectFormat, type Oid } from "../object_format.ts";
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
