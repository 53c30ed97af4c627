/**
 * `lattice track <branch> --parent <b> [--base <rev>]`.
 *
 * @module
 */
import { openChange } from "../change.ts";
import { changeDocuments, editChange, reportChange } from "../change_documents.ts";
import { commitOf } from "../commit_argument.ts";
import type { CommandContext } from "../context.ts";
import type { ParsedCommand } from "../parse.ts";
import { trunkName } from "../stack.ts";
import { openAncestry } from "../../git/objects/ancestry.ts";
import { createMetadata, editMetadata } from "../../metadata/edit.ts";
import { MetadataStore } from "../../metadata/store.ts";
import { LatticeError } from "../../platform/errors.ts";
import { baseOn, requireAncestor, requireParent } from "../../stack/placement.ts";

/** Puts a branch on a parent; one that is tracked already keeps the rest of its document. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const branch = parsed.arguments[0]!;
  const parentName = parsed.value("parent")!;
  const repository = await context.openRepository();
  const store = new MetadataStore(repository);
  store.refName(branch);
  const revision = parsed.value("base");
  const wanted = revision === undefined ? null : commitOf(repository, revision);
  const trunk = await trunkName(context, repository);
  using writer = await openChange(context, parsed);
  const stored = store.read(branch);
  const surroundings = { repository, store, ancestry: openAncestry(repository), trunk };
  const { parent, tip, parentTip } = requireParent(surroundings, branch, parentName);
  if (wanted !== null) requireAncestor(surroundings, branch, wanted, tip);
  const base = wanted ?? baseOn(surroundings, tip, parentTip);
  if (base === null) throw withoutBase(branch, parentName);
  const nowMs = context.system.clock.nowMs();
  const changes = stored === undefined
    ? [{ branch, previous: null, document: createMetadata(branch, parent, base, nowMs) }]
    : editChange(stored, editMetadata(stored.metadata, { parent, base }, nowMs));
  const result = await changeDocuments(writer, changes, `lattice: track ${branch} on ${parentName}`);
  context.log.info(
    result.op === null
      ? `branch ${JSON.stringify(branch)} is tracked on ${JSON.stringify(parentName)} already`
      : `branch ${JSON.stringify(branch)} is tracked on ${JSON.stringify(parentName)}, from ${base} on`,
  );
  return reportChange(context, result);
}

function withoutBase(branch: string, parent: string): LatticeError {
  const pair = `${JSON.stringify(branch)} and ${JSON.stringify(parent)}`;
  return new LatticeError("not_found", `branches ${pair} share no commit in the history that is here`, {
    hint: "fetch more of the history, or say on which commit the branch begins: --base <rev>",
    details: { branch, parent },
  });
}
