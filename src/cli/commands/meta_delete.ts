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
import { MetadataStore } from "../../metadata/store.ts";
import { removeDocument } from "../../metadata/write.ts";

/** Removes the metadata of a branch. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const branch = parsed.arguments[0]!;
  const repository = await context.openRepository();
  new MetadataStore(repository).refName(branch); // a name that no branch can have is refused before anything is locked
  const expected = expectationOf(parsed, repository.objectFormat);
  using writer = await openChange(context, parsed);
  const { ref, previous, op } = await removeDocument(writer, branch, expected ?? { kind: "any" });
  if (context.output.json) context.output.value({ branch, ref, previous, op });
  return EXIT_OK;
}
