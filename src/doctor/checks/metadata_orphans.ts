/**
 * Metadata that `git branch -m` and `git branch -D` leave behind. A left-over of `a` keeps metadata of `a/b` from being
 * stored.
 *
 * Where a reflog tells that the branch was renamed, its document goes with it, and the documents that call it their
 * parent follow; else it is deleted. Either is an operation that can be undone. A document of another tool is left.
 *
 * @module
 */
import type { RefUpdate } from "../../engine/update.ts";
import type { Oid } from "../../git/object_format.ts";
import type { NewObject } from "../../git/objects/store.ts";
import type { BranchMetadata } from "../../metadata/document.ts";
import { planDocument, planRemoval } from "../../metadata/plan.ts";
import { METADATA_PREFIX, metadataRef } from "../../metadata/ref_name.ts";
import { MetadataStore, type StoredMetadata } from "../../metadata/store.ts";
import { LatticeError } from "../../platform/errors.ts";
import type { Check, Examination } from "../examination.ts";
import { type Finding, findingId, type Fix, plural, quote } from "../finding.ts";

/** Entries of each branch's reflog that are searched for a renaming, newest first. */
const REFLOG_ENTRIES_MAX = 200;

/** Compares the documents with the branches. */
export const METADATA_ORPHANS: Check = {
  name: "metadata-orphans",
  listsRefs: true,
  kinds: { "metadata.orphaned": "a branch is gone, by `git branch -m` or `-D`, and its metadata is still there" },
  *examine(examination) {
    const branches = branchNames(examination);
    const documents = new Map<string, StoredMetadata>();
    const store = new MetadataStore(examination.repository);
    // What cannot be read is found by other checks, and is not deleted here.
    for (const stored of store.exportAll(() => {})) documents.set(stored.branch, stored);
    const orphans = [...documents.values()].filter(({ branch }) => !branches.has(branch));
    if (orphans.length === 0) return;
    const renamed = findRenamings(examination, branches, documents);
    for (const stored of orphans) yield orphan(examination, stored, renamed.get(stored.branch), branches, documents);
  },
};

/** Branches that exist, damaged or not. */
function branchNames(examination: Examination): Set<string> {
  const { refs, broken } = examination.loose();
  const names = [...refs.keys(), ...broken.map(({ name }) => name), ...examination.packed().byName.keys()];
  if (examination.repository.refStorage !== "files") {
    for (const { name } of examination.repository.refs.list("refs/heads/", () => {})) names.push(name);
  }
  return new Set(names.filter((name) => name.startsWith("refs/heads/")).map((name) => name.slice(11)));
}

/** What branches without metadata were called before, by old name. */
function findRenamings(
  { repository }: Examination,
  branches: ReadonlySet<string>,
  documents: ReadonlyMap<string, StoredMetadata>,
): Map<string, string> {
  const renamed = new Map<string, string>();
  for (const branch of branches) {
    if (documents.has(branch)) continue;
    const from = formerName(repository.refs.readReflog(`refs/heads/${branch}`, () => {}) ?? [], branch);
    if (from !== null) renamed.set(from, branch);
  }
  return renamed;
}

function formerName(entries: readonly { message: string }[], branch: string): string | null {
  for (const { message } of entries.slice(-REFLOG_ENTRIES_MAX).reverse()) {
    const match = /^Branch: renamed refs\/heads\/(.+) to refs\/heads\/(.+)$/.exec(message);
    if (match !== null && match[2] === branch) return match[1]!;
  }
  return null;
}

function orphan(
  examination: Examination,
  stored: StoredMetadata,
  heir: string | undefined,
  branches: ReadonlySet<string>,
  documents: ReadonlyMap<string, StoredMetadata>,
): Finding {
  const { branch } = stored;
  const blocked = [...branches].filter((name) => name.startsWith(`${branch}/`) || branch.startsWith(`${name}/`));
  const blocks = blocked.length === 0 ? "" : `; it keeps metadata of ${quote(blocked[0]!)} from being stored`;
  const evidence = heir === undefined
    ? `${quote(stored.ref)} is there, and no branch ${quote(branch)}${blocks}`
    : `branch ${quote(branch)} was renamed to ${quote(heir)}, which has no metadata${blocks}`;
  return {
    id: findingId("metadata.orphaned", branch),
    severity: "warning",
    subject: branch,
    evidence,
    fix: heir === undefined ? removal(stored) : inheritance(examination, stored, heir, documents),
  };
}

function removal({ branch, oid, ref }: StoredMetadata): Fix {
  return {
    preview: `delete ${quote(ref)}; \`lattice undo\` brings it back`,
    repair: {
      kind: "refs",
      run: (writer) => {
        refuseLivingBranch(writer.repository.refs.read(`refs/heads/${branch}`) !== null, branch);
        writer.transact({
          updates: [planRemoval(branch, { kind: "exactly", oid })],
          objects: [],
          message: `lattice: delete metadata of ${branch}, which is gone`,
          purpose: "operation",
        });
      },
    },
  };
}

function inheritance(
  { repository }: Examination,
  stored: StoredMetadata,
  heir: string,
  documents: ReadonlyMap<string, StoredMetadata>,
): Fix {
  const { branch, oid, metadata } = stored;
  const children = [...documents.values()].filter(({ metadata }) => metadata.parent.name === branch);
  const context = (name: string) => ({ branch: name, format: repository.objectFormat });
  const moved: { document: BranchMetadata; old: Oid | null }[] = [
    { document: { ...metadata, branch: { name: heir } }, old: null },
    ...children.map((child) => ({
      document: { ...child.metadata, parent: { ...child.metadata.parent, name: heir } },
      old: child.oid,
    })),
  ];
  return {
    preview: `move its document to ${quote(metadataRef(heir))}` +
      (children.length === 0 ? "" : `, and name it as the parent of ${plural(children.length, "branch", "branches")}`),
    repair: {
      kind: "refs",
      run: (writer) => {
        refuseLivingBranch(writer.repository.refs.read(`refs/heads/${branch}`) !== null, branch);
        const updates: RefUpdate[] = [planRemoval(branch, { kind: "exactly", oid })];
        const objects: NewObject[] = [];
        for (const { document, old } of moved) {
          const expect = old === null ? { kind: "absent" } as const : { kind: "exactly", oid: old } as const;
          const plan = planDocument(document, expect, context(document.branch.name));
          updates.push(plan.update);
          objects.push(plan.object);
        }
        writer.transact({
          updates,
          objects,
          message: `lattice: metadata of ${branch} follows to ${heir}`,
          purpose: "operation",
        });
      },
    },
  };
}

function refuseLivingBranch(lives: boolean, branch: string): void {
  if (!lives) return;
  throw new LatticeError("cas_failed", `branch ${quote(branch)} is there again`, {
    hint: "run `lattice doctor` again",
    details: { ref: `${METADATA_PREFIX}${branch}` },
  });
}
