/**
 * The forms in which a content may be given.
 *
 * @module
 */
import { utf8 } from "../platform/text.ts";

/** A content: a text, which becomes UTF-8, bytes, or parts of them that come one after the other. */
export type CacheContent = string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** The bytes of a content, part by part. */
export async function* partsOf(content: CacheContent): AsyncGenerator<Uint8Array> {
  if (typeof content === "string") yield utf8(content);
  else if (content instanceof Uint8Array) yield content;
  else yield* content;
}
