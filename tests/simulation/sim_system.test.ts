import assert from "node:assert/strict";
import { isDiskError } from "../../src/platform/disk.ts";
import { toHex } from "../../src/platform/text.ts";
import { test } from "../harness.ts";
import { SimCrash } from "./calls.ts";
import { SimDisk } from "./sim_disk.ts";
import { SimSystem, textAt } from "./sim_system.ts";

function start(options = {}): SimSystem {
  return new SimSystem(SimDisk.fromTree({ "/d": null }), options);
}

test("SimSystem.openLockable() has flock's rules: one holder, gone with close, with unlock and with the process", () => {
  const system = start();
  const first = system.openLockable("/d/lock", 0o644)!;
  const second = system.openLockable("/d/lock", null)!;
  assert.equal(first.tryLock(), true);
  assert.equal(first.tryLock(), true);
  assert.equal(second.tryLock(), false);
  first.unlock();
  assert.equal(second.tryLock(), true);
  second.close();
  assert.equal(first.tryLock(), true);

  const next = system.nextProcess();
  assert.equal(next.openLockable("/d/lock", null)!.tryLock(), true);
  assert.equal(system.openLockable("/d/none", null), null);
  assert.equal(start({ hasFlock: false }).openLockable("/d/lock", 0o644)!.tryLock(), null);
});

test("SimSystem.openLockable() refuses what is no file", () => {
  const system = start();
  assert.throws(() => system.openLockable("/d", 0o644), (error) => isDiskError(error, "EISDIR"));
});

test("SimSystem: a flock belongs to the inode, not to the name", () => {
  const system = start();
  const first = system.openLockable("/d/lock", 0o644)!;
  assert.equal(first.tryLock(), true);
  system.disk.unlink("/d/lock");
  const second = system.openLockable("/d/lock", 0o644)!;
  assert.equal(second.tryLock(), true);
  assert.notEqual(first.stat().inode, second.stat().inode);
});

test("LockableFile.overwrite() is torn by a kill and by a power cut until sync()", () => {
  const system = start();
  const lock = system.openLockable("/d/lock", 0o644)!;
  lock.overwrite("first holder");
  assert.equal(lock.read(), "first holder");
  lock.sync();
  system.disk.syncDirectory("/d");
  const calls = system.disk.gate.count;
  system.disk.crashAt(calls + 2, "before");
  assert.throws(() => lock.overwrite("second"), SimCrash);
  assert.equal(textAt(system.disk.forNextProcess(), "/d/lock"), "secondholder"); // written, and not yet cut
  const left = [...system.disk.powerCuts({ seed: 1 })].map((cut) => textAt(cut.disk, "/d/lock"));
  for (const text of ["first holder", "secondholder", "second"]) assert.ok(left.includes(text), `${text} in ${left}`);
  lock.close(); // does nothing in a dead process
});

test("SimSystem: the boot id changes with a power cut and not with a kill; pid and random bytes with every process", () => {
  const system = start();
  const killed = system.nextProcess();
  assert.equal(killed.host.bootId, system.host.bootId);
  assert.notEqual(killed.host.pid, system.host.pid);
  const [cut] = [...system.disk.powerCuts({ seed: 1 })];
  const rebooted = system.onDisk(cut!.disk);
  assert.notEqual(rebooted.host.bootId, system.host.bootId);
  const tokens = [system, killed, rebooted].map((one) => toHex(one.randomBytes(16)));
  assert.equal(new Set(tokens).size, 3);
  assert.equal(toHex(start().randomBytes(16)), tokens[0]);
  assert.notEqual(toHex(start({ seed: 2 }).randomBytes(16)), tokens[0]);
});

test("SimSystem.clock goes on with each call and each sleep, and only then", async () => {
  const { clock, disk } = start();
  const before = clock.nowMs();
  assert.equal(clock.nowMs(), before);
  clock.sleepSync(1500);
  await clock.sleep(500);
  assert.equal(clock.nowMs(), before + 2000);
  assert.equal(clock.monotonicMs(), 2000);
  for (let i = 0; i < 100; i++) disk.stat("/d");
  assert.equal(clock.nowMs(), before + 2001);
});

test("SimSystem.run() starts what the test gives, else throws", () => {
  assert.throws(() => start().run(["git", "gc"]), /no program git gc/);
  const run = (command: string[]) => ({ exitCode: command.length, stdout: new Uint8Array() });
  assert.equal(start({ run }).run(["git", "gc"]).exitCode, 2);
});
