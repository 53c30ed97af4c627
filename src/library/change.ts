/**
 * What a program asks of a transaction, in the words of the library: each change says what it is about, what must be
 * there, and what becomes of it.
 *
 * @module
 */
import { expectationFrom, type Expected, type Overwrite } from "../engine/expected.ts";
import type { RefUpdate } from "../engine/update.ts";
import { isOid, type ObjectFormat, type Oid } from "../git/object_format.ts";
import { nameNewObject } from "../git/objects/new_object.ts";
import type { NewObject } from "../git/objects/store.ts";
import { checkBranchName, checkNameLength, checkRefName } from "../git/refs/names.ts";
import type { BranchMetadata } from "../metadata/document.ts";
import { planDocument, planRemoval } from "../metadata/plan.ts";
import { METADATA_PREFIX, metadataRef } from "../metadata/ref_name.ts";
import { LatticeError } from "../platform/errors.ts";
import { utf8 } from "../platform/text.ts";

/** Content that is stored as a blob together with the ref that is to name it. */
export interface NewBlob {
  /** Bytes, which must not change until the transaction is over, or text, which is stored as UTF-8. */
  readonly content: string | Uint8Array;
}

/** Points a ref to an object; creates the ref where it does not exist. A symbolic ref is followed, as by git. */
export interface SetRef {
  /** Tells the changes apart. */
  readonly kind: "set-ref";
  /** Full name, below `refs/`. Those of metadata and lattice's own are refused. */
  readonly ref: string;
  /** The object that it is to name: one that is there (for a branch, a commit), or a blob to be stored with it. */
  readonly to: Oid | NewBlob;
  /** What it must hold; `null`: it must not exist. */
  readonly expected: Expected;
}

/** Removes a ref. A symbolic ref is followed, as by git. */
export interface DeleteRef {
  /** Tells the changes apart. */
  readonly kind: "delete-ref";
  /** Full name, below `refs/`. Those of metadata and lattice's own are refused. */
  readonly ref: string;
  /** What it must hold; with `OVERWRITE` it need not exist. */
  readonly expected: Oid | Overwrite;
}

/** Changes nothing, but the whole transaction only happens while the ref holds this. */
export interface CheckRef {
  /** Tells the changes apart. */
  readonly kind: "check-ref";
  /** Full name, below `refs/`; that of a branch's metadata as well. */
  readonly ref: string;
  /** What it must hold; `null`: it must not exist. */
  readonly expected: Oid | null;
}

/** Stores the metadata document of a branch. */
export interface SetMetadata {
  /** Tells the changes apart. */
  readonly kind: "set-metadata";
  /** Short name, as after `refs/heads/`; the document must be of this branch. */
  readonly branch: string;
  /** The document. */
  readonly to: BranchMetadata;
  /** Oid of the document that must be there, as `MetadataStore.read` gave it; `null`: there must be none. */
  readonly expected: Expected;
}

/** Removes the metadata document of a branch. */
export interface DeleteMetadata {
  /** Tells the changes apart. */
  readonly kind: "delete-metadata";
  /** Short name, as after `refs/heads/`. */
  readonly branch: string;
  /** Oid of the document that must be there; with `OVERWRITE` there need not be one. */
  readonly expected: Oid | Overwrite;
}

/** One thing that a transaction does. */
export type Change = SetRef | DeleteRef | CheckRef | SetMetadata | DeleteMetadata;

/** A change in the engine's words. */
export interface PlannedChange {
  readonly update: RefUpdate;
  /** The object that it needs, where that may not be there yet. */
  readonly object?: NewObject;
}

/**
 * Checks a change by itself, without a look at the repository.
 *
 * @throws {SerializeError} A document is not sound, or of another branch.
 * @throws {LatticeError} `usage`: a name, a value or an expectation is none, or the name is not for such a change.
 */
export function planChange(change: Change, format: ObjectFormat): PlannedChange {
  switch (change.kind) {
    case "set-ref": {
      const update = { ...refUpdate(change, format), follow: true };
      if (typeof change.to === "string") {
        return { update: { ...update, change: { kind: "set", oid: requireOid(change.to, change.ref, format) } } };
      }
      const object = blobOf(change.to, change.ref);
      return { update: { ...update, change: { kind: "set", oid: nameNewObject(format, object) } }, object };
    }
    case "delete-ref":
      return { update: { ...refUpdate(change, format), change: { kind: "delete" }, follow: true } };
    case "check-ref":
      return { update: { ...refUpdate(change, format), change: { kind: "verify" }, follow: true } };
    case "set-metadata": {
      const expect = expectationFrom(change.expected, metadataRefOf(change.branch), format);
      return planDocument(change.to, expect, { branch: change.branch, format });
    }
    case "delete-metadata":
      return {
        update: planRemoval(change.branch, expectationFrom(change.expected, metadataRefOf(change.branch), format)),
      };
  }
  // Only a program without types comes here.
  throw usage(`a change is of the unknown kind ${JSON.stringify((change as Change).kind)}`, "see the type Change");
}

function refUpdate(
  { kind, ref, expected }: SetRef | DeleteRef | CheckRef,
  format: ObjectFormat,
): Pick<RefUpdate, "name" | "expect"> {
  const reason = !ref.startsWith("refs/")
    ? 'it does not begin with "refs/"'
    : (ref.startsWith(HEADS) ? checkBranchName(ref.slice(HEADS.length)) : checkRefName(ref)) ?? checkNameLength(ref);
  if (reason !== null) {
    throw usage(
      `${JSON.stringify(ref)} is no valid ref name: ${reason}`,
      "full names are wanted, such as refs/heads/main",
    );
  }
  if (kind !== "check-ref" && ref.startsWith(METADATA_PREFIX)) {
    throw usage(
      `${JSON.stringify(ref)} holds the metadata of a branch`,
      "metadata has changes of its own: set-metadata",
    );
  }
  const expect = expectationFrom(expected, ref, format);
  if (kind === "check-ref" && expect.kind === "any") {
    throw usage(`nothing is checked of ${JSON.stringify(ref)}`, "say what it must hold, or leave the check out");
  }
  return { name: ref, expect };
}

const HEADS = "refs/heads/";

function metadataRefOf(branch: string): string {
  const reason = checkBranchName(branch) ?? checkNameLength(branch);
  if (reason === null) return metadataRef(branch);
  throw usage(`${JSON.stringify(branch)} is no valid branch name: ${reason}`, "a short name is wanted, such as main");
}

function requireOid(oid: Oid, ref: string, format: ObjectFormat): Oid {
  if (isOid(format, oid) && oid !== format.zero) return oid;
  throw usage(
    `${JSON.stringify(ref)} cannot be set to ${JSON.stringify(oid)}`,
    `give an oid of ${format.hexLength} digits; delete-ref removes a ref`,
  );
}

function blobOf(to: NewBlob, ref: string): NewObject {
  const content: unknown = (to as NewBlob | null | undefined)?.content;
  if (typeof content === "string") return { type: "blob", content: utf8(content) };
  if (content instanceof Uint8Array) return { type: "blob", content };
  throw usage(`it is not said what ${JSON.stringify(ref)} is to hold`, "give an oid, or { content } of a new blob");
}

function usage(message: string, hint: string): LatticeError {
  return new LatticeError("usage", message, { hint });
}
