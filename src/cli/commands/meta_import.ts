/**
 * `lattice meta import --from <graphite|charcoal> [--dry-run]`.
 *
 * @module
 */
import { openChange } from "../change.ts";
import { changeDocuments, reportChange } from "../change_documents.ts";
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import type { ParsedCommand } from "../parse.ts";
import type { Repository } from "../../git/repository.ts";
import { readGraphiteConfig, refuseUnfinished } from "../../metadata/graphite_files.ts";
import { type ImportedDocument, planImport } from "../../metadata/import.ts";
import { planDocument } from "../../metadata/plan.ts";
import { findTrunk } from "../../metadata/trunk.ts";

/** Turns the other tool's documents into ours. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const tool = parsed.value("from")!;
  const repository = await context.openRepository();
  const ownTrunk = findTrunk(repository, (await context.settings()).trunk);
  if (parsed.flag("dry-run")) {
    const { imported } = plan(repository, ownTrunk);
    return report(context, repository, imported);
  }
  using writer = await openChange(context, parsed);
  const { imported, trunk } = plan(repository, ownTrunk);
  const result = await changeDocuments(writer, imported, `lattice: import metadata from ${tool}`);
  explain(context, imported, "imported");
  if (imported.length > 0 && trunk !== null && trunk !== ownTrunk) {
    context.log.info(
      `hint: the trunk is ${JSON.stringify(trunk)} there; to have it so here, type lattice init --trunk`,
    );
  }
  return reportChange(context, result);
}

function plan(
  repository: Repository,
  ownTrunk: string | null,
): { imported: ImportedDocument[]; trunk: string | null } {
  refuseUnfinished(repository);
  const config = readGraphiteConfig(repository);
  const trunk = config.trunk ?? ownTrunk;
  const nowMs = repository.system.clock.nowMs();
  return { imported: planImport(repository, { trunk, project: config.project, nowMs }), trunk };
}

/** What would be done. */
function report(context: CommandContext, repository: Repository, imported: readonly ImportedDocument[]): number {
  const { output } = context;
  if (output.json) {
    const updates = imported.map(({ branch, previous, document }) => {
      const { update, oid } = planDocument(document, { kind: "any" }, { branch, format: repository.objectFormat });
      return { ref: update.name, old: previous, new: oid };
    });
    output.value({ op: null, updates });
  } else {
    output.lines(imported.map(describe));
  }
  explain(context, imported, "would be imported");
  return EXIT_OK;
}

function describe({ branch, document: { parent, base, pr } }: ImportedDocument): string {
  const link = pr.state === "none" ? "no pull request" : `pull request ${pr.number}`;
  return `${branch}: on ${parent.name}${parent.kind === "trunk" ? " (trunk)" : ""}, from ${base.oid} on, ${link}`;
}

/** Says how many there are, and what of them has no place in our documents. */
function explain({ log }: CommandContext, imported: readonly ImportedDocument[], done: string): void {
  if (imported.length === 0) return log.info("there is nothing to import");
  log.info(`${imported.length} ${imported.length === 1 ? "document" : "documents"} ${done}`);
  log.info("left out, as lattice has no place for it: title, text, base and review of pull requests");
  for (const { branch, unlinked } of imported) {
    if (unlinked !== null) {
      log.warn(`left out: pull request ${unlinked} of ${JSON.stringify(branch)}, which has no URL`);
    }
  }
}
