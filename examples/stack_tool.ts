/**
 * A tool for stacked branches: remembers on which branch each one stands, and from which commit on.
 *
 *     stack_tool.ts track <branch> <parent>   puts a branch on a parent
 *     stack_tool.ts restack                   follows what git did since: rebases, merged branches that are gone
 *
 * Rebasing is git's work. What is remembered is brought up to date in one operation (`lattice undo` takes it back), and
 * only if the branches are still where they were when it was worked out.
 */
import process from "node:process";
import { CasFailedError, type Change, createMetadata, editMetadata, History } from "../src/mod.ts";
import { MetadataStore, type Oid, openRepository, type StoredMetadata, transact } from "../src/mod.ts";

const TRUNK = "main";
const ATTEMPTS_MAX = 5;
const repository = openRepository();
const store = new MetadataStore(repository);
const history = new History(repository);

/** The branches that a decision was made by; if one of them has moved meanwhile, the decision does not hold. */
class Tips {
  readonly #seen = new Map<string, Oid | null>();

  of(branch: string): Oid | null {
    const ref = `refs/heads/${branch}`;
    if (!this.#seen.has(ref)) this.#seen.set(ref, repository.refs.resolve(ref).oid);
    return this.#seen.get(ref)!;
  }

  baseOf(branch: string, parent: string): Oid {
    const [tip, parentTip] = [this.of(branch), this.of(parent)];
    const base = tip === null || parentTip === null ? null : history.mergeBase(tip, parentTip);
    if (base === null) throw new Error(`${branch} and ${parent} share no commit`);
    return base;
  }

  checks(): Change[] {
    return [...this.#seen].map(([ref, expected]) => ({ kind: "check-ref", ref, expected }));
  }
}

function place(tips: Tips, branch: string, parentName: string, stored: StoredMetadata | undefined): Change[] {
  const base = tips.baseOf(branch, parentName);
  if (parentName === stored?.metadata.parent.name && base === stored.metadata.base.oid) return [];
  const parent = { kind: parentName === TRUNK ? "trunk" : "branch", name: parentName } as const;
  const to = stored === undefined
    ? createMetadata(branch, parent, base, Date.now())
    : editMetadata(stored.metadata, { parent, base }, Date.now());
  return [{ kind: "set-metadata", branch, to, expected: stored?.oid ?? null }];
}

function restack(tips: Tips): Change[] {
  const all = new Map(Array.from(store.exportAll(), (stored) => [stored.branch, stored]));
  return [...all.values()].flatMap((stored): Change[] => {
    const { branch, oid, metadata } = stored;
    if (tips.of(branch) === null) return [{ kind: "delete-metadata", branch, expected: oid }];
    let parent = metadata.parent.name; // the nearest one below that is still there
    for (let steps = 0; steps < all.size && tips.of(parent) === null; steps++) {
      parent = all.get(parent)?.metadata.parent.name ?? TRUNK;
    }
    return place(tips, branch, parent, stored);
  });
}

/** Works out what to change and does it; where somebody was faster, both again. */
async function carryOut(command: string, plan: (tips: Tips) => Change[]): Promise<void> {
  for (let attempt = 1;; attempt++) {
    const tips = new Tips();
    const changes = plan(tips);
    try {
      if (changes.length > 0) await transact(repository, [...changes, ...tips.checks()], { command });
      for (const change of changes) if ("branch" in change) console.log(`${change.kind} ${change.branch}`);
      return;
    } catch (error) {
      if (!(error instanceof CasFailedError) || attempt === ATTEMPTS_MAX) throw error;
    }
  }
}

try {
  const [verb, branch, parent] = process.argv.slice(2);
  if (verb === "track" && branch !== undefined && parent !== undefined) {
    await carryOut(`track ${branch} ${parent}`, (tips) => place(tips, branch, parent, store.read(branch)));
  } else if (verb === "restack") await carryOut("restack", restack);
  else throw new Error("usage: stack_tool.ts track <branch> <parent> | restack");
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
