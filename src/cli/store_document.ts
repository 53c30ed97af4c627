/**
 * Stores the document of one branch, for `meta set` and `meta edit`.
 *
 * @module
 */
import type { CommandContext } from "./context.ts";
import { EXIT_OK } from "./exit_codes.ts";
import type { Expectation, Writer } from "../engine/mod.ts";
import { isMet } from "../engine/update.ts";
import type { Oid } from "../git/object_format.ts";
import type { BranchMetadata } from "../metadata/document.ts";
import { planDocument } from "../metadata/plan.ts";
import { MetadataStore } from "../metadata/store.ts";

/** What the metadata ref of a branch holds, or `null`. */
export function currentOid(writer: Writer, branch: string): Oid | null {
  const { refs } = writer.repository;
  const ref = new MetadataStore(writer.repository).refName(branch);
  const entry = refs.read(ref);
  if (entry === null) return null;
  return entry.value.kind === "direct" ? entry.value.oid : refs.resolve(ref).oid;
}

/**
 * Stores a document and says what became of it.
 *
 * @param expected What the ref must hold; without it, what it holds now, read under the lock.
 */
export async function storeDocument(
  { output }: CommandContext,
  writer: Writer,
  document: BranchMetadata,
  expected: Expectation | undefined,
): Promise<number> {
  const { repository } = writer;
  const branch = document.branch.name;
  const previous = currentOid(writer, branch);
  const expect = expected ?? (previous === null ? { kind: "absent" } : { kind: "exactly", oid: previous });
  if (previous !== null && isMet(expect, previous)) new MetadataStore(repository).refuseForeign(branch, previous);
  const plan = planDocument(document, expect, { branch, format: repository.objectFormat });
  const { op } = await writer.patiently(() =>
    writer.transact({
      updates: [plan.update],
      objects: [plan.object],
      message: `lattice: update metadata for ${branch}`,
      purpose: "operation",
    })
  );
  if (output.json) output.value({ branch, ref: plan.update.name, oid: plan.oid, previous, op });
  else output.line(plan.oid);
  return EXIT_OK;
}
