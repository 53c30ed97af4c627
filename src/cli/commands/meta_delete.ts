/**
 * `lattice meta delete <branch>`.
 *
 * @module
 */
import { openChange } from "../change.ts";
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import { expectationOf } from "../expectation.ts";
import type { ParsedCommand } from "../parse.ts";
import { currentOid } from "../store_document.ts";
import { CasFailedError, NotFoundError } from "../../metadata/errors.ts";
import { planRemoval } from "../../metadata/plan.ts";
import { MetadataStore } from "../../metadata/store.ts";

/** Removes the metadata of a branch. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const branch = parsed.arguments[0]!;
  const repository = await context.openRepository();
  const store = new MetadataStore(repository);
  const ref = store.refName(branch);
  const expected = expectationOf(parsed, repository.objectFormat);
  using writer = await openChange(context, parsed);
  const previous = currentOid(writer, branch);
  if (previous === null) {
    if (expected?.kind === "exactly") throw new CasFailedError(ref, expected.oid, null);
    throw new NotFoundError(branch, ref);
  }
  const expect = expected ?? { kind: "exactly", oid: previous };
  if (expect.kind === "exactly" && expect.oid === previous) store.refuseForeign(branch, previous);
  const { op } = await writer.patiently(() =>
    writer.transact({
      updates: [planRemoval(branch, expect)],
      objects: [],
      message: `lattice: delete metadata of ${branch}`,
      purpose: "operation",
    })
  );
  if (context.output.json) context.output.value({ branch, ref, previous, op });
  return EXIT_OK;
}
