import assert from "node:assert/strict";
import { FileLock } from "../../src/locks/file_lock.ts";
import {
  AcquisitionTimeoutError,
  CreateFailedError,
  InvalidLockFileError,
  LockHeldError,
  ReadFailedError,
  ReleaseFailedError,
} from "../../src/locks/file_lock_errors.ts";
import { newLockText, parseLockText, renderLockText } from "../../src/locks/lock_text.ts";
import { temporaryPath } from "../../src/locks/temporary_file.ts";
import { DiskError } from "../../src/platform/disk.ts";
import { utf8 } from "../../src/platform/text.ts";
import { test } from "../harness.ts";
import { SimDisk } from "../simulation/sim_disk.ts";
import { SimSystem, textAt } from "../simulation/sim_system.ts";

function newSystem(tree: Record<string, string | null> = {}): SimSystem {
  return new SimSystem(SimDisk.fromTree({ "/d": null, ...tree }));
}

function lockOf(system: SimSystem, options = {}): FileLock {
  return new FileLock("/d/file", { backend: "pid", command: "test", timeoutMs: 0, ...options }, system);
}

/** The text of a lock whose holder was killed on this machine. */
function deadText(system: SimSystem): string {
  const dead = system.neighbour();
  const text = renderLockText(newLockText(dead, "died"));
  dead.disk.gate.dead = true;
  return text;
}

function names(system: SimSystem): string[] {
  return (system.disk.list("/d") ?? []).map(({ name }) => name).sort();
}

function put(system: SimSystem, path: string, text: string): void {
  using file = system.disk.create(path);
  file.write(utf8(text));
}

test("a PID lock file begins with the pid, names its holder, and goes with the lock", async () => {
  const system = newSystem();
  const lock = lockOf(system, { command: "deploy" });
  await lock.acquire();
  const text = textAt(system.disk, "/d/file.lock")!;
  assert.equal(text.split("\n")[0], String(system.host.pid));
  const { holder, identity } = parseLockText(text)!;
  assert.deepEqual([holder.pid, holder.host, holder.command], [system.host.pid, "simulated", "deploy"]);
  assert.deepEqual(identity, {
    pid: system.host.pid,
    startTime: String(system.host.pid),
    bootId: system.host.bootId,
    pidNamespace: "pid:[1]",
  });
  assert.deepEqual(names(system), ["file.lock"]);
  lock.release();
  lock.release();
  assert.deepEqual([names(system), system.disk.openFiles], [[], 0]);
});

test("the owner can read a lock file whatever the umask left, or else has the permissions that were asked for", async () => {
  for (const [mode, given] of [[0o666, "644"], [0o246, "644"], [0o046, "444"], [0o600, "600"]] as const) {
    const system = newSystem();
    using _lock = await held(lockOf(system, { mode }));
    assert.equal(system.disk.lstat("/d/file.lock")!.mode.toString(8), given);
  }
});

test("a PID lock file is never seen empty or half written, and says whose it is after a power cut", async () => {
  const system = newSystem();
  const seen: (string | null)[] = [];
  system.disk.observe(() => seen.push(textAt(system.disk, "/d/file.lock")));
  await lockOf(system).acquire();
  const texts = seen.filter((text) => text !== null);
  assert.ok(texts.length > 0);
  for (const text of texts) assert.notEqual(parseLockText(text), null);
  let left = 0;
  for (const { disk } of system.disk.powerCuts({ seed: 1 })) {
    const text = textAt(disk, "/d/file.lock");
    if (text === null) continue;
    left++;
    assert.notEqual(parseLockText(text), null);
  }
  assert.ok(left > 0);
});

test("who lives is waited for, for as long as was said, and named", async () => {
  const system = newSystem();
  const lock = lockOf(system, { command: "first" });
  assert.equal(lock.tryAcquire(), true);
  const other = lockOf(system.neighbour());
  assert.equal(other.tryAcquire(), false);
  await assert.rejects(other.acquire(), (error: unknown) => {
    assert.ok(error instanceof LockHeldError);
    assert.deepEqual([error.holder?.command, error.isKnownToLive, error.code], ["first", true, "locked"]);
    return true;
  });
  await assert.rejects(other.acquire({ timeoutMs: 250 }), (error: unknown) => {
    assert.ok(error instanceof AcquisitionTimeoutError);
    assert.deepEqual([error.path, error.holder?.pid, error.timeoutMs], ["/d/file.lock", system.host.pid, 250]);
    assert.ok(Number(error.details["waited_ms"]) >= 250);
    assert.deepEqual(Object.keys(error.details["holder"] as object), ["pid", "host", "command", "since"]);
    return true;
  });
  await assert.rejects(other.acquire({ timeoutMs: NaN }), AcquisitionTimeoutError); // it would wait for ever
  assert.deepEqual(names(system), ["file.lock"]);
  lock.release();
  await other.using(() => assert.equal(other.isHeld, true));
  assert.equal(other.isHeld, false);
});

test("a dead process's temporary file that may not be removed, as another user's in /tmp, is in nobody's way", async () => {
  const system = newSystem();
  const dead = system.neighbour();
  const left = temporaryPath(dead, "/d/file.lock");
  put(system, left, "half");
  dead.disk.gate.dead = true;
  const { disk } = system;
  const unlink = disk.unlink.bind(disk);
  disk.unlink = (path) => {
    if (path === left) throw new DiskError("EPERM", "remove", path);
    unlink(path);
  };
  await lockOf(system).using(() => assert.equal(names(system).length, 2));
  disk.unlink = unlink;
  await lockOf(system).using(() => assert.deepEqual(names(system), ["file.lock"]));
});

test("two locks of one process exclude each other", async () => {
  const system = newSystem();
  using _first = await held(lockOf(system));
  assert.equal(lockOf(system).tryAcquire(), false);
});

async function held(lock: FileLock): Promise<FileLock> {
  await lock.acquire();
  return lock;
}

test("contention is told once for each holder, and the end of it", async () => {
  const system = newSystem();
  const lock = await held(lockOf(system, { command: "first" }));
  const told: unknown[] = [];
  const waiter = system.neighbour();
  let pauses = 0;
  const clock = Object.assign(Object.create(waiter.clock) as typeof waiter.clock, {
    sleep: (ms: number) => (++pauses === 5 && lock.release(), waiter.clock.sleep(ms)),
  });
  const patient = new FileLock("/d/file", {
    backend: "pid",
    timeoutMs: Infinity,
    observer: {
      onContention: (holder) => told.push(holder?.command),
      onAcquired: ({ backend, takenOverFrom }) => told.push([backend, takenOverFrom]),
    },
  }, Object.create(waiter, { clock: { value: clock } }) as SimSystem);
  await patient.acquire();
  assert.deepEqual(told, ["first", ["pid", null]]);
  patient.release();
});

test("the lock of a process that died is taken over, and nothing of it is left", async () => {
  const system = newSystem();
  put(system, "/d/file.lock", deadText(system));
  const facts: unknown[] = [];
  const lock = lockOf(system, {
    observer: {
      onAcquired: ({ takenOverFrom }: { takenOverFrom: { command: string } }) => facts.push(takenOverFrom.command),
    },
  });
  await lock.acquire();
  assert.deepEqual([facts, names(system)], [["died"], ["file.lock"]]);
  assert.equal(parseLockText(textAt(system.disk, "/d/file.lock")!)?.holder.pid, system.host.pid);
  lock.release();
  assert.deepEqual(names(system), []);
});

test("a lock of an earlier boot of this host is taken over, whatever runs under its pid now", async () => {
  const before = newSystem();
  await lockOf(before).acquire();
  before.disk.syncDirectory("/d");
  const [cut] = before.disk.powerCuts({ seed: 1 });
  const after = before.onDisk(cut!.disk);
  assert.notEqual(textAt(after.disk, "/d/file.lock"), null);
  assert.equal(lockOf(after).tryAcquire(), true);
});

test("a pid that was given out again is not taken for the holder", () => {
  const system = newSystem();
  const text = newLockText(system, "old");
  put(system, "/d/file.lock", renderLockText({ ...text, identity: { ...text.identity, startTime: "1" } }));
  assert.equal(lockOf(system).tryAcquire(), true);
});

for (
  const [what, change] of [
    ["of another host", { host: "elsewhere" }],
    ["of another pid namespace", { pid_namespace: "pid:[2]" }],
    ["without a boot", { boot_id: null }],
    ["without a pid namespace", { pid_namespace: null }],
    ["without a token", { token: null }],
  ] as const
) {
  test(`a lock ${what} is not judged by its pid`, async () => {
    const system = newSystem();
    const [pid, about] = deadText(system).split("\n");
    const text = `${pid}\n${JSON.stringify({ ...JSON.parse(about!) as object, ...change })}\n`;
    put(system, "/d/file.lock", text);
    await assert.rejects(lockOf(system).acquire({ timeoutMs: 20 }), (error: unknown) => {
      assert.ok(error instanceof AcquisitionTimeoutError);
      assert.deepEqual([error.isKnownToLive, /cannot be told from here/.test(error.hint!)], [false, true]);
      return true;
    });
    assert.equal(textAt(system.disk, "/d/file.lock"), text);
  });
}

test("a file that holds a pid alone names a holder that is not judged", async () => {
  const system = newSystem({ "/d/file.lock": "4711\n" });
  await assert.rejects(lockOf(system).acquire(), (error: unknown) => {
    assert.ok(error instanceof LockHeldError);
    assert.deepEqual([error.holder?.pid, error.isKnownToLive], [4711, false]);
    return true;
  });
});

const NAMELESS: readonly (readonly [string, string])[] = [
  ["nothing in it", ""],
  ["a word in it", "x"],
  ["half a text", "12\n{"],
  ["pid 0", "0\n"],
  ["a negative pid", "-5\n"],
  ["no facts", "12\n{}\n"],
  ["a list of facts", "12\n[]\n"],
  ["two pids", '12\n{"pid":13}\n'],
  ["a NUL", "\u0000"],
];

for (const [what, content] of NAMELESS) {
  test(`a lock file with ${what} is reported after the grace time, and left alone`, async () => {
    const system = newSystem({ "/d/file.lock": content });
    const startedMs = system.clock.monotonicMs();
    await assert.rejects(lockOf(system).acquire({ timeoutMs: 60_000 }), (error: unknown) => {
      assert.ok(error instanceof InvalidLockFileError);
      assert.deepEqual([error.path, error.content, error.code], ["/d/file.lock", content, "invalid_data"]);
      assert.match(error.hint!, /rm "\/d\/file.lock"/);
      return true;
    });
    const waitedMs = system.clock.monotonicMs() - startedMs;
    assert.ok(waitedMs >= 1000 && waitedMs < 2000, `waited ${waitedMs} ms`);
    assert.equal(textAt(system.disk, "/d/file.lock"), content);
  });
}

test("a lock file that is being written by another program is waited for", async () => {
  const system = newSystem({ "/d/file.lock": "" });
  let pauses = 0;
  const clock = Object.assign(Object.create(system.clock) as typeof system.clock, {
    sleep: (ms: number) => {
      if (++pauses === 3) system.disk.unlink("/d/file.lock");
      return system.clock.sleep(ms);
    },
  });
  const patient = Object.create(system, { clock: { value: clock } }) as SimSystem;
  await lockOf(patient, { timeoutMs: 5000 }).acquire();
});

test("a symbolic link in place of the lock file is not followed", async () => {
  const system = new SimSystem(SimDisk.fromTree({ "/d": null, "/d/file.lock": { link: "/d/target" } }));
  await assert.rejects(lockOf(system).acquire(), InvalidLockFileError);
  assert.equal(textAt(system.disk, "/d/target"), null);
});

test("release() says so when somebody broke the lock, and leaves theirs", async () => {
  const system = newSystem();
  const lock = await held(lockOf(system));
  system.disk.unlink("/d/file.lock");
  put(system, "/d/file.lock", "1\n");
  assert.throws(() => lock.release(), ReleaseFailedError);
  assert.equal(textAt(system.disk, "/d/file.lock"), "1\n");
});

test("a call that fails leaves neither a lock nor a temporary file, and is named", async () => {
  const calls = await countCalls();
  for (let index = 1; index <= calls; index++) {
    for (const errno of ["ENOSPC", "EACCES", "EIO"]) {
      const system = newSystem();
      const lock = lockOf(system);
      const before = system.disk.gate.count;
      system.disk.failAt(before + index, errno);
      let failure: unknown;
      try {
        lock.tryAcquire();
      } catch (error) {
        failure = error;
      }
      if (failure === undefined) {
        assert.equal(lock.isHeld, true, `call ${index} ${errno}`);
        continue;
      }
      assert.ok(failure instanceof CreateFailedError || failure instanceof ReadFailedError, `${failure}`);
      assert.deepEqual([failure.code, failure.details["errno"]], ["io", errno]);
      assert.doesNotMatch(failure.hint ?? "", /\.tmp-/, "nobody knows of the temporary file");
      // A removal that fails leaves what it was to remove; the next one sweeps it when this process has ended.
      const { action } = failure.cause as DiskError;
      if (action !== "unlink") assert.deepEqual(names(system), [], `call ${index}: ${action} ${errno}`);
    }
  }
});

async function countCalls(): Promise<number> {
  const system = newSystem();
  const before = system.disk.gate.count;
  await held(lockOf(system));
  return system.disk.gate.count - before;
}

test("using() tells what its action threw, also when the lock cannot be given back", async () => {
  const system = newSystem();
  const lock = lockOf(system);
  const failure = new Error("the work failed");
  const work = lock.using(() => {
    system.disk.unlink("/d/file.lock");
    throw failure;
  });
  await assert.rejects(work, (error: unknown) => error === failure);
  assert.equal(lock.isHeld, false);
  await assert.rejects(lockOf(system).using(() => system.disk.unlink("/d/file.lock")), ReleaseFailedError);
});

test("pauses grow to 100 ms, and from 1 ms again when somebody else has the lock", async () => {
  const system = newSystem();
  let lock = await held(lockOf(system));
  const pauses: number[] = [];
  const waiter = system.neighbour();
  const clock = Object.assign(Object.create(waiter.clock) as typeof waiter.clock, {
    sleep: async (ms: number) => {
      pauses.push(ms);
      if (pauses.length === 20) {
        lock.release();
        lock = await held(lockOf(system.neighbour()));
      }
      if (pauses.length === 25) lock.release();
      await waiter.clock.sleep(ms);
    },
  });
  const patient = Object.create(waiter, { clock: { value: clock } }) as SimSystem;
  await lockOf(patient, { timeoutMs: Infinity }).acquire();
  assert.equal(pauses.length, 25);
  assert.ok(Math.min(...pauses.slice(8, 20)) >= 50 && Math.max(...pauses) <= 150, pauses.join(" "));
  assert.ok(pauses[20]! <= 1.5 && pauses[21]! <= 3 && pauses[22]! <= 6, pauses.join(" "));
});
