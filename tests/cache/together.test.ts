/**
 * Processes that refresh, read and clean one entry at once, interleaved at every call, some of them killed.
 *
 * A read is right when the entry held what it gave at some moment while it read: what that was, the renames and removals
 * of the pointer tell. A refresh may fetch only where nothing was stored since it first asked for the lock, and never
 * while another one fetches.
 */
import assert from "node:assert/strict";
import { test } from "../harness.ts";
import { seededRandom } from "../simulation/random.ts";
import { seededSchedule } from "../simulation/schedule.ts";
import { SimSystem, textAt } from "../simulation/sim_system.ts";
import { type Run, runTogether } from "../simulation/together.ts";
import { runs, seedOr, tried } from "../thoroughness.ts";
import { cacheOn, FILE_SYSTEMS, type FileSystem, FOLDER, namesOf, newMachine, textOf } from "./machine.ts";
import type { CacheFact, CacheInput } from "./together_programs.ts";

const MODULE = new URL("./together_programs.ts", import.meta.url);
const SEED = seedOr(20_261_124);
const SCHEDULES = runs(60, 10_000);
const POINTER = `${FOLDER}/a/current`;

/** What the entry held from a call on. */
interface Held {
  readonly at: number;
  readonly content: string | null;
}

const COMPANIES: Readonly<Record<string, readonly CacheInput["steps"][]>> = {
  "refreshers and readers": [["refresh", "refresh"], ["refresh"], ["force", "force"], ["get", "get", "get"], [
    "get",
    "get",
  ]],
  "all of them": [["refresh", "clean"], ["refresh", "get", "put"], ["put", "get", "refresh"], ["clean", "refresh"], [
    "get",
    "get",
  ]],
};

for (const fileSystem of Object.keys(FILE_SYSTEMS) as FileSystem[]) {
  for (const [company, steps] of Object.entries(COMPANIES)) {
    test(`interleaved, some killed, no read is torn or missing and one fetches at a time: ${company} (${fileSystem})`, async () => {
      const seen = { kills: 0, found: 0, fetched: 0, reads: 0 };
      for (let i = 0; i < SCHEDULES; i++) {
        const seed = SEED + i;
        const random = seededRandom(seed);
        const machine = newMachine(fileSystem);
        await cacheOn(machine).put("a", "at first");
        machine.disk.syncFileSystem("/");
        const held: Held[] = [{ at: 0, content: "at first" }];
        let made = 0;
        const run = await runTogether(
          machine,
          steps.map((own) => ({ module: MODULE, program: "useCache", input: { folder: FOLDER, steps: own } })),
          {
            schedule: seededSchedule(seed),
            kills: Array.from({ length: random.below(3) }, (_, process) => ({
              process,
              call: 1 + random.below(90),
              half: random.below(2) === 0,
            })),
            watch({ operation, path, to, errno }, disk) {
              made++;
              if (errno !== undefined) return;
              const moved = operation === "rename" && to === POINTER;
              const gone = operation === "unlink" && path === POINTER;
              if (moved || gone) held.push({ at: made, content: moved ? contentOn(disk) : null });
            },
          },
        );
        judge(run, held, steps, { seed, seen });
        await expectSound(new SimSystem(run.disk.forNextProcess()), fileSystem, seed);
      }
      tried(`cache, ${company} (${fileSystem}), ${JSON.stringify(seen)}`, { schedules: SCHEDULES }, SEED);
      for (const [what, count] of Object.entries(seen)) assert.ok(count > SCHEDULES / 4, `${count} ${what}`);
    });
  }
}

/** What the pointer names; `torn` where that is not there. */
function contentOn(disk: SimSystem["disk"]): string {
  const { digest } = JSON.parse(textAt(disk, POINTER)!) as { digest: string };
  return textAt(disk, `${FOLDER}/a/${digest}`) ?? "torn";
}

function judge(
  run: Run,
  held: readonly Held[],
  steps: readonly CacheInput["steps"][],
  { seed, seen }: { seed: number; seen: { kills: number; found: number; fetched: number; reads: number } },
): void {
  const wrong = (what: string) => assert.fail(`seed ${seed}: ${what}; ${JSON.stringify(held)}`);
  if (held.some(({ content }) => content === "torn")) wrong("the pointer named what was not there");
  const lastCalls = new Map<number, number>();
  run.calls.forEach(({ process }, at) => lastCalls.set(process, at + 1));
  const fetching = new Map<number, number>();
  const begun = new Map<number, number>();
  for (const { process, at, fact } of run.told) {
    const told = fact as CacheFact;
    // A process that was killed does nothing any more behind its last call.
    for (const other of fetching.keys()) {
      if (run.results[other]!.outcome === "killed" && (lastCalls.get(other) ?? 0) <= at) fetching.delete(other);
    }
    switch (told.is) {
      case "reading":
      case "refreshing":
        begun.set(process, at);
        break;
      case "read": {
        const from = begun.get(process)!;
        const before = held.findLast((one) => one.at <= from)!;
        const during = held.filter((one) => one.at > from && one.at <= at);
        const allowed = [before, ...during].map(({ content }) => content);
        if (!allowed.includes(told.content)) wrong(`${process} read ${told.content} between ${from} and ${at}`);
        seen.reads++;
        break;
      }
      case "fetching": {
        if (fetching.size > 0) wrong(`${process} fetched at ${at} beside ${[...fetching.keys()]}`);
        fetching.set(process, at);
        const asked = run.calls.findIndex((call, index) =>
          index >= begun.get(process)! && call.process === process && call.path.startsWith(`${FOLDER}/a/refresh.`)
        );
        const stored = held.filter((one) => one.at > asked && one.at <= at);
        if (!steps[process]!.includes("force") && stored.length > 0 && stored.at(-1)!.content !== null) {
          wrong(`${process} fetched at ${at}, although it had waited for what was stored`);
        }
        break;
      }
      case "fetched":
        fetching.delete(process);
    }
  }
  for (const result of run.results) {
    if (result.outcome === "killed") seen.kills++;
    else if (result.outcome === "failed") wrong(result.error);
    else {
      const outcomes = result.value as string[];
      seen.fetched += outcomes.filter((one) => one === "fetched").length;
      seen.found += outcomes.filter((one) => one === "found").length;
    }
  }
}

/** Who comes next reads something whole, refreshes at once, and leaves nothing of the others. */
async function expectSound(system: SimSystem, fileSystem: FileSystem, seed: number): Promise<void> {
  const cache = cacheOn(system);
  const found = textOf(cache);
  assert.ok(found === undefined || found === "at first" || /^\d{4}, \d$/.test(found), `seed ${seed}: ${found}`);
  assert.equal((await cache.refresh("a", () => "next")).refreshed, true, `seed ${seed}`);
  assert.equal(textOf(cache), "next");
  const others = namesOf(system).filter((name) => !/^[0-9a-f]{64}$/.test(name));
  assert.deepEqual(others, fileSystem === "local disk" ? ["current", "refresh.flock"] : ["current"], `seed ${seed}`);
}
