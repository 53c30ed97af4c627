/**
 * Changes metadata documents for the commands of the stack: any number of them as one operation.
 *
 * @module
 */
import type { CommandContext } from "./context.ts";
import { EXIT_OK } from "./exit_codes.ts";
import type { Expectation, TransactionResult, Writer } from "../engine/mod.ts";
import type { RefUpdate } from "../engine/update.ts";
import type { Oid } from "../git/object_format.ts";
import type { NewObject } from "../git/objects/store.ts";
import type { BranchMetadata } from "../metadata/document.ts";
import { planDocument, planRemoval } from "../metadata/plan.ts";
import type { StoredMetadata } from "../metadata/store.ts";

/** What becomes of the document of one branch. */
export interface DocumentChange {
  readonly branch: string;
  /** The document's blob as it was read under the lock, which must still be there; `null`: there must be none. */
  readonly previous: Oid | null;
  /** The new document; `null` removes it. */
  readonly document: BranchMetadata | null;
}

/** Makes the changes, all or none. @throws {LatticeError} As `Writer.transact`. */
export async function changeDocuments(
  writer: Writer,
  changes: readonly DocumentChange[],
  message: string,
): Promise<TransactionResult> {
  const format = writer.repository.objectFormat;
  const updates: RefUpdate[] = [];
  const objects: NewObject[] = [];
  for (const { branch, previous, document } of changes) {
    const expect: Expectation = previous === null ? { kind: "absent" } : { kind: "exactly", oid: previous };
    if (document === null) {
      updates.push(planRemoval(branch, expect));
    } else {
      const plan = planDocument(document, expect, { branch, format });
      updates.push(plan.update);
      objects.push(plan.object);
    }
  }
  return await writer.patiently(() => writer.transact({ updates, objects, message, purpose: "operation" }));
}

/** The change to an edited document; none where nothing but the time of the change differs. */
export function editChange({ branch, oid, metadata }: StoredMetadata, edited: BranchMetadata): DocumentChange[] {
  const untouched = JSON.stringify({ ...edited, timestamps: metadata.timestamps }) === JSON.stringify(metadata);
  return untouched ? [] : [{ branch, previous: oid, document: edited }];
}

/** Says what was changed: the operation's id, or with `--json` the refs as well. */
export function reportChange({ output }: CommandContext, { op, updates }: TransactionResult): number {
  if (output.json) output.value({ op, updates });
  else if (op !== null) output.line(op);
  return EXIT_OK;
}
