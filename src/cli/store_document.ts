/**
 * Stores the document of one branch, for `meta set` and `meta edit`.
 *
 * @module
 */
import type { CommandContext } from "./context.ts";
import { EXIT_OK } from "./exit_codes.ts";
import type { Expectation, Writer } from "../engine/mod.ts";
import type { BranchMetadata } from "../metadata/document.ts";
import { planDocument } from "../metadata/plan.ts";
import { storeDocument } from "../metadata/write.ts";

/**
 * Stores a document and says what became of it.
 *
 * @param expected What the ref must hold; without it, whatever is there is replaced.
 */
export async function storeAndReport(
  { output }: CommandContext,
  writer: Writer,
  document: BranchMetadata,
  expected: Expectation | undefined,
): Promise<number> {
  const branch = document.branch.name;
  const context = { branch, format: writer.repository.objectFormat };
  const { ref, oid, previous, op } = await storeDocument(
    writer,
    planDocument(document, expected ?? { kind: "any" }, context),
  );
  if (output.json) output.value({ branch, ref, oid, previous, op });
  else output.line(oid);
  return EXIT_OK;
}
