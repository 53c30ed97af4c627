/**
 * The two hash functions by which a repository may name its objects, and object names (oids).
 *
 * @module
 */
import { hash, hashHex, type HashName } from "../platform/hash.ts";
import { isHex, isLowerHex } from "../platform/ascii.ts";
import { concatBytes, toHex, utf8 } from "../platform/text.ts";

/** An object name: 40 (SHA-1) or 64 (SHA-256) lower-case hexadecimal digits. */
export type Oid = string;

/** Types of objects. */
export type ObjectType = "blob" | "tree" | "commit" | "tag";

/** Whether a text names a type of objects. */
export function isObjectType(text: string): text is ObjectType {
  return text === "blob" || text === "tree" || text === "commit" || text === "tag";
}

/** One of the two object formats. */
export interface ObjectFormat {
  /** As in `extensions.objectFormat`, and the hash function's name. */
  readonly name: HashName;
  /** Bytes of a raw object name. */
  readonly rawLength: 20 | 32;
  /** Digits of an object name. */
  readonly hexLength: 40 | 64;
  /** The name that stands for "no object". */
  readonly zero: Oid;
  /** The name of the tree without entries, which every repository has without storing it. */
  readonly emptyTree: Oid;
}

/** SHA-1. */
export const SHA1: ObjectFormat = {
  name: "sha1",
  rawLength: 20,
  hexLength: 40,
  zero: "0".repeat(40),
  emptyTree: "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
};

/** SHA-256. */
export const SHA256: ObjectFormat = {
  name: "sha256",
  rawLength: 32,
  hexLength: 64,
  zero: "0".repeat(64),
  emptyTree: "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
};

/** Whether a text is a full object name of a format, in lower-case digits. */
export function isOid(format: ObjectFormat, text: string): boolean {
  return text.length === format.hexLength && isLowerHex(text);
}

/** The same in digits of either case, which git reads in most places. */
export function isOidInAnyCase(format: ObjectFormat, text: string): boolean {
  return text.length === format.hexLength && isHex(text);
}

/** The header over which, with the content, an object's name is computed: `<type> <size>\0`. */
export function objectHeader(type: ObjectType, size: number): Uint8Array<ArrayBuffer> {
  return utf8(`${type} ${size}\0`);
}

/** A header is no longer, in bytes. */
export const HEADER_BYTES_MAX = 32;

/** Content up to this size is copied behind its header, in bytes, so that both are hashed in one go. */
const SMALL_CONTENT_BYTES = 8192;

let smallObject: Uint8Array | undefined;

/**
 * Names an object that lattice made. What somebody else made is named by `objects/outside_object.ts`.
 *
 * @param content The bare content, without header.
 */
export function computeOid(format: ObjectFormat, type: ObjectType, content: Uint8Array): Oid {
  const framed = framedSmallObject(type, content);
  return framed === null
    ? toHex(hash(format.name, objectHeader(type, content.length), content))
    : hashHex(format.name, framed);
}

/**
 * Header and content of a small object in one piece, which stays as it is until the next call.
 *
 * @returns `null`: the content is too large to be copied.
 */
export function framedSmallObject(type: ObjectType, content: Uint8Array): Uint8Array | null {
  if (content.length > SMALL_CONTENT_BYTES) return null;
  const buffer = smallObject ??= new Uint8Array(HEADER_BYTES_MAX + SMALL_CONTENT_BYTES);
  buffer.set(content, HEADER_BYTES_MAX);
  return frameInPlace(type, buffer, content.length);
}

/**
 * Puts the header of an object right before its content, which stands in a buffer behind {@link HEADER_BYTES_MAX} bytes
 * of room: so both are hashed in one go, which counts where objects are small and many.
 *
 * @param size Size of the content in bytes.
 * @returns Header and content, a part of the buffer.
 */
export function frameInPlace(type: ObjectType, buffer: Uint8Array, size: number): Uint8Array {
  const header = `${type} ${size}\0`;
  const start = HEADER_BYTES_MAX - header.length;
  for (let i = 0; i < header.length; i++) buffer[start + i] = header.charCodeAt(i);
  return buffer.subarray(start, HEADER_BYTES_MAX + size);
}

/** The bytes of a loose object before compression. */
export function framedObject(type: ObjectType, content: Uint8Array): Uint8Array<ArrayBuffer> {
  return concatBytes([objectHeader(type, content.length), content]);
}
