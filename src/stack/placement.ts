/**
 * Where a branch may stand: on which parent, and from which commit on. Whatever would make a cycle, or leave a branch
 * on a parent that is missing, is refused here, before anything is written; the caller holds the repository lock, so
 * that no other lattice changes a document between the check and the write.
 *
 * @module
 */
import type { Oid } from "../git/object_format.ts";
import type { Ancestry } from "../git/objects/ancestry.ts";
import type { Repository } from "../git/repository.ts";
import type { Parent } from "../metadata/document.ts";
import { quote } from "../metadata/errors.ts";
import type { MetadataStore } from "../metadata/store.ts";
import { LatticeError } from "../platform/errors.ts";
import { shellWord } from "../platform/text.ts";
import { tipOf } from "./read.ts";

/** What a placement is judged by. */
export interface Surroundings {
  readonly repository: Repository;
  readonly store: MetadataStore;
  readonly ancestry: Ancestry;
  /** Name of the trunk, or `null` where none is known. */
  readonly trunk: string | null;
}

/**
 * Makes sure that a branch can stand on a parent.
 *
 * @returns The parent as a document names it, and both tips.
 * @throws {LatticeError} `usage`: the branch is the trunk, or it would stand on itself, directly or by way of others;
 *   `not_found`: one of the two does not exist, or the parent is neither tracked nor the trunk; `invalid_data`: a
 *   document on the way down from the parent cannot be read, or the parents are in a cycle already.
 */
export function requireParent(
  surroundings: Surroundings,
  branch: string,
  name: string,
): { parent: Parent; tip: Oid; parentTip: Oid } {
  const { repository, store, trunk } = surroundings;
  store.refName(name); // is it a name at all
  if (branch === trunk) {
    throw new LatticeError("usage", `branch ${quote(branch)} is the trunk, which is based on nothing`, {
      hint: "lattice init --trunk <branch> makes another branch the trunk",
      details: { branch },
    });
  }
  const isTrunk = name === trunk;
  const tip = requireTip(repository, branch, false);
  const parentTip = requireTip(repository, name, isTrunk);
  if (!isTrunk) {
    refuseCycle(surroundings, branch, name);
    if (store.read(name) === undefined) throw untracked(name, trunk);
  }
  return { parent: { kind: isTrunk ? "trunk" : "branch", name }, tip, parentTip };
}

/**
 * The commit on which a branch begins: the newest that it shares with its parent. (Not the parent's tip, which may have
 * moved on since, so that the branch would not contain it.)
 *
 * @returns `null`: they share none, or the history that is here does not tell.
 */
export function baseOn({ ancestry }: Surroundings, tip: Oid, parentTip: Oid): Oid | null {
  return ancestry.mergeBase(tip, parentTip);
}

/**
 * Makes sure that a branch contains the commit on which it is said to begin. Where the history that is here does not
 * tell, the caller is believed.
 *
 * @throws {LatticeError} `usage`.
 */
export function requireAncestor({ ancestry }: Surroundings, branch: string, base: Oid, tip: Oid): void {
  if (ancestry.isAncestor(base, tip) !== "no") return;
  throw new LatticeError(
    "usage",
    `branch ${quote(branch)} does not begin on ${base}: it does not contain that commit`,
    {
      hint: "leave --base out to take the newest commit that the branch shares with its parent",
      details: { branch, base, tip },
    },
  );
}

/** The commit of a branch that must exist. @throws {LatticeError} `not_found`. */
function requireTip(repository: Repository, branch: string, isTrunk: boolean): Oid {
  const tip = tipOf(repository, branch, isTrunk);
  if (tip !== null) return tip;
  throw new LatticeError("not_found", `there is no branch ${quote(branch)}`, {
    hint: "lattice git for-each-ref refs/heads lists those that there are",
    details: { ref: `refs/heads/${branch}` },
  });
}

/** Follows the documents from the parent down to where a stack ends. */
function refuseCycle({ store, trunk }: Surroundings, branch: string, parent: string): void {
  const path = [branch];
  const seen = new Set<string>();
  for (let name: string | undefined = parent; name !== undefined && name !== trunk;) {
    path.push(name);
    if (name === branch) {
      const words = path.length === 2 ? "itself" : `${quote(parent)}, which is based on it`;
      throw new LatticeError("usage", `branch ${quote(branch)} cannot be based on ${words}`, {
        hint: path.length === 2
          ? "name another branch, or the trunk, as its parent"
          : `put ${quote(path.at(-2)!)} on another branch first: lattice track ${
            shellWord(path.at(-2)!)
          } --parent <branch>`,
        details: { branch, cycle: path.slice(0, -1) },
      });
    }
    if (seen.has(name)) {
      const cycle = path.slice(path.indexOf(name), -1);
      throw new LatticeError(
        "invalid_data",
        `branch ${quote(parent)} stands on a cycle: ${cycle.map(quote).join(" → ")}`,
        {
          hint: `take one out of it: lattice track ${shellWord(cycle[0]!)} --parent ${trunk ?? "<branch>"}`,
          details: { branch: parent, cycle },
        },
      );
    }
    seen.add(name);
    name = store.read(name)?.metadata.parent.name;
  }
}

function untracked(name: string, trunk: string | null): LatticeError {
  return new LatticeError("not_found", `branch ${quote(name)} is neither tracked nor the trunk`, {
    hint: trunk === null
      ? `no trunk is known; if it is the trunk: lattice init --trunk ${shellWord(name)}`
      : `track it first: lattice track ${shellWord(name)} --parent ${shellWord(trunk)}`,
    details: { branch: name, trunk },
  });
}
