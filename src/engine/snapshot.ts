/**
 * What all refs of all worktrees and every worktree's `HEAD` hold at one moment: where an operation of several
 * transactions began.
 *
 * As a file (`docs/formats.md`): a line `<name> <value>` for each ref, sorted by name, then a line `! <path>` for each
 * unfinished step of git's, such as a rebase. Names have no blanks, so the first one ends the name.
 *
 * @module
 */
import { hashHex } from "../platform/hash.ts";
import { isDamage, LatticeError } from "../platform/errors.ts";
import { bytesToName, compareNames, nameToBytes, sortByName } from "../platform/text.ts";
import type { Repository } from "../git/repository.ts";
import { nameEverywhere, ownName, seenFrom } from "./files_refs.ts";
import { valueText } from "./update.ts";

/** The refs of one moment. */
export interface Snapshot {
  /** Values as they stand in a journal, by the names that the worktree knows them by. */
  readonly refs: ReadonlyMap<string, string>;
  /** Refs that are there and cannot be read; never in a file. */
  readonly damaged: readonly string[];
  /** Unfinished steps of git's, as paths below the common dir: `rebase-merge`, `worktrees/w/MERGE_HEAD`. */
  readonly unfinished: readonly string[];
}

/** Refs of lattice's own, which no program that is watched may change. */
const OWN_PREFIX = "refs/lattice/";

/** Where each worktree has refs of its own. */
const OWN_FOLDERS = ["refs/bisect/", "refs/rewritten/", "refs/worktree/"];

/** Files and folders by which git knows that it is in the middle of something, and what that is. */
const UNFINISHED: Readonly<Record<string, string>> = {
  "rebase-merge": "a rebase",
  "rebase-apply": "a rebase",
  MERGE_HEAD: "a merge",
  CHERRY_PICK_HEAD: "a cherry-pick",
  REVERT_HEAD: "a revert",
  BISECT_LOG: "a bisection",
};

/** Says what an unfinished step is: `a rebase`. */
export function describeUnfinished(path: string): string {
  return UNFINISHED[path.slice(path.lastIndexOf("/") + 1)] ?? path;
}

/**
 * Looks at all refs now.
 *
 * @throws {LatticeError} `io`.
 */
export function takeSnapshot(repository: Repository): Snapshot {
  const refs = new Map<string, string>();
  const damaged: string[] = [];
  const noteDamaged = (name: string, error: unknown) => {
    // A ref that the disk does not give up is not damaged: what it holds is not known, so nothing can be concluded.
    if (!isDamage(error)) throw error;
    damaged.push(name);
  };
  for (const { name, value } of repository.refs.list("refs/", noteDamaged)) {
    if (!name.startsWith(OWN_PREFIX)) refs.set(name, valueText(value));
  }
  const unfinished: string[] = [];
  for (const { id, head, folder } of worktrees(repository)) {
    if (id !== repository.worktreeId) noteOwnRefs(repository, id, refs, noteDamaged);
    const value = readHead(repository, head);
    if (value !== null) refs.set(head, value);
    for (const name in UNFINISHED) {
      const path = folder === "" ? name : `${folder}/${name}`;
      if (repository.system.disk.lstat(`${repository.commonDir}/${path}`) !== null) unfinished.push(path);
    }
  }
  return { refs, damaged, unfinished };
}

/** Adds the refs of another worktree, by the names that they have in this one. */
function noteOwnRefs(
  repository: Repository,
  id: string | null,
  refs: Map<string, string>,
  noteDamaged: (name: string, error: unknown) => void,
): void {
  const there = seenFrom(repository, id).refs;
  for (const folder of OWN_FOLDERS) {
    const entries = there.list(folder, (name, error) => noteDamaged(nameEverywhere(id, name), error));
    for (const { name, value } of entries) refs.set(nameEverywhere(id, name), valueText(value));
  }
}

/** The worktrees that there are: their ids, what their `HEAD` is called here, and their folders below the common dir. */
function worktrees(repository: Repository): { id: string | null; head: string; folder: string }[] {
  const { system, commonDir } = repository;
  const linked = (system.disk.list(`${commonDir}/worktrees`) ?? []).filter(({ kind }) => kind === "directory");
  return [
    { id: null, head: ownName(repository, "main-worktree/HEAD"), folder: "" },
    ...linked.map(({ name: id }) => ({
      id,
      head: ownName(repository, `worktrees/${id}/HEAD`),
      folder: `worktrees/${id}`,
    })),
  ];
}

/** The value of a `HEAD`; `null`: that worktree has none that makes sense, and is left alone. */
function readHead(repository: Repository, name: string): string | null {
  try {
    const entry = repository.refs.read(name);
    return entry === null ? null : valueText(entry.value);
  } catch (error) {
    if (error instanceof LatticeError && (error.code === "invalid_data" || error.code === "usage")) return null;
    throw error;
  }
}

/** The bytes of a snapshot's file. */
export function encodeSnapshot({ refs, unfinished }: Snapshot): Uint8Array {
  const entries = sortByName([...refs], ([name]) => name);
  const lines = entries.map(([name, value]) => `${name} ${value}\n`);
  return nameToBytes(lines.concat([...unfinished].sort(compareNames).map((path) => `! ${path}\n`)).join(""));
}

/** What identifies a snapshot: the SHA-256 of its bytes, in hexadecimal digits. */
export function digestOf(bytes: Uint8Array): string {
  return hashHex("sha256", bytes);
}

/**
 * Reads a snapshot's file.
 *
 * @param digest What {@link digestOf} gave when it was written.
 * @throws {LatticeError} `invalid_data`: it is not what was written.
 */
export function decodeSnapshot(bytes: Uint8Array, digest: string, path: string): Snapshot {
  if (digestOf(bytes) !== digest) {
    throw new LatticeError("invalid_data", `the snapshot ${JSON.stringify(path)} is not what was written`, {
      hint: "restore it from a backup; without it the operation can only be ended by hand",
      details: { path },
    });
  }
  const refs = new Map<string, string>();
  const unfinished: string[] = [];
  for (const line of bytesToName(bytes).split("\n")) {
    if (line === "") continue;
    const blank = line.indexOf(" ");
    if (blank === 1 && line[0] === "!") unfinished.push(line.slice(2));
    else refs.set(line.slice(0, blank), line.slice(blank + 1));
  }
  return { refs, damaged: [], unfinished };
}

/** A ref that is not what it was. */
export interface Difference {
  readonly ref: string;
  /** As in a journal; `null`: it does not exist. */
  readonly old: string | null;
  readonly new: string | null;
  /** It is there and cannot be read. */
  readonly damaged?: true;
}

/**
 * What is different between two snapshots, sorted by ref.
 *
 * What belongs to a worktree that was added or removed meanwhile is not among it, its `HEAD` and its own refs: that goes
 * with the worktree's files, and without them it could be neither put back nor taken away.
 */
export function differences(before: Snapshot, after: Snapshot): Difference[] {
  const damaged = new Set(after.damaged);
  const found: Difference[] = after.damaged.map((ref) => {
    return { ref, old: before.refs.get(ref) ?? null, new: null, damaged: true };
  });
  for (const [ref, old] of before.refs) {
    if (damaged.has(ref)) continue;
    const now = after.refs.get(ref) ?? null;
    if (now !== old) found.push({ ref, old, new: now });
  }
  for (const [ref, now] of after.refs) {
    if (!before.refs.has(ref)) found.push({ ref, old: null, new: now });
  }
  const isThere = (head: string) => before.refs.has(head) && after.refs.has(head);
  const lasting = found.filter(({ ref }) => {
    const worktree = /^(?:main-worktree|worktrees\/[^/]+)\//.exec(ref)?.[0];
    return worktree === undefined || isThere(`${worktree}HEAD`);
  });
  return sortByName(lasting, ({ ref }) => ref);
}
