/**
 * `lattice untrack <branch>`.
 *
 * @module
 */
import { openChange } from "../change.ts";
import { changeDocuments, type DocumentChange, reportChange } from "../change_documents.ts";
import type { CommandContext } from "../context.ts";
import type { ParsedCommand } from "../parse.ts";
import { notTracked, readToldStack, trunkName } from "../stack.ts";
import { openAncestry } from "../../git/objects/ancestry.ts";
import { editMetadata } from "../../metadata/edit.ts";
import { MetadataStore } from "../../metadata/store.ts";
import { LatticeError } from "../../platform/errors.ts";
import { shellWord } from "../../platform/text.ts";
import type { Stack } from "../../stack/model.ts";
import { baseOn } from "../../stack/placement.ts";

/** Removes the document of a branch; what was based on it is based on its parent from then on, in one operation. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const branch = parsed.arguments[0]!;
  const repository = await context.openRepository();
  const store = new MetadataStore(repository);
  store.refName(branch);
  const trunk = await trunkName(context, repository);
  using writer = await openChange(context, parsed);
  const stored = store.read(branch);
  if (stored === undefined) throw notTracked(branch, trunk);
  const { stack, facts } = readToldStack(context, repository, trunk);
  refuseInCycle(stack, branch);
  const { parent, base } = stored.metadata;
  const surroundings = { repository, store, ancestry: openAncestry(repository), trunk };
  const changes: DocumentChange[] = [{ branch, previous: stored.oid, document: null }];
  const children = branch === trunk ? [] : stack.nodes.get(branch)!.children;
  for (const name of children) {
    const child = store.readExisting(name);
    const { tip } = facts(name);
    const parentTip = facts(parent.name).tip;
    // What the child shares with its new parent; where that cannot be told, it begins where the branch between began.
    const shared = tip === null || parentTip === null ? null : baseOn(surroundings, tip, parentTip);
    const edited = editMetadata(child.metadata, { parent, base: shared ?? base.oid }, context.system.clock.nowMs());
    changes.push({ branch: name, previous: child.oid, document: edited });
  }
  const result = await changeDocuments(writer, changes, `lattice: untrack ${branch}`);
  for (const name of children) {
    context.log.info(`branch ${JSON.stringify(name)} is based on ${JSON.stringify(parent.name)} now`);
  }
  return reportChange(context, result);
}

/** In a cycle there is no parent to which those above could go. */
function refuseInCycle(stack: Stack, branch: string): void {
  const cycle = stack.cycles.find((members) => members.includes(branch));
  if (cycle === undefined) return;
  const { trunk } = stack;
  throw new LatticeError(
    "invalid_data",
    `branch ${JSON.stringify(branch)} is in a cycle: ${cycle.map((one) => JSON.stringify(one)).join(" → ")}`,
    {
      hint: `put it on another branch first: lattice meta edit ${shellWord(branch)} --parent ${
        trunk === null ? "<branch>" : shellWord(trunk)
      }`,
      details: { branch, cycle },
    },
  );
}
