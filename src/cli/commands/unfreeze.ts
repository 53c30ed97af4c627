/**
 * `lattice unfreeze <branch>`.
 *
 * @module
 */
import { openChange } from "../change.ts";
import { changeDocuments, editChange, reportChange } from "../change_documents.ts";
import type { CommandContext } from "../context.ts";
import type { ParsedCommand } from "../parse.ts";
import { notTracked, trunkName } from "../stack.ts";
import { editMetadata } from "../../metadata/edit.ts";
import { MetadataStore } from "../../metadata/store.ts";
import { readStack } from "../../stack/read.ts";

/** Takes the freeze of a branch away; that of a branch above it is not touched, and is named where it reaches so far. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const branch = parsed.arguments[0]!;
  const repository = await context.openRepository();
  const store = new MetadataStore(repository);
  store.refName(branch);
  const trunk = await trunkName(context, repository);
  using writer = await openChange(context, parsed);
  const stored = store.read(branch);
  if (stored === undefined) throw notTracked(branch, trunk);
  const changes = editChange(stored, editMetadata(stored.metadata, { freeze: null }, context.system.clock.nowMs()));
  const result = await changeDocuments(writer, changes, `lattice: unfreeze ${branch}`);
  const { frozen } = readStack(repository, trunk, (_branch, error) => context.log.detail(error.message));
  const by = frozen.get(branch);
  if (by !== undefined) {
    context.log.warn(`branch ${JSON.stringify(branch)} stays frozen: the freeze of ${JSON.stringify(by)} reaches it`);
  }
  return reportChange(context, result);
}
