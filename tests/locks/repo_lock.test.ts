import assert from "node:assert/strict";
import {
  acquireRepoLock,
  AlreadyLockedError,
  inspectRepoLock,
  LOCK_TOKEN_VARIABLE,
  tryAcquireRepoLock,
} from "../../src/locks/repo_lock.ts";
import { LatticeError } from "../../src/platform/errors.ts";
import { utf8 } from "../../src/platform/text.ts";
import { test } from "../harness.ts";
import { SimDisk } from "../simulation/sim_disk.ts";
import { SimSystem, textAt } from "../simulation/sim_system.ts";

const OPTIONS = { commonDir: "/r", command: "test", timeoutMs: 0, backend: "flock" } as const;
const BACKENDS = ["flock", "pid"] as const;
const OPERATION = "019b76da-a801-7b40-87ed-a0caa7e9ba10";

function newSystem(env: Record<string, string> = {}): SimSystem {
  return new SimSystem(SimDisk.fromTree({ "/r": null }), { env });
}

test("acquireRepoLock() fails with the holder when the time is up, and inspectRepoLock() names it", async () => {
  const system = newSystem();
  using lock = await acquireRepoLock(system, { ...OPTIONS, command: "meta set a" });
  assert.equal(inspectRepoLock(system, "/r")?.command, "meta set a");
  await assert.rejects(acquireRepoLock(system, { ...OPTIONS, timeoutMs: 50 }), (error: unknown) => {
    assert.ok(error instanceof AlreadyLockedError);
    assert.equal(error.holder?.pid, system.host.pid);
    assert.ok(Number(error.details["waited_ms"]) >= 50);
    return true;
  });
  lock.release();
  assert.equal(inspectRepoLock(system, "/r"), undefined);
});

test("acquireRepoLock() tells of each holder that it waits for, once, and passes over a torn text", async () => {
  const system = newSystem();
  let lock = await acquireRepoLock(system, { ...OPTIONS, command: "first" });
  const told: (string | undefined)[] = [];
  const pauses = [
    () => {},
    () => {
      lock.release();
      lock = tryAcquireRepoLock(system, { ...OPTIONS, command: "second" })!;
    },
    () => {
      using file = system.openLockable("/r/lattice/lock", null)!;
      file.overwrite('{"pid":');
    },
    () => lock.release(),
  ];
  const clock = Object.assign(Object.create(system.clock) as typeof system.clock, {
    sleep: (ms: number) => (pauses.shift()!(), system.clock.sleep(ms)),
  });
  const waiter = Object.create(system, { clock: { value: clock } }) as SimSystem;
  using _lock = await acquireRepoLock(waiter, {
    ...OPTIONS,
    timeoutMs: Infinity,
    onContention: (holder) => told.push(holder?.command),
  });
  assert.deepEqual([told, pauses.length], [["first", "second"], 0]);
});

test("acquireRepoLock() ends its wait when the signal is aborted, at once and with the signal's reason", async () => {
  const system = newSystem();
  const reason = new Error("enough");
  const isReason = (error: unknown) => error === reason;
  await assert.rejects(acquireRepoLock(system, { ...OPTIONS, signal: AbortSignal.abort(reason) }), isReason);
  using held = await acquireRepoLock(system, OPTIONS);
  const stop = new AbortController();
  const clock = Object.assign(Object.create(system.clock) as typeof system.clock, {
    sleep: () => (stop.abort(reason), new Promise<void>(() => {})),
  });
  const waiter = Object.create(system, { clock: { value: clock } }) as SimSystem;
  await assert.rejects(
    acquireRepoLock(waiter, { ...OPTIONS, timeoutMs: Infinity, signal: stop.signal }),
    isReason,
  );
  held.release();
  using free = await acquireRepoLock(system, OPTIONS);
  assert.ok(!free.joined);
});

test("notes pass from one holder to the next; a text that cannot be read counts as none", async () => {
  const system = newSystem();
  {
    using lock = await acquireRepoLock(system, OPTIONS);
    lock.writeNotes({
      sweptBootId: "b",
      lastOperation: { id: "019b76da-a801-7b40-87ed-a0caa7e9ba10", outcome: "committed" },
    });
  }
  {
    using lock = await acquireRepoLock(system, OPTIONS);
    assert.deepEqual(lock.notes, {
      sweptBootId: "b",
      lastOperation: { id: "019b76da-a801-7b40-87ed-a0caa7e9ba10", outcome: "committed" },
    });
  }
  for (const garbage of ["", "{", "null", "[1]", "\u0000".repeat(100), '{"boot_id":7,"last_operation":"x"}']) {
    system.disk.unlink("/r/lattice/lock");
    using file = system.disk.create("/r/lattice/lock");
    file.write(utf8(garbage));
    using lock = await acquireRepoLock(system, OPTIONS);
    assert.deepEqual(lock.notes, { sweptBootId: null, lastOperation: null });
  }
});

test("a note that names no operation, or no end of one, counts as absent, and the others are still read", () => {
  const notes: readonly unknown[] = [
    { id: "../../x", outcome: "committed" },
    { id: `${OPERATION}\n`, outcome: "committed" },
    { id: OPERATION.toUpperCase(), outcome: "committed" },
    { id: OPERATION.replace("-7", "-4"), outcome: "committed" },
    { id: "ffffffff-ffff-ffff-ffff-ffffffffffff", outcome: "committed" },
    { id: [OPERATION], outcome: "committed" },
    { id: OPERATION, outcome: "paused" },
    { id: OPERATION, outcome: "" },
    { id: OPERATION },
    [OPERATION, "committed"],
    OPERATION,
    null,
    7,
  ];
  for (const last of notes) {
    const text = JSON.stringify({ boot_id: "b", last_operation: last });
    const system = new SimSystem(SimDisk.fromTree({ "/r/lattice/lock": text }));
    using lock = tryAcquireRepoLock(system, OPTIONS);
    assert.deepEqual(lock?.notes, { sweptBootId: "b", lastOperation: null }, text);
  }
});

test("a lock file that was replaced while it was opened does not count", () => {
  const system = newSystem();
  tryAcquireRepoLock(system, OPTIONS)!.release();
  const stale = system.openLockable("/r/lattice/lock", null)!;
  system.disk.unlink("/r/lattice/lock");
  assert.equal(stale.tryLock(), true);
  using lock = tryAcquireRepoLock(system, OPTIONS);
  assert.ok(lock !== undefined, "the flock of a file without a name keeps nobody out");
});

test("a child with the token joins its parent; one with another token, and a stranger, do not", () => {
  const parent = newSystem();
  using lock = tryAcquireRepoLock(parent, OPTIONS)!;
  const child = (token: string) => new SimSystem(parent.disk, { env: { [LOCK_TOKEN_VARIABLE]: token } });
  assert.equal(tryAcquireRepoLock(child("0".repeat(32)), OPTIONS), undefined);
  assert.equal(tryAcquireRepoLock(parent, OPTIONS), undefined);
  using joined = tryAcquireRepoLock(child(lock.token), OPTIONS);
  assert.ok(joined !== undefined);
  assert.equal(tryAcquireRepoLock(child(lock.token), OPTIONS), undefined, "siblings take turns");
});

test("while a child of a dead parent works, nobody else gets the lock", () => {
  const parent = newSystem();
  const lock = tryAcquireRepoLock(parent, OPTIONS)!;
  const child = new SimSystem(parent.disk, { env: { [LOCK_TOKEN_VARIABLE]: lock.token } });
  const joined = tryAcquireRepoLock(child, OPTIONS)!;
  lock.release(); // as the kernel does for a killed parent
  assert.equal(tryAcquireRepoLock(parent, OPTIONS), undefined);
  joined.release();
  using next = tryAcquireRepoLock(parent, OPTIONS);
  assert.ok(next !== undefined);
});

test("a symbolic link in place of lattice/ is refused", () => {
  const system = new SimSystem(
    SimDisk.fromTree({ "/r": null, "/elsewhere": null, "/r/lattice": { link: "/elsewhere" } }),
  );
  assert.throws(() => tryAcquireRepoLock(system, OPTIONS), { code: "unsupported" });
});

test("where there is no flock, the lock is refused instead of pretended", () => {
  const system = new SimSystem(SimDisk.fromTree({ "/r": null }), { hasFlock: false });
  assert.throws(() => tryAcquireRepoLock(system, OPTIONS), { code: "unsupported" });
});

test("lock run inside lock run gives its turn up, so that its own child gets in", () => {
  const parent = newSystem();
  using lock = tryAcquireRepoLock(parent, OPTIONS)!;
  const inner = new SimSystem(parent.disk, { env: { [LOCK_TOKEN_VARIABLE]: lock.token } });
  const joined = tryAcquireRepoLock(inner, OPTIONS)!;
  assert.equal(joined.joined, true);
  assert.equal(lock.joined, false);
  joined.release();
  using innermost = tryAcquireRepoLock(inner, OPTIONS);
  assert.equal(innermost?.token, lock.token);
});

/** A machine whose disk passes for a network file system: nobody says how to lock, so it is by a lock file. */
function sharedSystem(): SimSystem {
  const system = newSystem();
  system.disk.shared = true;
  return system;
}

test("on a file system that hosts share the lock is a PID lock file, and its config file can say otherwise", async () => {
  const system = sharedSystem();
  {
    using lock = await acquireRepoLock(system, OPTIONS);
    assert.equal(lock.backend, "pid");
    assert.notEqual(textAt(system.disk, "/r/lattice/lock.lock"), null);
    assert.equal(inspectRepoLock(system, "/r")?.command, "test");
    await assert.rejects(acquireRepoLock(system.neighbour(), { ...OPTIONS, timeoutMs: 30 }), AlreadyLockedError);
  }
  assert.equal(textAt(system.disk, "/r/lattice/lock.lock"), null);
  assert.equal(inspectRepoLock(system, "/r"), undefined);
  const configs: readonly (readonly [string, string])[] = [
    ['lock.backend = "flock"', "flock"],
    ['lock.backend = "pid"', "pid"],
    ['[lock]\nbackend = "flock" # "pid"', "flock"],
    ['lock = { "backend" = "auto" }', "pid"],
    ['# backend = "flock"', "pid"],
  ];
  for (const [text, expected] of configs) {
    using file = system.disk.openOrCreateAppend("/r/lattice/config.toml");
    file.truncate(0);
    file.write(utf8(text));
    using lock = await acquireRepoLock(system, OPTIONS);
    assert.equal(lock.backend, expected, text);
  }
});

for (const backend of BACKENDS) {
  const options = { ...OPTIONS, backend };

  test(`inside lock run children take turns, also when it has died (${backend})`, () => {
    const parent = newSystem();
    const lock = tryAcquireRepoLock(parent, options)!;
    const child = (token: string) => parent.neighbour({ [LOCK_TOKEN_VARIABLE]: token });
    assert.equal(tryAcquireRepoLock(child("0".repeat(32)), options), undefined);
    const joined = tryAcquireRepoLock(child(lock.token), options)!;
    assert.equal(joined.joined, true);
    assert.equal(tryAcquireRepoLock(child(lock.token), options), undefined, "siblings take turns");
    lock.release();
    assert.equal(tryAcquireRepoLock(parent.neighbour(), options), undefined, "a child lives");
    joined.release();
    using next = tryAcquireRepoLock(parent.neighbour(), options);
    assert.equal(next?.joined, false);
  });

  test(`notes pass from one holder to the next (${backend})`, () => {
    const system = newSystem();
    const notes = { sweptBootId: "b", lastOperation: { id: OPERATION, outcome: "committed" } } as const;
    {
      using lock = tryAcquireRepoLock(system, options)!;
      lock.writeNotes(notes);
    }
    using lock = tryAcquireRepoLock(system.neighbour(), options)!;
    assert.deepEqual(lock.notes, notes);
  });
}

test("a PID lock of a process that was killed is taken over; one that cannot be judged is named, with what to remove", async () => {
  const system = sharedSystem();
  const dead = system.neighbour();
  await acquireRepoLock(dead, { ...OPTIONS, command: "died" });
  const text = textAt(system.disk, "/r/lattice/lock.lock")!;
  dead.disk.gate.dead = true;
  assert.equal(inspectRepoLock(system, "/r"), undefined);
  {
    using lock = await acquireRepoLock(system, OPTIONS);
    assert.equal(lock.backend, "pid");
  }
  for (
    const [left, code, hint] of [
      [text.replaceAll("simulated", "elsewhere"), "locked", /cannot be told from here.*lock\.lock/],
      ["garbled", "invalid_data", /rm ".*lock\.lock"/],
    ] as const
  ) {
    using file = system.disk.openOrCreateAppend("/r/lattice/lock.lock");
    file.truncate(0);
    file.write(utf8(left));
    await assert.rejects(acquireRepoLock(system, { ...OPTIONS, timeoutMs: 20 }), (error: unknown) => {
      assert.ok(error instanceof LatticeError);
      assert.equal(error.code, code);
      assert.match(error.hint!, hint);
      return true;
    });
    assert.equal(textAt(system.disk, "/r/lattice/lock.lock"), left);
  }
});
