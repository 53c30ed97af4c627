/** Renames that are refused for a moment: how often, after which pauses and for how long they are tried again. */
import assert from "node:assert/strict";
import { Cache } from "../../src/cache/cache.ts";
import { CacheError } from "../../src/cache/errors.ts";
import { DiskError } from "../../src/platform/disk.ts";
import type { System } from "../../src/platform/system.ts";
import { test } from "../harness.ts";
import type { SimSystem } from "../simulation/sim_system.ts";
import { FILE_SYSTEMS, type FileSystem, FOLDER, namesOf, newMachine, textOf } from "./machine.ts";

const NOT_FOR_A_MOMENT = ["ENOSPC", "EIO", "EROFS", "EXDEV"];
const FOR_A_MOMENT = ["EBUSY", "ETXTBSY", "EACCES", "EPERM"];

/** A machine whose disk refuses renames, of a lock file always and not counted, and what was seen of that. */
function refusing(system: SimSystem, errno: string, isRefused: (to: string, attempt: number) => boolean) {
  const pauses: number[] = [];
  let attempts = 0;
  const disk = Object.assign(Object.create(system.disk) as SimSystem["disk"], {
    rename(from: string, to: string) {
      if (from.endsWith(".lock") || isRefused(to, ++attempts)) throw new DiskError(errno, "rename a file to", to);
      system.disk.rename(from, to);
    },
  });
  const clock = Object.assign(Object.create(system.clock) as System["clock"], {
    sleep: (ms: number) => (pauses.push(ms), system.clock.sleep(ms)),
  });
  const machine = Object.create(system, { disk: { value: disk }, clock: { value: clock } }) as System;
  return { machine, pauses, attempts: () => attempts };
}

for (const fileSystem of Object.keys(FILE_SYSTEMS) as FileSystem[]) {
  test(`a rename refused for a moment is tried again after 50 ms, doubling to 1 s (${fileSystem})`, async () => {
    for (const errno of FOR_A_MOMENT) {
      const system = newMachine(fileSystem);
      const { machine, pauses, attempts } = refusing(system, errno, (_, attempt) => attempt <= 7);
      const cache = new Cache(FOLDER, { timeoutMs: 10_000 }, machine);
      await cache.refresh("a", () => "new");
      assert.deepEqual(pauses, [50, 100, 200, 400, 800, 1000, 1000], errno);
      assert.equal(attempts(), 9, "the content after eight, then the pointer");
      assert.equal(textOf(cache), "new");
      assert.deepEqual(namesOf(system).filter((name) => name.endsWith(".lock")), []);
    }
  });

  test(`a rename refused to the end is tried no longer than the lock timeout, and contention is named (${fileSystem})`, async () => {
    for (const target of ["current", "content"]) {
      for (const [timeoutMs, count] of [[3000, 8], [400, 5], [0, 1], [Infinity, 65]] as const) {
        const system = newMachine(fileSystem);
        const plain = new Cache(FOLDER, {}, system);
        await plain.put("a", "old");
        const before = namesOf(system);
        const { machine, pauses, attempts } = refusing(
          system,
          "EBUSY",
          (to) => to.endsWith("/current") === (target === "current"),
        );
        const cache = new Cache(FOLDER, { timeoutMs }, machine);
        const startedMs = system.clock.monotonicMs();
        await assert.rejects(cache.refresh("a", () => "new"), (error: unknown) => {
          assert.ok(error instanceof CacheError);
          assert.deepEqual([error.code, error.entry, error.details["errno"]], ["io", "a", "EBUSY"]);
          assert.equal(error.path.endsWith("/current"), target === "current");
          assert.deepEqual([error.details["attempts"], error.cause instanceof DiskError], [count, true]);
          assert.match(error.hint!, /keeps the file open .* is the likely reason.*--lock-timeout/);
          return true;
        });
        const elapsedMs = system.clock.monotonicMs() - startedMs;
        const sum = pauses.reduce((all, one) => all + one, 0);
        const limitMs = Math.min(timeoutMs, 60_000); // for ever is a minute
        assert.ok(
          sum <= limitMs && sum > limitMs - 10 && elapsedMs < limitMs + 10,
          `${sum} of ${limitMs}, ${elapsedMs}`,
        );
        assert.equal(attempts(), count + (target === "current" ? 1 : 0));
        assert.equal(textOf(plain), "old");
        const left = namesOf(system).filter((name) => !before.includes(name));
        assert.deepEqual(left.filter((name) => name.includes("tmp") || name.endsWith(".lock")), []);
      }
    }
  });
}

test("a rename that fails in another way is not tried again", async () => {
  for (const errno of NOT_FOR_A_MOMENT) {
    const system = newMachine();
    const { machine, pauses, attempts } = refusing(system, errno, () => true);
    await assert.rejects(new Cache(FOLDER, {}, machine).put("a", "new"), (error: unknown) => {
      assert.ok(error instanceof CacheError && error.details["errno"] === errno);
      assert.doesNotMatch(error.hint ?? "", /likely reason/);
      return true;
    });
    assert.deepEqual([pauses, attempts()], [[], 1]);
  }
});
