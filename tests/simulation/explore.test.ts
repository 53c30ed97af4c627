import assert from "node:assert/strict";
import { utf8 } from "../../src/platform/text.ts";
import { test } from "../harness.ts";
import { SimCrash } from "./calls.ts";
import { explore, type Scenario } from "./explore.ts";
import { exploreFailures } from "./explore_failures.ts";
import { needlessFlushes } from "./needless_flushes.ts";
import { SimDisk } from "./sim_disk.ts";
import { SimSystem, textAt } from "./sim_system.ts";

/** Steps of a durable replacement that a broken variant leaves out. */
type Fault = "no content flush" | "no folder flush" | "in place" | "leaves the temporary file" | "recovery damages";

/** Replaces a file durably, and in the faulty variants not. */
function replacement(fault?: Fault): Scenario {
  return {
    name: `replacement, ${fault ?? "correct"}`,
    setup: () => new SimSystem(SimDisk.fromTree({ "/d/name": "old text", "/t": null })),
    program({ disk }, acknowledge) {
      if (fault === "in place") {
        using file = disk.openAppend("/d/name")!;
        file.truncate(0);
        file.write(utf8("new text"));
        file.sync();
      } else {
        using file = disk.create("/t/tmp");
        file.write(utf8("new text"));
        if (fault !== "no content flush") file.sync();
        disk.rename("/t/tmp", "/d/name");
        if (fault !== "no folder flush") disk.syncDirectory("/d");
      }
      acknowledge("new text");
    },
    recover({ disk }) {
      if (fault === "leaves the temporary file" || disk.lstat("/t/tmp") === null) return;
      if (fault === "recovery damages") {
        using file = disk.openAppend("/d/name")!;
        file.truncate(0);
        file.write(utf8("old text"));
      }
      disk.unlink("/t/tmp");
    },
    check({ disk }, { acknowledged }) {
      const allowed = acknowledged.length > 0 ? ["new text"] : ["old text", "new text"];
      assert.ok(allowed.includes(textAt(disk, "/d/name") ?? "nothing"), `found ${textAt(disk, "/d/name")}`);
      assert.equal(textAt(disk, "/t/tmp"), null);
    },
  };
}

test("explore() passes a correct replacement and says how much it tried", async () => {
  const stats = await explore(replacement());
  assert.equal(stats.calls, 6);
  assert.equal(stats.flushes, 2);
  // the beginning, after 5 changing calls, half through the write, acknowledged, the end
  assert.equal(stats.cutPoints, 9);
  assert.equal(stats.outcomesTried, stats.outcomes);
  assert.ok(stats.outcomes > 30, `${stats.outcomes} outcomes`);
  assert.ok(stats.recoveryOutcomesTried > 10, `${stats.recoveryOutcomesTried} of the recovery`);
});

test("explore() finds each fault of a replacement", async () => {
  const faults: [Fault, RegExp][] = [
    ["no content flush", /power cut[^]*check: found/],
    ["no folder flush", /acknowledged new text[^]*power cut[^]*check: found old text/],
    ["in place", /killed[^]*check: found/],
    ["leaves the temporary file", /check/],
    ["recovery damages", /recovery cut off[^]*check: found/],
  ];
  for (const [fault, message] of faults) await assert.rejects(explore(replacement(fault)), { message });
});

test("explore() finds a second recovery that changes something", async () => {
  const scenario: Scenario = {
    ...replacement(),
    recover({ disk, randomBytes }) {
      if (disk.lstat("/t/tmp") !== null) disk.unlink("/t/tmp");
      disk.create(`/t/mark-${randomBytes.length}-${disk.list("/t")!.length}`).close();
    },
  };
  await assert.rejects(explore(scenario), { message: /second recovery: it changed \/t\/mark-/ });
  await explore({ ...scenario, mayChange: (path) => path.startsWith("/t/mark-") });
});

test("explore() finds a recovery that concludes from what was merely visible", async () => {
  const scenario = replacement();
  const { check } = scenario;
  // The temporary file is gone from view, so this recovery finds nothing to do and flushes nothing.
  scenario.check = (system, context) => {
    check(system, context);
    return textAt(system.disk, "/d/name");
  };
  await assert.rejects(explore(scenario), { message: /concluded "new text"[^]*now it is "old text"/ });
  await explore({
    ...scenario,
    recover({ disk }) {
      disk.syncDirectory("/d");
      if (disk.lstat("/t/tmp") !== null) disk.unlink("/t/tmp");
    },
  });
});

test("explore() samples the same runs for the same seed, within the budget", async () => {
  const checked = async (seed: number): Promise<string[]> => {
    const seen: string[] = [];
    const scenario = replacement();
    const check = scenario.check;
    scenario.check = (system, context) => {
      seen.push(context.history.join());
      return check(system, context);
    };
    const stats = await explore(scenario, { sample: { seed, maxRuns: 20 } });
    assert.equal(stats.outcomesTried, 10);
    assert.equal(stats.outcomesTried + stats.recoveryOutcomesTried, seen.length);
    assert.ok(seen.length <= 20);
    return seen;
  };
  assert.deepEqual(await checked(5), await checked(5));
  assert.notDeepEqual(await checked(5), await checked(6));
});

test("explore() takes asynchronous programs", async () => {
  const scenario = replacement();
  const program = scenario.program;
  await explore({
    ...scenario,
    async program(system, acknowledge) {
      await system.clock.sleep(1000);
      await program(system, acknowledge);
    },
  });
});

test("explore() stands on copies: a kill by SimCrash leaves what the copy at that point holds", async () => {
  const scenario = replacement();
  const base = await scenario.setup();
  const whole = base.nextProcess();
  const left: string[] = [JSON.stringify(whole.disk.dump())];
  whole.disk.observe((_, progress) => {
    if (progress === "done") left.push(JSON.stringify(whole.disk.dump()));
  });
  await scenario.program(whole, () => {});
  for (let index = 1; index <= whole.disk.gate.count; index++) {
    for (const when of ["before", "after"] as const) {
      const system = base.nextProcess();
      system.disk.crashAt(index, when);
      assert.throws(() => scenario.program(system, () => {}), SimCrash);
      assert.equal(JSON.stringify(system.disk.dump()), left[when === "before" ? index - 1 : index]);
    }
  }
});

test("needlessFlushes() names the flush that no check needs", async () => {
  assert.deepEqual(await needlessFlushes(replacement()), []);
  const scenario = replacement();
  const program = scenario.program;
  scenario.program = (system, acknowledge) => {
    system.disk.syncDirectory("/t");
    return program(system, acknowledge);
  };
  assert.deepEqual(await needlessFlushes(scenario), ["call 1: syncDirectory /t"]);
});

test("exploreFailures() fails each call and lets the check judge", async () => {
  const scenario = replacement();
  const stats = await exploreFailures(scenario);
  assert.equal(stats.failures, 5 * 4 * 2);
  assert.equal(stats.failuresTried, stats.failures);
  assert.equal(stats.survived, 0);
  assert.ok(stats.runs > stats.failures);

  const program = scenario.program;
  scenario.program = (system, acknowledge) => {
    try {
      program(system, acknowledge);
    } catch {
      acknowledge("new text"); // the fault: an error is taken for success
    }
  };
  await assert.rejects(exploreFailures(scenario), { message: /ENOSPC \(once\) at call 1: create[^]*found old text/ });
  const sampled = await exploreFailures(replacement(), { sample: { seed: 2, maxRuns: 12 } });
  assert.ok(sampled.runs <= 12 && sampled.failuresTried === 12);
});
