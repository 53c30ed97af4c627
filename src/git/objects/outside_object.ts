/**
 * Naming objects that somebody else made: they may be part of a collision attack on SHA-1, and are refused then.
 *
 * @module
 */
import {
  createOutsideHasher,
  hashOutside,
  type OutsideDigest,
  type OutsideHasher,
} from "../../platform/outside_hash.ts";
import { toHex } from "../../platform/text.ts";
import {
  framedSmallObject,
  frameInPlace,
  type ObjectFormat,
  objectHeader,
  type ObjectType,
  type Oid,
} from "../object_format.ts";
import { collisionAttack } from "./damage.ts";

/**
 * Names an object.
 *
 * @param content The bare content, without header.
 * @param path The file that it was read from, if any, for the error.
 * @throws {LatticeError} `invalid_data`: it is part of a collision attack (see `collisionAttack`).
 */
export function nameOutsideObject(format: ObjectFormat, type: ObjectType, content: Uint8Array, path?: string): Oid {
  const framed = framedSmallObject(type, content);
  if (framed !== null) return named(hashOutside(format.name, framed), path);
  const hasher = createOutsideHasher(format.name).update(objectHeader(type, content.length)).update(content);
  return outsideName(hasher, path);
}

/**
 * Names an object whose content stands in a buffer behind `HEADER_BYTES_MAX` bytes of room.
 *
 * @param size Size of the content in bytes.
 * @throws {LatticeError} As {@link nameOutsideObject}.
 */
export function nameOutsideObjectInPlace(
  format: ObjectFormat,
  type: ObjectType,
  buffer: Uint8Array,
  size: number,
): Oid {
  return named(hashOutside(format.name, frameInPlace(type, buffer, size)));
}

/**
 * Ends a digest.
 *
 * @throws {LatticeError} As {@link nameOutsideObject}.
 */
export function outsideName(hasher: OutsideHasher, path?: string): Oid {
  const hex = toHex(hasher.digest());
  return named({ hex, isAttack: hasher.isAttack }, path);
}

function named({ hex, isAttack }: OutsideDigest, path?: string): Oid {
  if (isAttack) throw collisionAttack(hex, path);
  return hex;
}
