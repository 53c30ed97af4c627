/**
 * Writes of one document, by whoever has the right to change refs: each is one operation of the engine, durable when it
 * returns, and can be undone.
 *
 * @module
 */
import type { Expectation } from "../engine/update.ts";
import type { Writer } from "../engine/writer.ts";
import type { Oid } from "../git/object_format.ts";
import { NotFoundError } from "./errors.ts";
import { transactGuarded } from "./guarded_transaction.ts";
import { type DocumentPlan, planRemoval } from "./plan.ts";
import { branchOfRef } from "./ref_name.ts";

/** What a write did. */
export interface MetadataWrite {
  /** Short name, as after `refs/heads/`. */
  readonly branch: string;
  /** The ref of its metadata. */
  readonly ref: string;
  /** What the ref held before; `null`: it did not exist. */
  readonly previous: Oid | null;
  /** What it holds now; `null`: it does not exist. */
  readonly oid: Oid | null;
  /** The operation, for `undo`; `null` when the very same document was there already. */
  readonly op: string | null;
}

/**
 * Stores a document as it was planned.
 *
 * @throws {LatticeError} As `transactGuarded`.
 */
export async function storeDocument(writer: Writer, plan: DocumentPlan): Promise<MetadataWrite & { oid: Oid }> {
  const { update, object, oid } = plan;
  const branch = branchOfRef(update.name);
  const message = `lattice: update metadata for ${branch}`;
  const { op, updates } = await transactGuarded(writer, {
    updates: [update],
    objects: [object],
    message,
    purpose: "operation",
  });
  return { branch, ref: update.name, previous: updates[0] === undefined ? oid : updates[0].old, oid, op };
}

/**
 * Removes the document of a branch.
 *
 * @throws {NotFoundError} Any document is expected, and there is none.
 * @throws {LatticeError} As `transactGuarded`.
 */
export async function removeDocument(writer: Writer, branch: string, expect: Expectation): Promise<MetadataWrite> {
  const update = planRemoval(branch, expect);
  const message = `lattice: delete metadata of ${branch}`;
  const { op, updates } = await transactGuarded(writer, {
    updates: [update],
    objects: [],
    message,
    purpose: "operation",
  });
  if (updates[0] === undefined) throw new NotFoundError(branch, update.name);
  return { branch, ref: update.name, previous: updates[0].old, oid: null, op };
}
