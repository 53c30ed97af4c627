/**
 * Lock files that stand although nobody works: ours, known by the journal that they are a name of, and those of git and
 * of others, which nothing but their age and the processes of this machine tell about. A PID lock of the repository tells
 * by itself whose it is; one that names nobody is none of ours, and keeps every command out.
 *
 * @module
 */
import { listJournals } from "../../engine/journal.ts";
import { journalPath } from "../../engine/paths.ts";
import { isOurLock } from "../../engine/ref_locks.ts";
import { hintAboutHolder } from "../../locks/file_lock_errors.ts";
import { describeHolder, type LockHolder } from "../../locks/holder.ts";
import { inspectPidLock, pidLockPath } from "../../locks/pid_lock_file.ts";
import { childrenPath, latticeFolder, repoLockPath } from "../../locks/repo_lock.ts";
import type { FileStat } from "../../platform/disk.ts";
import { LatticeError } from "../../platform/errors.ts";
import { bytesToName, utf8 } from "../../platform/text.ts";
import { type Check, type Examination, shownPath } from "../examination.ts";
import { type Finding, findingId, plural, quote } from "../finding.ts";
import { type OpenFiles, openFilesOf } from "../open_files.ts";
import { lookAt, moveAside, removeLock, type SeenFile } from "../seen_file.ts";

/** A younger lock is taken for one that is in use, in milliseconds: git holds none for so long. */
const YOUNG_MS = 60_000;

/** Files of the git directory that lock something, beside `*.lock`. */
const OTHER_LOCKS = ["gc.pid", "packed-refs.new"];

/** Folders in which locks stand, below a git directory. Refs are walked to their depth, the others are not. */
const FOLDERS: readonly { name: string; deep: boolean }[] = [
  { name: "", deep: false },
  { name: "refs", deep: true },
  { name: "logs", deep: true },
  { name: "info", deep: false },
  { name: "objects/info", deep: false },
  { name: "objects/pack", deep: false },
  { name: "reftable", deep: false },
];

/** What may have a PID lock file beside it; that of a dead process is taken over by the next command. */
const PID_LOCKED: readonly ((commonDir: string) => string)[] = [repoLockPath, childrenPath];

/** Looks for locks in all git directories. */
export const STALE_LOCKS: Check = {
  name: "stale-locks",
  kinds: {
    "lock.ours": "a lock of a lattice command that ended without taking it away",
    "lock.stale": "a lock of git's or of another program, older than a minute and open in no process that can be seen",
    "lock.held":
      "a lock older than a minute that a living process has open, that a git in this repository may hold, or " +
      "that names a process of which nothing can be told from here",
  },
  *examine(examination) {
    for (const { gitDir } of examination.worktrees) {
      for (const { name, deep } of FOLDERS) {
        for (const path of locksIn(examination, name === "" ? gitDir : `${gitDir}/${name}`, deep)) {
          const seen = lookAt(examination.system.disk, path);
          const finding = seen === null ? null : judge(examination, seen);
          if (finding !== null) yield finding;
        }
      }
    }
    for (const locked of PID_LOCKED) {
      const finding = pidLock(examination, locked(examination.repository.commonDir));
      if (finding !== null) yield finding;
    }
  },
};

/** @param locked What the PID lock file stands beside. */
function pidLock(examination: Examination, locked: string): Finding | null {
  const { system, repository, nowMs } = examination;
  // Through what stands in the folder's place nothing is looked at; a check of its own tells of it.
  if (system.disk.lstat(latticeFolder(repository.commonDir))?.kind !== "directory") return null;
  const seen = lookAt(system.disk, pidLockPath(locked));
  const facts = inspectPidLock(system, locked);
  if (seen === null || facts === null || facts.verdict !== "unknown") return null;
  const ageMs = nowMs - Number(seen.stat.mtimeNs / 1_000_000n);
  if (ageMs < YOUNG_MS) return null;
  return facts.holder === null
    ? foreignLock(examination, seen, ageMs, "lock")
    : pidLockOfUnknown(examination, seen, facts.holder);
}

function pidLockOfUnknown(examination: Examination, { path }: SeenFile, holder: LockHolder): Finding {
  const subject = shownPath(examination, path);
  return {
    id: findingId("lock.held", subject),
    severity: "note",
    subject,
    evidence: `${quote(subject)} is held by ${describeHolder(holder)}; ${hintAboutHolder(path, holder, false)}`,
    fix: null,
  };
}

function* locksIn(examination: Examination, folder: string, deep: boolean): Generator<string> {
  for (const { name, kind } of examination.system.disk.list(folder) ?? []) {
    const path = `${folder}/${name}`;
    if (kind === "directory") {
      if (deep) yield* locksIn(examination, path, deep);
    } else if (name.endsWith(".lock") || OTHER_LOCKS.includes(name)) {
      yield path;
    }
  }
}

function judge(examination: Examination, seen: SeenFile): Finding | null {
  const op = operationOf(examination, seen);
  if (op !== null) return examination.busy ? null : ourLock(examination, seen, op);
  const ageMs = examination.nowMs - Number(seen.stat.mtimeNs / 1_000_000n);
  return ageMs < YOUNG_MS ? null : foreignLock(examination, seen, ageMs);
}

/** The operation whose journal a lock is a name of, or whose first line it holds. */
function operationOf({ system, repository }: Examination, { path, stat, head }: SeenFile): string | null {
  if (stat.kind !== "file" || head === null) return null;
  const end = head.indexOf(10) + 1;
  const op = /"op_id":"([0-9a-f-]{36})"/.exec(bytesToName(head.subarray(0, end)))?.[1];
  if (op === undefined || !listedJournals(system, repository.commonDir).includes(op)) return null;
  const journal = lookAt(system.disk, journalPath(repository.commonDir, op));
  const firstLine = journal?.head?.subarray(0, journal.head.indexOf(10) + 1) ?? utf8("");
  if (journal === null || firstLine.length === 0) return null;
  const { device, inode } = journal.stat;
  return isOurLock(system, path, { device, inode, firstLine }) ? op : null;
}

function listedJournals(system: Examination["system"], commonDir: string): readonly string[] {
  try {
    return listJournals(system, commonDir);
  } catch (error) {
    if (error instanceof LatticeError && error.code !== "internal") return []; // a finding of its own
    throw error;
  }
}

function ourLock(examination: Examination, seen: SeenFile, op: string): Finding {
  const subject = shownPath(examination, seen.path);
  return {
    id: findingId("lock.ours", subject),
    severity: "error",
    subject,
    evidence: `${quote(subject)} is a lock of operation ${op}, and nobody holds the repository lock`,
    fix: {
      preview: `remove ${quote(subject)}, once operation ${op} is brought to its end`,
      repair: {
        kind: "refs",
        run: () => {
          // Recovery took it where the operation was unfinished; a power cut may bring back one of an ended one.
          if (lookAt(examination.system.disk, seen.path) === null) return;
          if (operationOf(examination, seen) !== op) return;
          moveAside(examination.system, examination.repository.commonDir, seen);
        },
      },
    },
  };
}

/** @param kind How it is taken away: `lock` where nobody can take the repository lock before that. */
function foreignLock(
  examination: Examination,
  seen: SeenFile,
  ageMs: number,
  kind: "files" | "lock" = "files",
): Finding {
  const { system, repository } = examination;
  const subject = shownPath(examination, seen.path);
  const files = examination.openFiles();
  const users = usersOf(examination, files, seen.path, kind);
  const what = `${quote(subject)} is ${showAge(ageMs)} old and has ${plural(seen.stat.size, "byte")}${
    owner(seen.stat)
  }`;
  if (users !== null) {
    return {
      id: findingId("lock.held", subject),
      severity: "note",
      subject,
      evidence: `${what}; ${users}`,
      fix: null,
    };
  }
  const seenBy = files.known ? "no process that can be seen here has it open" : "who has it open cannot be seen here";
  return {
    id: findingId("lock.stale", subject),
    severity: "warning",
    subject,
    evidence: `${what}; ${seenBy}`,
    fix: {
      preview: `move ${quote(subject)} to lattice/aside/, where it is unchanged and nobody has it open`,
      repair: {
        kind,
        run: () => {
          const now = usersOf(examination, openFilesOf(system), seen.path, kind);
          if (now !== null) {
            throw new LatticeError("locked", `${quote(subject)}: ${now}`, {
              hint: "wait until that has ended, then run `lattice doctor` again",
              details: { path: seen.path, holder: null },
            });
          }
          if (kind === "lock" && seen.stat.size === 0) removeLock(system, seen);
          else moveAside(system, repository.commonDir, seen);
        },
      },
    },
  };
}

/** Who may still need a lock, in words; `null`: nobody who can be seen. A lock of lattice's no git needs. */
function usersOf(
  { repository, worktrees }: Examination,
  files: OpenFiles,
  path: string,
  kind: "files" | "lock",
): string | null {
  const holders = files.holders(path);
  if (holders.length > 0) return `${holders.join(", ")} has it open`;
  if (kind === "lock") return null;
  const folders = [repository.workDir, ...worktrees.map(({ gitDir }) => gitDir)].filter((folder) => folder !== null);
  const gits = files.gitsIn(folders);
  return gits.length === 0 ? null : `${gits.join(", ")} works in this repository`;
}

function owner({ uid }: FileStat): string {
  return `, of user ${uid}`;
}

function showAge(ageMs: number): string {
  const minutes = Math.floor(ageMs / 60_000);
  if (minutes < 120) return plural(minutes, "minute");
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? plural(hours, "hour") : plural(Math.floor(hours / 24), "day");
}
