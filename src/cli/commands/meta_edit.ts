/**
 * `lattice meta edit <branch>`.
 *
 * @module
 */
import { openChange } from "../change.ts";
import { commitOf } from "../commit_argument.ts";
import type { CommandContext } from "../context.ts";
import type { ParsedCommand } from "../parse.ts";
import { storeAndReport } from "../store_document.ts";
import { requireBranchName } from "../../git/refs/names.ts";
import type { Repository } from "../../git/repository.ts";
import type { FreezeScope, Parent } from "../../metadata/document.ts";
import { editMetadata, type MetadataEdit, parsePullRequestLink } from "../../metadata/edit.ts";
import { MetadataStore } from "../../metadata/store.ts";
import { findTrunk } from "../../metadata/trunk.ts";
import { LatticeError } from "../../platform/errors.ts";

/** Options of which at least one must be given. */
const CHANGES = ["parent", "base", "freeze", "unfreeze", "reason", "pr", "no-pr"];

/** Changes fields of a document. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const branch = parsed.arguments[0]!;
  if (!CHANGES.some((name) => parsed.flag(name))) {
    throw new LatticeError("usage", "nothing is to be changed", {
      hint: `give at least one of ${CHANGES.map((name) => `--${name}`).join(", ")}`,
    });
  }
  const repository = await context.openRepository();
  const store = new MetadataStore(repository);
  store.refName(branch);
  const edit = await editOf(context, parsed, repository);
  using writer = await openChange(context, parsed);
  const { metadata, oid } = store.readExisting(branch);
  const edited = editMetadata(metadata, edit, context.system.clock.nowMs());
  return await storeAndReport(context, writer, edited, { kind: "exactly", oid });
}

async function editOf(context: CommandContext, parsed: ParsedCommand, repository: Repository): Promise<MetadataEdit> {
  const parent = parsed.value("parent");
  const base = parsed.value("base");
  const reason = parsed.value("reason");
  const link = parsed.value("pr");
  return {
    ...(parent === undefined ? {} : { parent: await parentOf(context, repository, parent) }),
    ...(base === undefined ? {} : { base: commitOf(repository, base) }),
    ...(parsed.flag("freeze") ? { freeze: parsed.value("freeze") as FreezeScope } : {}),
    ...(parsed.flag("unfreeze") ? { freeze: null } : {}),
    ...(reason === undefined ? {} : { reason }),
    ...(link === undefined ? {} : { pr: parsePullRequestLink(link) }),
    ...(parsed.flag("no-pr") ? { pr: null } : {}),
  };
}

/** The parent is the trunk where it has the trunk's name. It need not exist. */
async function parentOf(context: CommandContext, repository: Repository, name: string): Promise<Parent> {
  requireBranchName(name);
  const trunk = findTrunk(repository, (await context.settings()).trunk);
  return { kind: name === trunk ? "trunk" : "branch", name };
}
