/**
 * Annotated tags.
 *
 * @module
 */
import { bytesToName } from "../../platform/text.ts";
import type { ObjectFormat, ObjectType, Oid } from "../object_format.ts";
import { type HeaderLine, headerValue, malformed, oidLineAt, oidLineLength, splitHeaders } from "./headers.ts";

/** A tag. Texts are as `text.ts` carries bytes. */
export interface Tag {
  /** What it points to. */
  readonly object: Oid;
  /** What that is, as the tag says. */
  readonly type: ObjectType;
  /** Its name. */
  readonly tag: string;
  /** `Name <email> seconds zone` as it stands, or `null`: tags of long ago have none. */
  readonly tagger: string | null;
  /** Every line of the header, these included. */
  readonly headers: readonly HeaderLine[];
  /** Behind the first empty line; a signature is part of it. */
  readonly message: Uint8Array;
}

/**
 * Parses a tag.
 *
 * @param oid Its name, for the error.
 * @throws {LatticeError} `invalid_data`: object, type or name are not there in this order, or not well formed.
 */
export function parseTag(format: ObjectFormat, content: Uint8Array, oid?: Oid): Tag {
  const target = parseTagTarget(format, content, oid);
  const { headers, message } = splitHeaders(content);
  if (headers[2]?.key !== "tag") throw malformed("tag", "it does not say its name", oid);
  return { ...target, tag: headers[2].value, tagger: headerValue(headers, "tagger"), headers, message };
}

/**
 * What a tag points to; all that peeling needs.
 *
 * @param oid The tag's name, for the error.
 * @throws {LatticeError} `invalid_data`: object or type are not well formed.
 */
export function parseTagTarget(
  format: ObjectFormat,
  content: Uint8Array,
  oid?: Oid,
): { object: Oid; type: ObjectType } {
  const object = oidLineAt(format, content, 0, "object");
  if (object === null) throw malformed("tag", "it does not begin with the object that it points to", oid);
  const start = oidLineLength(format, "object");
  const line = bytesToName(content.subarray(start, start + "type commit\n".length));
  const type = /^type (blob|tree|commit|tag)\n/.exec(line)?.[1];
  if (type === undefined) throw malformed("tag", "it does not say the type of the object that it points to", oid);
  return { object, type: type as ObjectType };
}
