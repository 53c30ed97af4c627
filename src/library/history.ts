/**
 * Questions about history for programs that use lattice as a library.
 *
 * @module
 */
import type { Oid } from "../git/object_format.ts";
import { type Ancestry, openAncestry } from "../git/objects/ancestry.ts";
import type { Repository } from "../git/repository.ts";

/**
 * How commits lead to each other. Commits are read once, however many questions are asked.
 *
 * @example Where does a branch begin?
 * ```ts
 * import { History, type Oid, type Repository } from "../mod.ts";
 *
 * function baseOf(repository: Repository, branch: string, parent: string): Oid | null {
 *   const tip = repository.refs.resolve(`refs/heads/${branch}`).oid;
 *   const parentTip = repository.refs.resolve(`refs/heads/${parent}`).oid;
 *   return tip === null || parentTip === null ? null : new History(repository).mergeBase(tip, parentTip);
 * }
 * ```
 */
export class History {
  readonly #ancestry: Ancestry;

  /**
   * Made for one repository.
   *
   * @param repository Whose history.
   */
  constructor(repository: Repository) {
    this.#ancestry = openAncestry(repository);
  }

  /**
   * The best common ancestor of two commits: the one that `git merge-base` prints.
   *
   * @returns `null`: there is none, or the history that is here (of a shallow clone) ends too early to tell.
   * @throws {LatticeError} `invalid_data`: a commit on the way is damaged, or one of the two is no commit; `io`.
   */
  mergeBase(one: Oid, two: Oid): Oid | null {
    return this.#ancestry.mergeBase(one, two);
  }

  /**
   * Whether a commit is another one, or an ancestor of it.
   *
   * @returns `unknown`: the history that is here (of a shallow clone) ends before the question is settled.
   * @throws {LatticeError} `invalid_data`: a commit on the way is damaged, or one of the two is no commit; `io`.
   */
  isAncestor(ancestor: Oid, descendant: Oid): "yes" | "no" | "unknown" {
    return this.#ancestry.isAncestor(ancestor, descendant);
  }
}
