/**
 * A lock by a file that names its holder: `<file>.lock`. It works wherever a hard link is atomic, on network file systems
 * too, and outlives a holder that is killed, whose lock is then taken over.
 *
 * The file is written and flushed under a temporary name and linked into place: so it is never seen empty, not even
 * after a power cut, and of many who link one succeeds.
 *
 * **Taking over.** Between the moment at which a lock is found to be a dead process's and the moment at which it is
 * replaced, somebody else may have replaced it. So whoever wants to replace the lock with the token T first takes the
 * lock `<file>.lock.T`, which is a lock file of the same kind, looks again, removes only what still has the token T, and
 * links its own into place. A token never comes back. Whoever dies in between leaves a `<file>.lock.T` that is taken over
 * in the same way.
 *
 * **Removing.** Of a release and of a takeover alike `proven_removal.ts` sees to it that no other lock is removed.
 *
 * Where this is shown: `tests/locks/pid_lock_file.test.ts`, `tests/locks/takeover.test.ts`,
 * `tests/locks/broken_lock.test.ts`.
 *
 * @module
 */
import { isDiskError } from "../platform/disk.ts";
import type { System } from "../platform/system.ts";
import { decodeUtf8, utf8 } from "../platform/text.ts";
import { CreateFailedError, ReadFailedError, ReleaseFailedError } from "./file_lock_errors.ts";
import { judgeProcess, type LockHolder, type Verdict } from "./holder.ts";
import type { HeldLock, LockBackend, Refusal } from "./lock_backend.ts";
import { LOCK_TEXT_BYTES_MAX, type LockText, newLockText, parseLockText, renderLockText } from "./lock_text.ts";
import { removeIfMeant } from "./proven_removal.ts";
import { sweepTemporaryFiles, temporaryPath } from "./temporary_file.ts";

/** Attempts that meet a lock which changes under their eyes; more in a row do not happen without somebody's malice. */
const ATTEMPTS_MAX = 100;

/** Permissions of group and others. A lock without any is its owner's alone, whose permissions it has whole. */
const GROUP_AND_OTHERS = 0o077;

/** Its owner must be able to read a lock whatever umask the holder had, to give it back and to take it over. */
const OWNER_READS = 0o400;

/** The lock file of a file. */
export function pidLockPath(path: string): string {
  return `${path}.lock`;
}

/**
 * Locks by a lock file.
 *
 * @param path What is locked; the lock file stands beside it.
 * @param command What the holder is doing, for messages.
 * @param mode Permissions of the lock file, less what the umask takes; those for the owner alone are kept whole, and its
 *   owner can always read it.
 */
export function pidLockBackend(system: System, path: string, command: string, mode: number): LockBackend {
  const lockPath = pidLockPath(path);
  return {
    name: "pid",
    path: lockPath,
    tryTake() {
      const outcome = tryTake({ system, base: lockPath, command, mode }, lockPath);
      if ("held" in outcome) sweepUnder(system, lockPath, outcome.held);
      return outcome;
    },
  };
}

/** What a lock file says. */
export interface PidLockFacts {
  /** Whom it names; `null`: nobody. */
  readonly holder: LockHolder | null;
  /** Whether that one lives. */
  readonly verdict: Verdict;
}

/**
 * What the lock file of a file says; `null`: there is none.
 *
 * @param path What is locked.
 * @throws {ReadFailedError}
 */
export function inspectPidLock(system: System, path: string): PidLockFacts | null {
  const found = read(system, pidLockPath(path));
  if (found === null) return null;
  const text = parseLockText(found);
  return text === null ? { holder: null, verdict: "unknown" } : { holder: text.holder, verdict: judge(system, text) };
}

/** Sweeps while the lock is held; where that fails nothing is held. */
function sweepUnder(system: System, lockPath: string, held: HeldLock): void {
  try {
    sweepBesideLock(system, lockPath);
  } catch (cause) {
    held.release();
    throw cause instanceof ReadFailedError ? cause : new CreateFailedError(lockPath, cause);
  }
}

/** What an attempt works with. */
interface Attempt {
  readonly system: System;
  /** The lock file itself, from whose name those of the takeovers are made. */
  readonly base: string;
  readonly command: string;
  readonly mode: number;
}

type Outcome = { readonly held: HeldLock } | { readonly refusal: Refusal };

function tryTake(attempt: Attempt, path: string): Outcome {
  for (let made = 0; made < ATTEMPTS_MAX; made++) {
    const found = read(attempt.system, path);
    if (found === null) {
      const held = create(attempt, path);
      if (held !== null) return { held };
      continue; // somebody was faster; see who
    }
    const text = parseLockText(found);
    if (text === null) return { refusal: { holder: null, isKnownToLive: false, garbled: found } };
    const verdict = judge(attempt.system, text);
    if (verdict !== "gone" || text.token === null) {
      return { refusal: { holder: text.holder, isKnownToLive: verdict === "lives" } };
    }
    const taken = takeOver(attempt, path, text, text.token);
    if (taken !== null) return taken;
  }
  return { refusal: { holder: null, isKnownToLive: true } };
}

function judge(system: System, { identity, holder }: LockText): ReturnType<typeof judgeProcess> {
  return judgeProcess(system, identity, holder.host === system.host.hostName);
}

/** The lock file's text; `null`: there is none. */
function read(system: System, path: string): string | null {
  return look(system, path)?.text ?? null;
}

/** The lock file's text and inode; `null`: there is none. */
function look(system: System, path: string): { readonly text: string; readonly inode: bigint } | null {
  try {
    const stat = system.disk.lstat(path);
    if (stat === null) return null;
    const { kind, inode } = stat;
    // Whatever else stands there is not read: a pipe would not answer, and a link may lead anywhere.
    if (kind !== "file") return { text: `(${kind})`, inode };
    const bytes = system.disk.readFile(path, LOCK_TEXT_BYTES_MAX);
    return bytes === null ? null : { text: decodeUtf8(bytes) ?? "", inode };
  } catch (cause) {
    throw new ReadFailedError(path, cause);
  }
}

/** As {@link look}, twice if need be: a lock that is left for one failing call keeps others out while this process lives. */
function lookPatiently(system: System, path: string): ReturnType<typeof look> {
  try {
    return look(system, path);
  } catch (error) {
    if (!(error instanceof ReadFailedError)) throw error;
    return look(system, path);
  }
}

/** Whether the lock file at a path has this token. */
function hasToken(system: System, path: string, token: string): boolean {
  return parseLockText(read(system, path) ?? "")?.token === token;
}

/** Whether the lock file at a path is that of a process that died. */
function isOfTheDead(system: System, path: string): boolean {
  const text = parseLockText(read(system, path) ?? "");
  return text !== null && judge(system, text) === "gone";
}

/** Makes the lock. `null`: somebody has made it meanwhile. */
function create(attempt: Attempt, path: string): HeldLock | null {
  return withTemporary(
    attempt,
    (temporary) => linkInPlace(attempt.system, temporary, path),
    path,
    null,
  );
}

/** @returns Whether nothing stood there. */
function linkInPlace({ disk }: System, temporary: string, path: string): boolean {
  try {
    disk.link(temporary, path);
  } catch (error) {
    if (isDiskError(error, "EEXIST")) return false;
    throw error;
  }
  return true;
}

/**
 * Replaces the lock of a process that died.
 *
 * @param token The token of that lock.
 * @returns `null`: it is another lock by now. A refusal: somebody else is taking over.
 */
function takeOver(attempt: Attempt, path: string, dead: LockText, token: string): Outcome | null {
  const { system, base } = attempt;
  const guard = tryTake(attempt, `${base}.${token}`);
  if ("refusal" in guard) {
    const { holder, isKnownToLive } = guard.refusal;
    return { refusal: { holder, isKnownToLive } };
  }
  try {
    if (!hasToken(system, path, token)) return null;
    const held = withTemporary(
      attempt,
      // In between, the lock is free for whoever comes: then that one has it.
      (temporary) =>
        removeIfMeant(system, path, (at) => hasToken(system, at, token)) && linkInPlace(system, temporary, path),
      path,
      dead,
    );
    return held === null ? null : { held };
  } finally {
    guard.held.release();
  }
}

/** Writes a lock under a temporary name and has it put in place; nothing of that name stays. */
function withTemporary(
  { system, base, command, mode }: Attempt,
  place: (temporary: string) => boolean,
  path: string,
  dead: LockText | null,
): HeldLock | null {
  const { disk } = system;
  const temporary = temporaryPath(system, path);
  let held: HeldLock | null = null;
  const text = newLockText(system, command);
  try {
    const file = disk.create(temporary, mode);
    try {
      const { inode, mode: given } = file.stat();
      const wanted = (mode & GROUP_AND_OTHERS) === 0 ? mode : given | OWNER_READS;
      if (wanted !== given) disk.chmod(temporary, wanted);
      file.write(utf8(renderLockText(text)));
      file.sync(); // a lock that a power cut leaves must say whose it was
      if (place(temporary)) {
        held = heldLock(system, path, { inode, token: text.token! }, { dead, isTakeover: path !== base });
      }
    } finally {
      file.close();
      unlinkIfThere(system, temporary);
    }
  } catch (cause) {
    held?.release();
    throw new CreateFailedError(path, cause);
  }
  return held;
}

/** A lock that stands. */
function heldLock(
  system: System,
  path: string,
  { inode, token }: { inode: bigint; token: string },
  { dead, isTakeover }: { dead: LockText | null; isTakeover: boolean },
): HeldLock {
  let released = false;
  return {
    takenOverFrom: dead?.holder ?? null,
    release() {
      if (released) return;
      released = true;
      let wasOurs: boolean;
      try {
        wasOurs = removeIfMeant(system, path, (at) => {
          const found = lookPatiently(system, at);
          return found?.inode === inode && parseLockText(found.text)?.token === token;
        });
      } catch (cause) {
        throw new ReleaseFailedError(path, cause instanceof ReadFailedError ? cause.cause : cause);
      }
      // Of a takeover that has become pointless the file may be swept, and made again by another one who comes late.
      if (!wasOurs && !isTakeover) throw new ReleaseFailedError(path);
    },
  };
}

function unlinkIfThere(system: System, path: string): void {
  try {
    system.disk.unlink(path);
  } catch (error) {
    if (!isDiskError(error, "ENOENT")) throw error; // renamed into place
  }
}

/**
 * Removes what dead processes left beside a lock: temporary files, and locks by which one was to be taken over. To be
 * called by who holds the lock: the tokens of those are not its own, and none of them comes back.
 */
function sweepBesideLock(system: System, lockPath: string): void {
  const slash = lockPath.lastIndexOf("/");
  const [folder, lockName] = [lockPath.slice(0, slash), lockPath.slice(slash + 1)];
  sweepTemporaryFiles(system, folder, (target) => target === lockName || isTakeover(target, lockName));
  for (const { name, kind } of system.disk.list(folder) ?? []) {
    if (kind !== "file" || !isTakeover(name, lockName)) continue;
    removeIfMeant(system, `${folder}/${name}`, (at) => isOfTheDead(system, at));
  }
}

function isTakeover(entry: string, lockName: string): boolean {
  return entry.startsWith(`${lockName}.`) && /^[0-9a-f]{32}$/.test(entry.slice(lockName.length + 1));
}
