/**
 * What must hold of branches that are pushed: their documents are sound, their parents are where they go, they stand
 * on their bases, and none of them is frozen.
 *
 * Branches without a document, deletions, tags and whatever else is no branch are not looked at. Nothing is asked of
 * the remote: what it has is told by what git says of the push and by the remote-tracking refs here.
 *
 * @module
 */
import type { Oid } from "../git/object_format.ts";
import { type Ancestry, openAncestry } from "../git/objects/ancestry.ts";
import type { Repository } from "../git/repository.ts";
import { currentBranch } from "../git/revisions/upstream.ts";
import type { BranchMetadata } from "../metadata/document.ts";
import { quote } from "../metadata/errors.ts";
import { MetadataStore } from "../metadata/store.ts";
import { isDamage, LatticeError } from "../platform/errors.ts";
import { shellWord } from "../platform/text.ts";
import { buildStack, frozenBranches } from "./model.ts";
import { type Push, type PushedRef, RemoteView } from "./push.ts";

/** A branch that is pushed, and the line of git's that says so. */
interface PushedBranch {
  /** Name here, by which it has a document. */
  readonly name: string;
  /** Name at the remote. */
  readonly remoteName: string;
  readonly line: PushedRef;
}

/** What the rules need beside the push. */
export interface RuleSurroundings {
  readonly repository: Repository;
  /** Name of the trunk; asked for only where it matters. */
  readonly trunk: () => Promise<string | null>;
  /** Told of what cannot be decided here and is let pass. */
  readonly onUndecided: (message: string) => void;
}

const HEADS = "refs/heads/";

/**
 * Judges a push.
 *
 * @returns What is wrong, in the order of git's lines: `invalid_data` for a document or an object that cannot be read,
 *   `not_found` with `details.rule` for a rule that is broken. Empty: nothing.
 * @throws {LatticeError} `invalid_data`: `HEAD` is damaged; `io`.
 */
export async function judgePush(surroundings: RuleSurroundings, push: Push): Promise<LatticeError[]> {
  const branches = pushedBranches(surroundings.repository, push);
  if (branches.length === 0) return [];
  return await new Judgement(surroundings, push).of(branches);
}

function pushedBranches(repository: Repository, push: Push): PushedBranch[] {
  const { zero } = repository.objectFormat;
  return push.refs.flatMap((line) => {
    if (line.localOid === zero || !line.remoteRef.startsWith(HEADS)) return [];
    const remoteName = line.remoteRef.slice(HEADS.length);
    return [{ name: localName(repository, line.localRef) ?? remoteName, remoteName, line }];
  });
}

/** The branch that git names as the source; `null`: it was given as something else, such as an object name. */
function localName(repository: Repository, localRef: string): string | null {
  if (localRef.startsWith(HEADS)) return localRef.slice(HEADS.length);
  return localRef === "HEAD" || localRef === "@" ? currentBranch(repository) : null;
}

class Judgement {
  readonly #repository: Repository;
  readonly #surroundings: RuleSurroundings;
  readonly #push: Push;
  readonly #remote: RemoteView;
  readonly #documents = new Map<string, BranchMetadata | LatticeError | null>();
  readonly #found: LatticeError[] = [];
  #ancestry: Ancestry | undefined;
  #frozen: ReadonlyMap<string, string> = new Map();

  constructor(surroundings: RuleSurroundings, push: Push) {
    this.#surroundings = surroundings;
    this.#repository = surroundings.repository;
    this.#push = push;
    this.#remote = new RemoteView(surroundings.repository, push);
  }

  async of(branches: readonly PushedBranch[]): Promise<LatticeError[]> {
    // A freeze may be that of a branch above, which only all documents tell; but a new branch moves nothing.
    if (branches.some((branch) => this.#moves(branch))) await this.#readAll();
    const judged = new Set<string>();
    for (const branch of branches) {
      const document = this.#documentOf(branch.name);
      const isAgain = judged.has(branch.name); // pushed to several names
      if (document instanceof LatticeError) {
        if (!isAgain) this.#found.push(document);
      } else if (document !== null) {
        if (!isAgain) await this.#judgeParent(branch, document);
        await this.#judgeBase(branch, document);
      }
      judged.add(branch.name);
      this.#judgeFreeze(branch);
    }
    return this.#found;
  }

  /** Whether the remote has the branch already, so that the push moves it. */
  #moves({ line }: PushedBranch): boolean {
    return line.remoteOid !== this.#repository.objectFormat.zero;
  }

  async #readAll(): Promise<void> {
    const store = new MetadataStore(this.#repository);
    const documents: BranchMetadata[] = [];
    // Documents of others that cannot be read are not this push's business; those that are pushed are told of.
    for (const { branch, metadata } of store.exportAll((branch, error) => this.#documents.set(branch, error))) {
      this.#documents.set(branch, metadata);
      documents.push(metadata);
    }
    if (!documents.some(({ freeze }) => freeze.state === "frozen")) return;
    this.#frozen = frozenBranches(buildStack(documents, await this.#surroundings.trunk()));
  }

  /** The document of a branch, what is wrong with it, or `null` when it has none. */
  #documentOf(branch: string): BranchMetadata | LatticeError | null {
    let known = this.#documents.get(branch);
    if (known === undefined) this.#documents.set(branch, known = this.#read(branch));
    return known;
  }

  #read(branch: string): BranchMetadata | LatticeError | null {
    try {
      return new MetadataStore(this.#repository).read(branch)?.metadata ?? null;
    } catch (error) {
      if (!(error instanceof LatticeError)) throw error;
      if (error.code === "usage") return null; // a name that no branch here can have
      return error;
    }
  }

  async #judgeParent({ name }: PushedBranch, { parent }: BranchMetadata): Promise<void> {
    if (parent.kind === "trunk" || this.#remote.has(parent.name)) return;
    const trunk = await this.#surroundings.trunk();
    if (parent.name === trunk || name === trunk) return;
    const remote = quote(this.#push.remote);
    this.#broken("parent_not_on_remote", name, {
      message: `branch ${quote(name)} is based on ${
        quote(parent.name)
      }, which is neither on ${remote} nor in this push`,
      hint: `push both at once, the parent first; or \`git fetch\` if ${remote} has it by now`,
      details: { parent: parent.name, remote: this.#push.remote },
    });
  }

  async #judgeBase({ name, line }: PushedBranch, { base }: BranchMetadata): Promise<void> {
    const answer = this.#isAncestor(base.oid, line.localOid);
    if (answer === "yes") return;
    if (answer instanceof LatticeError) {
      this.#found.push(answer);
    } else if (answer === "unknown") {
      this.#surroundings.onUndecided(
        `cannot tell whether branch ${quote(name)} contains its base ${base.oid}: the history that is here ends before`,
      );
    } else if (name !== await this.#surroundings.trunk()) {
      this.#broken("base_not_in_branch", name, {
        message: `branch ${quote(name)} is said to begin on ${base.oid}, and does not contain that commit`,
        hint: `it was rebased or reset: say on which commit it begins now, with \`lattice meta edit ${
          shellWord(name)
        } --base <rev>\``,
        details: { base: base.oid, tip: line.localOid },
      });
    }
  }

  #isAncestor(base: Oid, tip: Oid): "yes" | "no" | "unknown" | LatticeError {
    try {
      return (this.#ancestry ??= openAncestry(this.#repository)).isAncestor(base, tip);
    } catch (error) {
      if (isDamage(error)) return error;
      throw error;
    }
  }

  /** The branch of that name at the remote is what moves, and so is the branch here that it is a copy of. */
  #judgeFreeze(branch: PushedBranch): void {
    if (!this.#moves(branch)) return;
    for (const name of new Set([branch.name, branch.remoteName])) {
      const by = this.#frozen.get(name);
      if (by === undefined) continue;
      const freezer = this.#documentOf(by);
      const reason = freezer instanceof LatticeError || freezer?.freeze.state !== "frozen"
        ? null
        : freezer.freeze.reason;
      const whose = by === name ? "" : ` by the freeze of ${quote(by)}`;
      const why = reason === null ? "" : `: ${reason}`;
      this.#broken("frozen", name, {
        message: `branch ${quote(name)} is frozen${whose}, and this push would move ${quote(branch.remoteName)} on ${
          quote(this.#push.remote)
        }${why}`,
        hint: `\`lattice unfreeze ${shellWord(by)}\` lets it move again`,
        details: { frozen_by: by, reason },
      });
    }
  }

  #broken(
    rule: string,
    branch: string,
    { message, hint, details }: { message: string; hint: string; details: Record<string, unknown> },
  ): void {
    this.#found.push(new LatticeError("not_found", message, { hint, details: { rule, branch, ...details } }));
  }
}
