/**
 * Parents of commits as git sees them: replacements are followed, grafts put other parents in place, and a shallow
 * boundary has none.
 *
 * @module
 */
import type { Disk } from "../../platform/disk.ts";
import { LatticeError } from "../../platform/errors.ts";
import { bytesToName } from "../../platform/text.ts";
import { readBounded } from "../bounded_file.ts";
import { isOid, type ObjectFormat, type Oid } from "../object_format.ts";
import { parseCommitLinks } from "./commit.ts";
import { damagedFile } from "./damage.ts";
import type { ObjectStore } from "./store.ts";

/** Parents of a commit and who says so. */
export interface CommitParents {
  readonly parents: readonly Oid[];
  /** `shallow`: the history goes on, but not in this repository. */
  readonly source: "commit" | "graft" | "shallow";
  /** When it was committed, in seconds since 1970; 0 where it does not say so. */
  readonly seconds: number;
}

/** Answers questions about history. */
export interface History {
  /**
   * Parents of a commit.
   *
   * @throws {LatticeError} `not_found`: the commit is missing; `invalid_data`: it is damaged or no commit;
   *   `unsupported`: promised and not fetched.
   */
  commitParents(oid: Oid): CommitParents;
  /** Commits whose parents are left out on purpose. */
  shallowCommits(): ReadonlySet<Oid>;
  /** Whether some commits have other parents than they say: by a shallow boundary or by grafts. */
  isAltered(): boolean;
}

/**
 * Makes a history of a repository; `shallow` and `info/grafts` are read when they are first needed.
 *
 * @param commonDir The git directory that all worktrees share.
 */
export function openHistory(disk: Disk, commonDir: string, objects: ObjectStore): History {
  let shallow: ReadonlySet<Oid> | undefined;
  let grafts: ReadonlyMap<Oid, readonly Oid[]> | undefined;
  const graftedCommits = () => grafts ??= readGrafts(disk, commonDir, objects.format);
  const shallowCommits = () => shallow ??= readShallow(disk, commonDir, objects.format);

  return {
    shallowCommits,
    isAltered: () => shallowCommits().size > 0 || graftedCommits().size > 0,
    commitParents(oid) {
      const commit = objects.readReplaced(oid);
      if (commit === null) {
        throw new LatticeError("not_found", `commit ${oid} is missing`, {
          hint: "fetch it from a clone that has it",
          details: { oid },
        });
      }
      if (commit.type !== "commit") {
        throw new LatticeError("invalid_data", `object ${oid} is a ${commit.type}, not a commit`, {
          hint: "name a commit instead; lattice meta edit <branch> --base <rev> sets the base of a branch",
          details: { oid },
        });
      }
      const { parents, seconds } = parseCommitLinks(objects.format, commit.content, oid);
      if (shallowCommits().has(oid)) {
        return { parents: [], source: parents.length === 0 ? "commit" : "shallow", seconds };
      }
      const grafted = graftedCommits().get(oid);
      return grafted === undefined
        ? { parents, source: "commit", seconds }
        : { parents: grafted, source: "graft", seconds };
    },
  };
}

/**
 * Reads `<common dir>/shallow`: one object name a line.
 *
 * @throws {LatticeError} `invalid_data`: a line is something else.
 */
export function readShallow(disk: Disk, commonDir: string, format: ObjectFormat): Set<Oid> {
  const path = `${commonDir}/shallow`;
  const bytes = readBounded(disk, path);
  const commits = new Set<Oid>();
  if (bytes === null) return commits;
  for (const line of lines(bytes)) {
    const oid = line.slice(0, format.hexLength).toLowerCase();
    if (!isOid(format, oid)) throw damagedFile(path, `the line ${JSON.stringify(line)} is no object name`);
    commits.add(oid);
  }
  return commits;
}

/**
 * Reads `<common dir>/info/grafts`: a commit and its parents a line, lines that begin with `#` left out. Other lines
 * are ignored, as git ignores them, and so is a second one for the same commit.
 */
export function readGrafts(disk: Disk, commonDir: string, format: ObjectFormat): Map<Oid, readonly Oid[]> {
  const grafts = new Map<Oid, readonly Oid[]>();
  const bytes = readBounded(disk, `${commonDir}/info/grafts`);
  if (bytes === null) return grafts;
  for (const line of lines(bytes)) {
    const [commit, ...parents] = line.trimEnd().toLowerCase().split(" ");
    const isGraft = !line.startsWith("#") && [commit!, ...parents].every((name) => isOid(format, name));
    if (isGraft && !grafts.has(commit!)) grafts.set(commit!, parents);
  }
  return grafts;
}

function lines(bytes: Uint8Array): string[] {
  return bytesToName(bytes).split("\n").filter((line) => line !== "");
}
