/**
 * A lock by a file that names its holder: `<file>.lock`. It works wherever a hard link is atomic, on network file systems
 * too, and outlives a holder that is killed, whose lock is then taken over.
 *
 * The file is written and flushed under a temporary name and linked into place: so it is never seen empty, not even
 * after a power cut, and of many who link one succeeds.
 *
 * **Taking over.** Between the moment at which a lock is found to be a dead process's and the moment at which it is
 * replaced, somebody else may have replaced it. So whoever wants to replace the lock with the token T first takes the
 * lock `<file>.lock.T`, which is a lock file of the same kind, looks again, and replaces only what still has the token T.
 * A token never comes back. Whoever dies in between leaves a `<file>.lock.T` that is taken over in the same way.
 *
 * Where this is shown: `tests/locks/pid_lock_file.test.ts`, `tests/locks/takeover.test.ts`.
 *
 * @module
 */
import { isDiskError } from "../platform/disk.ts";
import type { System } from "../platform/system.ts";
import { decodeUtf8, utf8 } from "../platform/text.ts";
import { CreateFailedError, ReadFailedError, ReleaseFailedError } from "./file_lock_errors.ts";
import { judgeProcess, type LockHolder } from "./holder.ts";
import type { HeldLock, LockBackend, Refusal } from "./lock_backend.ts";
import { LOCK_TEXT_BYTES_MAX, type LockText, newLockText, parseLockText, renderLockText } from "./lock_text.ts";
import { sweepTemporaryFiles, temporaryPath } from "./temporary_file.ts";

/** Attempts that meet a lock which changes under their eyes; more in a row do not happen without somebody's malice. */
const ATTEMPTS_MAX = 100;

/**
 * Permissions of group and others. A lock without any is its owner's, who must be able to read it whatever umask the holder
 * had: what cannot be read cannot be taken over.
 */
const GROUP_AND_OTHERS = 0o077;

/** The lock file of a file. */
export function pidLockPath(path: string): string {
  return `${path}.lock`;
}

/**
 * Locks by a lock file.
 *
 * @param path What is locked; the lock file stands beside it.
 * @param command What the holder is doing, for messages.
 * @param mode Permissions of the lock file, less what the umask takes; those for the owner alone are kept whole.
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

/**
 * Who holds the lock of a file: `undefined` when nobody does, or one who has ended; `null` when its text names nobody.
 *
 * @param path What is locked.
 * @throws {ReadFailedError}
 */
export function pidLockHolder(system: System, path: string): LockHolder | null | undefined {
  const found = read(system, pidLockPath(path));
  if (found === null) return undefined;
  const text = parseLockText(found);
  if (text === null) return null;
  return judge(system, text) === "gone" ? undefined : text.holder;
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
  try {
    const stat = system.disk.lstat(path);
    if (stat === null) return null;
    // Whatever else stands there is not read: a pipe would not answer, and a link may lead anywhere.
    if (stat.kind !== "file") return `(${stat.kind})`;
    const bytes = system.disk.readFile(path, LOCK_TEXT_BYTES_MAX);
    return bytes === null ? null : decodeUtf8(bytes) ?? "";
  } catch (cause) {
    throw new ReadFailedError(path, cause);
  }
}

/** Makes the lock. `null`: somebody has made it meanwhile. */
function create(attempt: Attempt, path: string): HeldLock | null {
  return withTemporary(
    attempt,
    (temporary) => {
      try {
        attempt.system.disk.link(temporary, path);
      } catch (error) {
        if (isDiskError(error, "EEXIST")) return false;
        throw error;
      }
      return true;
    },
    path,
    null,
  );
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
    const now = read(system, path);
    if (now === null || parseLockText(now)?.token !== token) return null;
    const held = withTemporary(
      attempt,
      (temporary) => {
        system.disk.rename(temporary, path);
        return true;
      },
      path,
      dead,
    );
    return { held: held! };
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
  try {
    const file = disk.create(temporary, mode);
    try {
      file.write(utf8(renderLockText(newLockText(system, command))));
      if ((mode & GROUP_AND_OTHERS) === 0) disk.chmod(temporary, mode);
      file.sync(); // a lock that a power cut leaves must say whose it was
      const { inode } = file.stat();
      if (place(temporary)) held = heldLock(system, path, inode, { dead, isTakeover: path !== base });
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
  { disk }: System,
  path: string,
  inode: bigint,
  { dead, isTakeover }: { dead: LockText | null; isTakeover: boolean },
): HeldLock {
  let released = false;
  return {
    takenOverFrom: dead?.holder ?? null,
    release() {
      if (released) return;
      released = true;
      let isOurs: boolean;
      try {
        isOurs = disk.lstat(path)?.inode === inode;
        if (isOurs) disk.unlink(path);
      } catch (cause) {
        throw new ReleaseFailedError(path, cause);
      }
      // Of a takeover that has become pointless the file may be swept, and made again by another one who comes late.
      if (!isOurs && !isTakeover) throw new ReleaseFailedError(path);
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
    const text = parseLockText(read(system, `${folder}/${name}`) ?? "");
    if (text !== null && judge(system, text) === "gone") unlinkIfThere(system, `${folder}/${name}`);
  }
}

function isTakeover(entry: string, lockName: string): boolean {
  return entry.startsWith(`${lockName}.`) && /^[0-9a-f]{32}$/.test(entry.slice(lockName.length + 1));
}
