/**
 * Each flush of each transaction is needed: without it, some power cut leaves what a check does not allow. (That there
 * are no more flushes than these is asserted in `flushes.test.ts`.)
 */
import assert from "node:assert/strict";
import { test } from "../harness.ts";
import { type CallRecord, READS } from "../simulation/calls.ts";
import { describeCall } from "../simulation/explore.ts";
import { leaveOutFlushes } from "../simulation/needless_flushes.ts";
import { runs, seedOr, tried } from "../thoroughness.ts";
import { scenarios } from "./all_scenarios.ts";
import { flushName } from "./flush_names.ts";

const SEED = seedOr(1_117);

/**
 * The flushes whose lack no power cut shows here, and why they are made. Nothing may be added without a reason.
 */
const NOT_SHOWN: Readonly<
  Record<string, { reason: string; is(record: CallRecord, trace: readonly CallRecord[]): boolean }>
> = {
  "the parent of a new folder": {
    reason: "the simulated disk, as ext4, XFS, btrfs and f2fs, makes a folder reachable by the folder's own flush; " +
      "POSIX does not promise that",
    is: (record, trace) => {
      const before = trace.slice(0, trace.indexOf(record)).findLast(({ operation }) => isChange(operation));
      return before?.operation === "makeDirectory" && before.path.startsWith(`${record.path}/`);
    },
  },
  "the folder of HEAD.lock and packed-refs.lock": {
    reason: "recovery asks for the lock of each ref only, since no git that these two hold off outlives a power cut; " +
      "where they are flushed with the lock of a ref that stands beside them, there is nothing to leave out",
    is: (record, trace) => {
      const before = trace.slice(0, trace.indexOf(record));
      const locked = before.findLastIndex(({ operation, to }) => operation === "link" && isRootLock(to, record.path));
      return record.operation === "syncDirectory" && locked >= 0 &&
        !before.slice(locked).some(({ operation, to, path }) =>
          operation === "unlink" || (operation === "rename" && (to ?? path).endsWith("/packed-refs"))
        );
    },
  },
  "the marker of a batch": {
    reason:
      "after a restart the journal is found without it, and the inode of packed-refs tells what happened; while " +
      "the machine stays up, nothing that was written is lost",
    is: (record, trace) =>
      (record.path.endsWith("/lattice/op-state.json") || record.path.endsWith("/lattice")) &&
      trace.some(({ path }) => path.includes("/objects/pack/")),
  },
  "an object that is there already": {
    reason:
      'these scenarios begin with everything durable; where it is not, the mutant "object that is there already ' +
      'not flushed" shows the need',
    is: (record, trace) => {
      const name = record.operation === "syncFile" ? record.path : trace[trace.indexOf(record) - 1]?.path;
      return /\/objects\/[0-9a-f]{2}(?:\/|$)/.test(record.path) && name !== undefined &&
        trace.some(({ operation, path }) => operation === "syncFile" && path === name);
    },
  },
  "`committed` in the journal": {
    reason:
      "while the locks stand, recovery finds the same from `prepared`; once they are off, others may move the refs " +
      'on, which the mutant "`committed` flushed after the locks are off" shows',
    is: (record, trace) => {
      const flushes = trace.filter(({ operation, path }) => operation === "file.sync" && path === record.path);
      return /\/ops\/[^/]+\.jsonl$/.test(record.path) && flushes.length > 1 && flushes.at(-1) === record;
    },
  },
  "lattice/, from which the marker went": {
    reason: "a marker that comes back leads to a journal that has ended, and goes again; the flush spares the next " +
      "command that work",
    is: (record, trace) => {
      const before = trace.slice(0, trace.indexOf(record)).findLast(({ operation }) => isChange(operation));
      return before?.operation === "unlink" && before.path.endsWith("/lattice/op-state.json");
    },
  },
};

function isRootLock(path: string | undefined, folder: string): boolean {
  return path === `${folder}/HEAD.lock` || path === `${folder}/packed-refs.lock`;
}

function isChange(operation: string): boolean {
  return !READS.has(operation) && operation !== "chmod";
}

function isListed(record: CallRecord, trace: readonly CallRecord[]): boolean {
  return Object.values(NOT_SHOWN).some(({ is }) => is(record, trace));
}

for (const pending of scenarios) {
  const scenario = await pending;
  test(`without any one of its flushes something is found wrong: ${scenario.name}`, async () => {
    const results = await leaveOutFlushes(scenario, {
      isWanted: (record, trace) => !isListed(record, trace),
      maxRuns: runs(300, 20_000),
      powerCuts: { exhaustiveUpTo: 4, sample: 2 },
      seed: SEED,
    });
    const needless = results.filter(({ complaint }) => complaint === null);
    assert.deepEqual(needless.map(({ record }) => describeCall(record)), [], "left out, and nothing was found wrong");
    const outcomes = results.reduce((sum, { runs }) => sum + runs, 0);
    tried(
      `${scenario.name}, without ${results.map(({ record }) => flushName(record.path)).join(", ")}`,
      { "crash outcomes": outcomes, mutants: results.length },
      SEED,
    );
  });
}

test("each flush that is listed as one whose lack is not shown is made somewhere", async () => {
  const met = new Set<string>();
  for (const pending of scenarios) {
    const scenario = await pending;
    const measured = (await scenario.setup()).nextProcess();
    await scenario.program(measured, () => {});
    const { trace } = measured.disk;
    for (const [name, { is }] of Object.entries(NOT_SHOWN)) {
      if (trace.some((record) => is(record, trace))) met.add(name);
    }
  }
  assert.deepEqual([...met].sort(), Object.keys(NOT_SHOWN).sort());
});
