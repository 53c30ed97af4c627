/**
 * The file of the secrets, its writer cut at every call, with every call failing, and beside other writers.
 */
import assert from "node:assert/strict";
import { FileSecretStore } from "../../src/secrets/file_store.ts";
import { SecretDeleteError, SecretWriteError } from "../../src/secrets/errors.ts";
import { test } from "../harness.ts";
import { explore, type Scenario } from "../simulation/explore.ts";
import { exploreFailures } from "../simulation/explore_failures.ts";
import { seededRandom } from "../simulation/random.ts";
import { triedCuts, triedFailures } from "../simulation/report.ts";
import { seededSchedule } from "../simulation/schedule.ts";
import { SimDisk } from "../simulation/sim_disk.ts";
import { SimSystem } from "../simulation/sim_system.ts";
import { runTogether } from "../simulation/together.ts";
import { runs, seedOr, tried } from "../thoroughness.ts";

const SEED = seedOr(20_261_121);
const OLD = "the old value";
const NEW = "the new value";

function machine(tree: Record<string, string | null> = {}, isShared = false): SimSystem {
  const disk = SimDisk.fromTree({ "/h": null, ...tree });
  disk.shared = isShared;
  return new SimSystem(disk, { env: { HOME: "/h" } });
}

const storeOn = (system: SimSystem) => FileSecretStore.ofUser({ system });

/** A machine on which two secrets are stored, durably. */
async function prepared(isShared: boolean): Promise<SimSystem> {
  const system = machine({}, isShared);
  await storeOn(system).set("key", OLD);
  await storeOn(system).set("other", "kept");
  system.disk.syncFileSystem("/");
  return system.nextProcess();
}

interface Step {
  readonly name: string;
  setup(): Promise<SimSystem> | SimSystem;
  program(system: SimSystem): Promise<void>;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

const STEPS: readonly Step[] = [false, true].flatMap((isShared) => {
  const how = isShared ? "PID lock" : "flock";
  const set = (system: SimSystem) => storeOn(system).set("key", NEW);
  return [
    {
      name: `the first secret (${how})`,
      setup: () => machine({}, isShared),
      program: set,
      before: undefined,
      after: NEW,
    },
    { name: `a secret is replaced (${how})`, setup: () => prepared(isShared), program: set, before: OLD, after: NEW },
    {
      name: `a secret is deleted (${how})`,
      setup: () => prepared(isShared),
      program: (system: SimSystem) => storeOn(system).delete("key"),
      before: OLD,
      after: undefined,
    },
  ];
});

/** The next process stores something: no lock stops it, and it sweeps what a dead one left. */
function scenarioOf({ name, setup, program, before, after }: Step): Scenario {
  return {
    name,
    setup,
    async program(system, acknowledge) {
      await program(system);
      acknowledge("done");
    },
    async recover(system) {
      await FileSecretStore.ofUser({ system, lockTimeoutMs: 0 }).set("next", "stored");
    },
    async check(system, context) {
      const store = storeOn(system);
      const value = await store.get("key");
      const isPutBack = context.error !== undefined &&
        !/neither flushed nor put back|give back the lock/.test(String(context.error));
      const allowed = context.acknowledged.length > 0
        ? [after]
        : isPutBack && !context.powerCut
        ? [before]
        : [before, after];
      assert.ok(allowed.includes(value), `${value}: ${context.history.join("; ")}`);
      if (context.error !== undefined) {
        const { error } = context;
        assert.ok(error instanceof SecretWriteError || error instanceof SecretDeleteError, String(error));
        assert.deepEqual([error.code, error.key, error.provider], ["io", "key", "file"]);
        assert.ok(!JSON.stringify([error.message, error.details, error.hint, error.stack]).includes(NEW));
      }
      if (before !== undefined) assert.equal(await store.get("other"), "kept");
      const names = (system.disk.list("/h/.lattice") ?? []).map((entry) => entry.name).sort();
      assert.deepEqual(names.filter((entry) => !/^secrets\.toml(?:\.flock)?$/.test(entry)), []);
    },
    mayChange: (path) => path.startsWith("/h/.lattice/secrets.toml."),
  };
}

for (const step of STEPS) {
  test(`killed or without power at any call, old or new is there and the next one goes on: ${step.name}`, async () => {
    const sample = { seed: SEED, maxRuns: runs(120, 4000) };
    triedCuts(step.name, await explore(scenarioOf(step), { sample }), SEED);
  });

  test(`a call that fails leaves what was there, and is told with code io: ${step.name}`, async () => {
    const sample = { seed: SEED, maxRuns: runs(100, 4000) };
    triedFailures(step.name, await exploreFailures(scenarioOf(step), { sample }), SEED);
  });

  test(`a failing call leaves neither a temporary file nor a lock: ${step.name}`, async () => {
    const measured = (await step.setup()).nextProcess();
    await step.program(measured);
    const calls = measured.disk.trace.length;
    for (let index = 1; index <= calls; index++) {
      for (const errno of ["ENOSPC", "EDQUOT", "EACCES", "EROFS", "EIO"]) {
        const system = (await step.setup()).nextProcess();
        system.disk.failAt(index, errno);
        const { operation, path } = measured.disk.trace[index - 1]!;
        await step.program(system).catch((error: unknown) =>
          assert.match(String(error), /Secret(?:Write|Delete)Error/)
        );
        // What it could not remove is still there, until the next one sweeps it. (A close cannot fail: the call after it does.)
        if (/unlink|close|process\.look/.test(operation) || (operation === "lstat" && path.endsWith(".lock"))) continue;
        const names = (system.disk.list("/h/.lattice") ?? []).map((entry) => entry.name);
        const left = names.filter((entry) => !/^secrets\.toml(?:\.flock)?$/.test(entry));
        assert.deepEqual(left, [], `call ${index} (${operation}) fails with ${errno}`);
        await FileSecretStore.ofUser({ system: system.nextProcess(), lockTimeoutMs: 0 }).set("next", "stored");
      }
    }
  });

  test(`nobody else may read any file at any moment: ${step.name}`, async () => {
    const system = (await step.setup()).nextProcess();
    let looks = 0;
    system.disk.observe(() => {
      looks++;
      for (const [path, text] of Object.entries(system.disk.dump())) {
        if (path === "/h/") continue;
        const mode = text.split(" ")[0]!;
        assert.equal(mode, path.endsWith("/") ? "700" : "600", `${path} has mode ${mode}`);
      }
    });
    await step.program(system);
    assert.ok(looks > 10, `${looks} looks`);
    const isFirst = step.before === undefined;
    const flushed = system.disk.trace.filter(({ operation }) => operation === "syncDirectory").map(({ path }) => path);
    assert.equal(flushed.includes("/h"), isFirst, "who makes a folder flushes its parent");
  });
}

test("a writer cut in its recovery, too, leaves a file that others can never read", async () => {
  const [, step] = STEPS;
  const base = await step!.setup();
  const measured = base.nextProcess();
  await step!.program(measured);
  for (let index = 1; index <= measured.disk.trace.length; index++) {
    const system = base.nextProcess();
    system.disk.crashAt(index);
    await step!.program(system).catch(() => undefined);
    for (const { disk } of system.disk.powerCuts({ seed: SEED })) {
      for (const [path, text] of Object.entries(disk.dump())) {
        if (!path.startsWith("/h/.lattice/secrets") || text.split(" ").slice(1).join("") === "") continue;
        assert.match(text, /^600 /, path);
      }
    }
  }
});

test("writers of different keys lose nothing, in any order of their calls, some of them killed", async () => {
  const module = new URL("./file_programs.ts", import.meta.url);
  const schedules = runs(40, 5000);
  let kills = 0;
  for (let i = 0; i < schedules; i++) {
    const seed = SEED + i;
    const random = seededRandom(seed);
    const keys = ["a", "b", "c", "d"];
    const programs = keys.map((key) => ({ module, program: "setKey", input: { key, value: `value of ${key}` } }));
    const planned = Array.from({ length: random.below(3) }, (_, process) => ({
      process,
      call: 1 + random.below(60),
      half: random.below(2) === 0,
    }));
    const system = machine({}, random.below(2) === 0);
    const run = await runTogether(system, programs, { schedule: seededSchedule(seed), kills: planned });
    const store = storeOn(new SimSystem(run.disk.forNeighbour(), { env: { HOME: "/h" } }));
    for (const [index, key] of keys.entries()) {
      const { outcome } = run.results[index]!;
      const value = await store.get(key);
      if (outcome === "killed") kills++;
      else {assert.deepEqual(
          [outcome, value],
          ["ended", `value of ${key}`],
          `seed ${seed}: ${JSON.stringify(run.results)}`,
        );}
      assert.ok(value === undefined || value === `value of ${key}`, `seed ${seed}`);
    }
  }
  tried(`writers of secrets, ${kills} kills`, { schedules }, SEED);
  assert.ok(kills > schedules / 10, `${kills} kills`);
});
