/** Locks that somebody breaks and another process takes, at any moment: the new one is never removed. */
import assert from "node:assert/strict";
import { FileLock } from "../../src/locks/file_lock.ts";
import { ReleaseFailedError } from "../../src/locks/file_lock_errors.ts";
import { newLockText, renderLockText } from "../../src/locks/lock_text.ts";
import { removeIfMeant } from "../../src/locks/proven_removal.ts";
import { DiskError } from "../../src/platform/disk.ts";
import { utf8 } from "../../src/platform/text.ts";
import { test } from "../harness.ts";
import { SimDisk } from "../simulation/sim_disk.ts";
import { SimSystem, textAt } from "../simulation/sim_system.ts";

const LOCK = "/d/file.lock";

/** A machine that gives the inode number of a removed file to the next one. */
function newSystem(): SimSystem {
  const system = new SimSystem(SimDisk.fromTree({ "/d": null }));
  system.disk.storage.reusesInodeNumbers = true;
  return system;
}

function lockOf(system: SimSystem): FileLock {
  return new FileLock("/d/file", { backend: "pid", timeoutMs: 0 }, system);
}

function put(system: SimSystem, text: string): void {
  using file = system.disk.create(LOCK);
  file.write(utf8(text));
}

/** Has something done behind the n-th of the calls that an action makes. @returns Whether it makes so many. */
function doBehindCall(system: SimSystem, n: number, what: () => void, action: () => void): boolean {
  let calls = 0;
  system.disk.observe((_call, progress) => {
    if (progress === "done" && ++calls === n) what();
  });
  action();
  system.disk.observe(null);
  return calls >= n;
}

/** Somebody removes the lock file, whatever it is, and another process takes the lock. */
function breakAndTake(other: SimSystem): { text: string; broken: string | null } {
  const broken = textAt(other.disk, LOCK);
  if (broken !== null) other.disk.unlink(LOCK);
  assert.equal(lockOf(other).tryAcquire(), true);
  return { text: textAt(other.disk, LOCK)!, broken };
}

test("release() tells a new lock from its own by its token, where it has the same inode number", () => {
  for (const content of ["", "1\n", "anything"]) {
    const system = newSystem();
    const lock = lockOf(system);
    lock.tryAcquire();
    const { inode } = system.disk.lstat(LOCK)!;
    system.disk.unlink(LOCK);
    put(system, content);
    assert.equal(system.disk.lstat(LOCK)!.inode, inode);
    assert.throws(() => lock.release(), ReleaseFailedError);
    assert.equal(textAt(system.disk, LOCK), content);
  }
});

test("release() leaves a lock file that was written over, and a copy of its own", () => {
  const system = newSystem();
  const lock = lockOf(system);
  lock.tryAcquire();
  {
    using file = system.disk.openAppend(LOCK)!;
    file.truncate(0);
    file.write(utf8("1\n"));
  }
  assert.throws(() => lock.release(), ReleaseFailedError);
  assert.equal(textAt(system.disk, LOCK), "1\n");
  system.disk.unlink(LOCK);
  lock.tryAcquire();
  const text = textAt(system.disk, LOCK)!;
  system.disk.rename(LOCK, "/d/kept");
  put(system, text);
  assert.throws(() => lock.release(), ReleaseFailedError);
  assert.equal(textAt(system.disk, LOCK), text);
});

test("a lock that is broken and taken by another at any call of its release is left to that one, and told", () => {
  const outcomes: string[] = [];
  for (let n = 1;; n++) {
    const system = newSystem();
    const lock = lockOf(system);
    lock.tryAcquire();
    const mine = textAt(system.disk, LOCK);
    let taken: { text: string; broken: string | null } | undefined;
    let failure: unknown;
    const happened = doBehindCall(system, n, () => taken = breakAndTake(system.neighbour()), () => {
      try {
        lock.release();
      } catch (error) {
        failure = error;
      }
    });
    if (!happened) break;
    assert.equal(textAt(system.disk, LOCK), taken!.text, `call ${n}`);
    // It is told if and only if the lock was still there to be broken.
    assert.deepEqual(
      [taken!.broken === mine, failure !== undefined],
      taken!.broken === null ? [false, false] : [true, true],
    );
    if (failure !== undefined) assert.ok(failure instanceof ReleaseFailedError && failure.code === "locked");
    assert.deepEqual(system.disk.list("/d")!.map(({ name }) => name), ["file.lock"], `call ${n}`);
    outcomes.push(failure === undefined ? "released before" : "told");
  }
  assert.deepEqual(new Set(outcomes), new Set(["told", "released before"]));
});

test("a dead process's lock that is broken and taken by another at any call of a takeover is left to that one", () => {
  const outcomes = new Set<boolean>();
  for (let n = 1;; n++) {
    const system = newSystem();
    const dead = system.neighbour();
    put(system, renderLockText(newLockText(dead, "died")));
    dead.disk.gate.dead = true;
    const stale = textAt(system.disk, LOCK);
    let taken: { text: string; broken: string | null } | undefined;
    const lock = lockOf(system);
    const happened = doBehindCall(system, n, () => taken = breakAndTake(system.neighbour()), () => lock.tryAcquire());
    if (!happened) break;
    assert.equal(textAt(system.disk, LOCK), taken!.text, `call ${n}`);
    // Where the takeover was done, its own lock was broken.
    const wasOver = taken!.broken !== stale && taken!.broken !== null;
    assert.equal(lock.isHeld, wasOver, `call ${n}`);
    outcomes.add(wasOver);
    if (wasOver) assert.throws(() => lock.release(), ReleaseFailedError);
    assert.deepEqual(system.disk.list("/d")!.map(({ name }) => name), ["file.lock"], `call ${n}`);
  }
  assert.deepEqual(outcomes, new Set([false, true]));
});

test("a lock that was moved aside and is another one is put back, also where it may not be linked", () => {
  for (const mayLink of [true, false]) {
    const system = newSystem();
    const { disk } = system;
    put(system, "theirs");
    if (!mayLink) {
      disk.link = (_existing, path) => {
        throw new DiskError("EPERM", "link", path);
      };
    }
    assert.equal(removeIfMeant(system, LOCK, (at) => at === LOCK), false);
    assert.equal(textAt(disk, LOCK), "theirs");
    assert.deepEqual(disk.list("/d")!.map(({ name }) => name), ["file.lock"]);
  }
});

test("a lock that was moved aside is not put back onto one that was taken meanwhile", () => {
  const system = newSystem();
  put(system, "theirs");
  const isMeant = (at: string): boolean => {
    if (at !== LOCK) put(system, "of a third");
    return at === LOCK;
  };
  assert.equal(removeIfMeant(system, LOCK, isMeant), false);
  assert.equal(textAt(system.disk, LOCK), "of a third");
  assert.deepEqual(system.disk.list("/d")!.map(({ name }) => name), ["file.lock"]);
});

test("a lock that may not be renamed is released all the same, and one that is broken is told", () => {
  for (const isBroken of [false, true]) {
    const system = newSystem();
    const { disk } = system;
    const lock = lockOf(system);
    lock.tryAcquire();
    disk.rename = (_from, to) => {
      if (isBroken) breakAndTake(system.neighbour());
      throw new DiskError("EBUSY", "rename a file to", to);
    };
    if (isBroken) assert.throws(() => lock.release(), ReleaseFailedError);
    else lock.release();
    assert.deepEqual(disk.list("/d")!.map(({ name }) => name), isBroken ? ["file.lock"] : []);
  }
});

test("a call that fails once does not keep a lock from being released", () => {
  failing("once", ({ failure, last, names }) => {
    if (last !== "unlink") return assert.deepEqual([failure, names], [undefined, []], last);
    assert.ok(failure instanceof ReleaseFailedError);
    assert.deepEqual([failure.code, failure.details["errno"], names.length], ["io", "EIO", 1]);
    assert.match(names[0]!, /^file\.lock\.tmp-/, "what it could not remove; the next one sweeps it");
  });
});

test("a lock that cannot be looked at stays, and that is told", () => {
  failing("from then on", ({ failure, last, names }) => {
    assert.ok(failure instanceof ReleaseFailedError);
    assert.deepEqual([failure.code, failure.details["errno"], names.length], ["io", "EIO", 1], last);
  });
});

/** Has each call of a release fail. */
function failing(
  lasting: "once" | "from then on",
  judge: (seen: { failure: unknown; last: string; names: string[] }) => void,
): void {
  for (let n = 1;; n++) {
    const system = newSystem();
    const lock = lockOf(system);
    lock.tryAcquire();
    const before = system.disk.trace.length;
    system.disk.failAt(before + n, "EIO", { lasting });
    let failure: unknown;
    try {
      lock.release();
    } catch (error) {
      failure = error;
    }
    const calls = system.disk.trace.slice(before).map(({ operation }) => operation);
    if (calls.length < n) break;
    if (calls[n - 1] === "process.look") continue; // it cannot fail; the call behind it does
    const names = system.neighbour().disk.list("/d")!.map(({ name }) => name);
    judge({ failure, last: calls[n - 1]!, names });
  }
}
