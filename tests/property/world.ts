/**
 * The repository that generated programs work in, and the values that they write: a few branches, for each a few
 * commits and documents, all objects there from the beginning.
 *
 * @module
 */
import type { NewObject } from "../../src/git/objects/store.ts";
import { computeOid, framedObject, SHA1 } from "../../src/git/object_format.ts";
import { utf8 } from "../../src/platform/text.ts";
import { deflate } from "../../src/platform/zlib.ts";
import { EMPTY_REPOSITORY } from "../engine/engine_repository.ts";
import { SimDisk } from "../simulation/sim_disk.ts";
import { SimSystem } from "../simulation/sim_system.ts";
import { placeOf, worktreeFiles } from "../simulation/worktrees.ts";

/** Branches; two share a folder. */
export const BRANCHES = ["main", "b", "c/d", "c/e"] as const;

/** Branches of which most cannot be there together: one would be a folder of the other. */
export const CONFLICTING_BRANCHES = ["main", "b", "b/x", "b/x/y"] as const;

/** Branches that get documents together: so many that this is one new `packed-refs`, where none of them is loose. */
export const BATCH_BRANCHES: readonly string[] = Array.from({ length: 66 }, (_, i) => `m/${100 + i}`);

/** Lattice writes values below this number, git those from it on: so it can be told who wrote what. */
export const FIRST_GIT_VALUE = 5;

/** The linked worktrees of programs that have some. */
export const LINKED = ["w", "v"] as const;

/** Refs of which each worktree has its own. */
export const OWN_REFS = ["refs/worktree/own", "refs/bisect/bad"] as const;

/** How many values there are. */
export const VALUES = 8;

/** The metadata ref of a branch. */
export function metadataRef(branch: string): string {
  return `refs/branch-metadata/${branch}`;
}

/** The text of a document, as it is stored. */
export function documentText(branch: string, value: number): string {
  return JSON.stringify({
    kind: "lattice.branch-metadata",
    schema_version: 1,
    branch: { name: branch },
    parent: { kind: "trunk", name: "main" },
    base: { oid: "1".repeat(40) },
    freeze: { state: "frozen", scope: "single", reason: `value ${value}`, frozen_at: "2026-01-07T00:00:00Z" },
    pr: { state: "none" },
    timestamps: { created_at: "2026-01-07T00:00:00Z", updated_at: "2026-01-07T00:00:00Z" },
  });
}

/** The object that a ref gets as its n-th value: a document for a metadata ref, else a commit. */
export function valueOf(ref: string, value: number): NewObject {
  if (ref.startsWith("refs/branch-metadata/")) {
    return { type: "blob", content: utf8(documentText(ref.slice("refs/branch-metadata/".length), value)) };
  }
  const person = "T <t@example.com> 1 +0000";
  return { type: "commit", content: utf8(`tree ${EMPTY_TREE}\nauthor ${person}\ncommitter ${person}\n\n${value}\n`) };
}

/** The name of that object. */
export function oidOfValue(ref: string, value: number): string {
  const { type, content } = valueOf(ref, value);
  return computeOid(SHA1, type, content);
}

const EMPTY_TREE = computeOid(SHA1, "tree", new Uint8Array());

/** What refs hold at the beginning. */
export interface Beginning {
  /** By the place of the ref: the number of a value. */
  readonly values: Readonly<Record<string, number>>;
  /** Which of them are packed; those that are not are loose. */
  readonly packed: readonly string[];
  /** What `HEAD` holds in the main worktree and in each linked one, by its place; without it, there are no linked ones. */
  readonly heads?: Readonly<Record<string, string>>;
}

/** The refs of some branches. */
export function refsOf(branches: readonly string[]): string[] {
  return branches.flatMap((branch) => [`refs/heads/${branch}`, metadataRef(branch)]);
}

/** All refs that there may be objects for. */
const ALL_REFS = [
  ...new Set(refsOf([...BRANCHES, ...CONFLICTING_BRANCHES, ...BATCH_BRANCHES.slice(0, 2)])),
  ...[null, ...LINKED].flatMap((worktree) => OWN_REFS.map((ref) => placeOf(worktree, ref))),
];

/** The machine before the programs; everything on it is durable. */
export function makeMachine({ values, packed, heads }: Beginning, seed: number): SimSystem {
  const files: Record<string, string | Uint8Array | null> = { ...EMPTY_REPOSITORY };
  const plant = (type: string, content: Uint8Array): void => {
    const oid = computeOid(SHA1, type as NewObject["type"], content);
    files[`/r/.git/objects/${oid.slice(0, 2)}/${oid.slice(2)}`] = deflate(
      framedObject(type as NewObject["type"], content),
    );
  };
  plant("tree", new Uint8Array());
  for (const ref of ALL_REFS) {
    for (let value = 0; value < VALUES; value++) {
      const { type, content } = valueOf(ref, value);
      // Documents of lattice's are written by lattice; what git or the beginning refers to is there.
      if (type === "commit" || value >= FIRST_GIT_VALUE || values[ref] === value) plant(type, content);
    }
  }
  if (heads !== undefined) {
    for (const id of LINKED) Object.assign(files, worktreeFiles(id));
    for (const [place, value] of Object.entries(heads)) files[`/r/.git/${place}`] = `${value}\n`;
  }
  const lines: string[] = [];
  for (const ref of [...ALL_REFS].sort()) {
    const value = values[ref];
    if (value === undefined) continue;
    if (packed.includes(ref)) lines.push(`${oidOfValue(ref, value)} ${ref}\n`);
    else files[`/r/.git/${ref}`] = `${oidOfValue(ref, value)}\n`;
  }
  if (lines.length > 0) {
    files["/r/.git/packed-refs"] = `# pack-refs with: peeled fully-peeled sorted \n${lines.join("")}`;
  }
  return new SimSystem(SimDisk.fromTree(files), { seed, env: ENVIRONMENT, workingDirectory: "/r" });
}

const ENVIRONMENT = {
  HOME: "/home",
  GIT_AUTHOR_NAME: "T",
  GIT_AUTHOR_EMAIL: "t@example.com",
  GIT_COMMITTER_NAME: "T",
  GIT_COMMITTER_EMAIL: "t@example.com",
};
