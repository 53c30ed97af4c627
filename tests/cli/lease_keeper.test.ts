/** How `lease exec` counts the time of its lock, by a clock that goes only when it is told to. */
import assert from "node:assert/strict";
import type { CommandContext } from "../../src/cli/context.ts";
import { LeaseKeeper } from "../../src/cli/lease_keeper.ts";
import { FencingTokenRefusedError } from "../../src/lock_store/errors.ts";
import type { PersistedLock } from "../../src/lock_store/lock.ts";
import type { LockStore } from "../../src/lock_store/store.ts";
import type { RunningProgram } from "../../src/platform/system.ts";
import { test } from "../harness.ts";

const TTL_MS = 10_000;

const LOCK: PersistedLock = {
  id: "00000000-0000-4000-8000-000000000000",
  shareName: "s",
  fileId: "f",
  ownerId: "o",
  clientId: "c",
  lockType: 1,
  offset: 0n,
  length: 0n,
  shareReservation: 0,
  acquiredAt: new Date(0),
  serverEpoch: 0n,
  expiresAt: new Date(TTL_MS),
  fencingToken: 1n,
};

/** One whose lock was asked for at 0, and whose store answers each renewal after so long. */
function keeperAt(startMs: number, answerMs: number, store: Partial<LockStore> = {}) {
  let nowMs = startMs;
  const sleepers = new Set<{ readonly atMs: number; readonly wake: () => void }>();
  const sleep = (ms: number) => new Promise<void>((resolve) => void sleepers.add({ atMs: nowMs + ms, wake: resolve }));
  /** Lets the time go on to the next who waits for it, until there is an outcome. */
  const run = async (outcome: Promise<unknown>) => {
    let isOver = false;
    const end = outcome.then(() => isOver = true, () => isOver = true);
    for (;;) {
      await Promise.race([end, new Promise((resolve) => setTimeout(resolve))]);
      if (isOver) break;
      const next = [...sleepers].sort((a, b) => a.atMs - b.atMs)[0];
      assert.ok(next !== undefined, "nobody waits for anything");
      sleepers.delete(next);
      nowMs = Math.max(nowMs, next.atMs);
      next.wake();
    }
    return nowMs;
  };
  const context = {
    system: { clock: { monotonicMs: () => nowMs, sleep } },
    log: { detail: () => {} },
  } as unknown as CommandContext;
  const renewing = { renewLock: () => sleep(answerMs), ...store } as unknown as LockStore;
  return { keeper: new LeaseKeeper(context, renewing, LOCK, TTL_MS, 0), run, sleep };
}

for (const [answerMs, told] of [[6900, "leaves"], [7100, "does not leave"], [9900, "does not leave"]] as const) {
  test(`a renewal before the program is started, answered after ${answerMs} of 10000 ms, ${told} the time to stop it`, async () => {
    const { keeper, run } = keeperAt(4000, answerMs);
    const confirmed = keeper.confirm();
    confirmed.catch(() => {});
    const endMs = await run(confirmed);
    if (told === "leaves") await confirmed;
    else {await assert.rejects(
        confirmed,
        /was lost, before its program was started: the store did not renew it in time/,
      );}
    assert.equal(endMs, 4000 + Math.min(answerMs, 7000));
  });
}

test("a lock that was had early enough is not renewed before its program is started", async () => {
  const { keeper, run } = keeperAt(3000, Infinity);
  assert.equal(await run(keeper.confirm()), 3000);
});

const PROGRAM_END = { exitCode: 0 };

const ENDED: RunningProgram = {
  output: (async function* () {})(),
  ended: Promise.resolve(PROGRAM_END),
  stop: () => {},
};

for (
  const [what, endMs, giveBackMs, told] of [
    ["within its time", 1000, 2000, "was lost"],
    ["whose time was up only after the program had ended", 1000, 9500, "was not lost before"],
    ["whose time was up before the program had ended", 10_500, 100, "was lost"],
  ] as const
) {
  test(`a lock ${what}, and that is not there when it is given back, ${told}`, async () => {
    const refused: Partial<LockStore> = {
      transaction: async () => {
        await sleep(giveBackMs);
        throw new FencingTokenRefusedError(LOCK.id, LOCK.fencingToken);
      },
    };
    // It hears of the program's end before it can renew.
    const { keeper, run, sleep } = keeperAt(endMs, Infinity, refused);
    const held = keeper.holdWhile(ENDED);
    await run(held);
    assert.deepEqual(await held, { ended: PROGRAM_END, lost: null });
    const given = keeper.giveBack(PROGRAM_END);
    assert.equal(await run(given), endMs + giveBackMs);
    const lost = await given;
    if (told === "was lost") assert.match(lost!.message, /was lost, while its program ran, which ended with 0: /);
    else assert.equal(lost, null);
  });
}
