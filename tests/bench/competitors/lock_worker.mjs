/**
 * Takes a lock again and again, beside others, and prints when: `lock_worker.mjs <flock|pid|proper-lockfile> <file>
 * <times>` waits until the file `<file>.go` is there, and prints a JSON array of `[taken, about to be given back]`, in
 * nanoseconds since 1970.
 *
 * @module
 */
import { existsSync } from "node:fs";
import process from "node:process";

/** For how long the lock is held, so that the others wait by then, in milliseconds. */
const HELD_MS = 3;

/** For how long it is not asked for afterwards, so that another one has it next, in milliseconds. */
const LEFT_MS = 8;

const [kind, file, times] = process.argv.slice(2);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * A clock that all workers share, finer than `Date.now()`: that one's steps tell how far this process's own fine clock is
 * off. Of several steps the one that was seen soonest counts.
 */
function sharedClock() {
  let offsetMs = Infinity;
  for (let step = 0; step < 20; step++) {
    const before = Date.now();
    let after = before;
    while (after === before) after = Date.now();
    offsetMs = Math.min(offsetMs, performance.now() - after);
  }
  return () => Math.round((performance.now() - offsetMs) * 1e6);
}

const now = sharedClock();

/** Gives a function that takes the lock, and gives one that gives it back. */
async function locker() {
  if (kind === "proper-lockfile") {
    const { default: { lock } } = await import("proper-lockfile");
    // Waits as lattice does: from 1 ms to 100 ms, with jitter.
    const retries = { forever: true, minTimeout: 1, maxTimeout: 100, factor: 2, randomize: true };
    return () => lock(file, { realpath: false, retries });
  }
  const { FileLock } = await import("../../../src/mod.ts");
  return async () => {
    const one = new FileLock(file, { backend: kind, timeoutMs: Infinity, command: "bench" });
    await one.acquire();
    return () => one.release();
  };
}

const take = await locker();
while (!existsSync(`${file}.go`)) await sleep(1);
const held = [];
for (let time = 0; time < Number(times); time++) {
  const give = await take();
  const taken = now();
  await sleep(HELD_MS);
  held.push([taken, now()]);
  await give();
  await sleep(LEFT_MS);
}
console.log(JSON.stringify(held));
