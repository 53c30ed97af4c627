/**
 * What a transaction must do to store or to remove a document: the ref's update, and the blob that it needs.
 *
 * @module
 */
import type { Expectation, RefUpdate } from "../engine/update.ts";
import type { Oid } from "../git/object_format.ts";
import { nameNewObject } from "../git/objects/new_object.ts";
import type { NewObject } from "../git/objects/store.ts";
import type { DocumentContext } from "./check.ts";
import type { BranchMetadata } from "./document.ts";
import { metadataRef } from "./ref_name.ts";
import { serializeDocument } from "./serialize.ts";

/** A document on its way into the repository. */
export interface DocumentPlan {
  /** The blob's name. */
  readonly oid: Oid;
  /** The blob. */
  readonly object: NewObject;
  readonly update: RefUpdate;
}

/**
 * Plans to store a document.
 *
 * @throws {SerializeError} The document is not sound, or not of this branch.
 */
export function planDocument(document: BranchMetadata, expect: Expectation, context: DocumentContext): DocumentPlan {
  return planBytes(serializeDocument(document, context), expect, context);
}

/** Plans to store a document that is in its bytes already. */
export function planBytes(bytes: Uint8Array, expect: Expectation, context: DocumentContext): DocumentPlan {
  const object: NewObject = { type: "blob", content: bytes };
  const oid = nameNewObject(context.format, object);
  return {
    oid,
    object,
    update: metadataUpdate(context.branch, expect, { kind: "set", oid }),
  };
}

/** Plans to remove the document of a branch. */
export function planRemoval(branch: string, expect: Expectation): RefUpdate {
  return metadataUpdate(branch, expect, { kind: "delete" });
}

/** The journal keeps the documents themselves: nothing else leads to a replaced one, and `git gc` would take it. */
function metadataUpdate(branch: string, expect: Expectation, change: RefUpdate["change"]): RefUpdate {
  return { name: metadataRef(branch), expect, change, follow: false, keepContent: true };
}
