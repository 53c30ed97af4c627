/**
 * The entries that `git reflog show` goes through: of one reflog, or of several, always the youngest next.
 *
 * @module
 */
import type { Oid } from "../../git/object_format.ts";
import { checkRefName } from "../../git/refs/names.ts";
import type { ReflogEntry } from "../../git/refs/store.ts";
import type { Repository } from "../../git/repository.ts";
import { completeReflogName } from "../../git/revisions/ref_names.ts";
import { isDamagedRef } from "./ref_item.ts";

/** One step of the walk. */
export interface WalkedEntry {
  readonly entry: ReflogEntry;
  /** How the reflog is called: as it was given, or in full where that was too short. */
  readonly name: string;
  /** Counted from the newest line, which is 0. */
  readonly number: number;
  /** Whether the number was asked for, so that no date stands in its place. */
  readonly numbered: boolean;
}

/** A reflog that takes part. */
interface Log {
  readonly name: string;
  readonly entries: readonly ReflogEntry[];
  readonly numbered: boolean;
  /** Index of the next entry; below 0: there is none. */
  next: number;
}

/**
 * Walks reflogs. As with git, a line whose new value is no commit of this repository is passed over, but counted.
 *
 * @param names As on the command line: a ref, or `<ref>@{<n>}`. What has no reflog gives nothing.
 * @param onBroken Called for lines that cannot be read, which do not count.
 */
export function* walkReflogs(
  repository: Repository,
  names: readonly string[],
  onBroken: (error: unknown) => void,
): Generator<WalkedEntry> {
  const known = new Map<string, Log>();
  const logs: Log[] = [];
  for (const name of names) {
    const log = openLog(repository, name, known, onBroken);
    if (log !== null) logs.push(log);
  }
  const isCommit = commitTest(repository);
  for (;;) {
    let youngest: Log | null = null;
    for (const log of logs) {
      while (log.next >= 0 && !isCommit(log.entries[log.next]!.new)) log.next--;
      if (log.next < 0) continue;
      if (youngest === null || log.entries[log.next]!.seconds > youngest.entries[youngest.next]!.seconds) {
        youngest = log;
      }
    }
    if (youngest === null) return;
    const { name, entries, numbered, next } = youngest;
    yield { entry: entries[next]!, name, number: entries.length - 1 - next, numbered };
    youngest.next--;
  }
}

function openLog(
  repository: Repository,
  given: string,
  known: Map<string, Log>,
  onBroken: (error: unknown) => void,
): Log | null {
  const mark = /^(.*?)@\{([0-9]*)\}$/s.exec(given);
  let name = mark === null ? given : mark[1]!;
  if (name === "") name = repository.refs.resolve("HEAD").name;
  const start = mark === null ? 0 : Number(mark[2]);
  let log = known.get(name) ?? null;
  if (log === null) {
    const found = findEntries(repository, name, onBroken);
    if (found === null) return null;
    log = { ...found, numbered: false, next: 0 };
    known.set(name, log);
  }
  return { ...log, numbered: mark !== null, next: log.entries.length - 1 - start };
}

/** Looks where git looks: the name as it stands, what it points to, below `refs/` and `refs/heads/`, then elsewhere. */
function findEntries(
  repository: Repository,
  name: string,
  onBroken: (error: unknown) => void,
): Pick<Log, "name" | "entries"> | null {
  const { refs } = repository;
  const read = (place: string) => {
    const entries = refs.readReflog(place, onBroken);
    return entries === null || entries.length === 0 ? null : entries;
  };
  if (checkRefName(name, { allowOneLevel: true }) !== null) return null;
  const target = targetOf(repository, name);
  const entries = read(name) ?? (target === null ? null : read(target)) ?? read(`refs/${name}`) ??
    read(`refs/heads/${name}`);
  if (entries !== null) return { name, entries };
  const full = completeReflogName(refs, name);
  const elsewhere = full === null ? null : read(full);
  return full === null || elsewhere === null ? null : { name: full, entries: elsewhere };
}

/** The ref that one leads to; `null`: there is none that leads to an object. */
function targetOf({ refs }: Repository, name: string): string | null {
  try {
    const end = refs.resolve(name);
    return end.oid === null ? null : end.name;
  } catch (error) {
    if (isDamagedRef(error)) return null;
    throw error;
  }
}

/** Many lines name the same commits. */
function commitTest({ objects, objectFormat }: Repository): (oid: Oid) => boolean {
  const known = new Map<Oid, boolean>([[objectFormat.zero, false]]);
  return (oid) => {
    let answer = known.get(oid);
    if (answer === undefined) known.set(oid, answer = objects.info(objects.replacementOf(oid))?.type === "commit");
    return answer;
  };
}
