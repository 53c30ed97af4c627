/**
 * `lattice freeze <branch> [--scope <scope>] [--reason <text>]`.
 *
 * @module
 */
import { openChange } from "../change.ts";
import { changeDocuments, editChange, reportChange } from "../change_documents.ts";
import type { CommandContext } from "../context.ts";
import type { ParsedCommand } from "../parse.ts";
import { notTracked, trunkName } from "../stack.ts";
import type { FreezeScope } from "../../metadata/document.ts";
import { editMetadata } from "../../metadata/edit.ts";
import { MetadataStore } from "../../metadata/store.ts";

/** Freezes a branch; what is frozen already keeps what is not said anew. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const branch = parsed.arguments[0]!;
  const repository = await context.openRepository();
  const store = new MetadataStore(repository);
  store.refName(branch);
  const reason = parsed.value("reason");
  using writer = await openChange(context, parsed);
  const stored = store.read(branch);
  if (stored === undefined) throw notTracked(branch, await trunkName(context, repository));
  const old = stored.metadata.freeze;
  const given = parsed.value("scope") as FreezeScope | undefined;
  const scope = given ?? (old.state === "frozen" ? old.scope : "single");
  const edit = { freeze: scope, ...(reason === undefined ? {} : { reason }) };
  const changes = editChange(stored, editMetadata(stored.metadata, edit, context.system.clock.nowMs()));
  return reportChange(context, await changeDocuments(writer, changes, `lattice: freeze ${branch}`));
}
