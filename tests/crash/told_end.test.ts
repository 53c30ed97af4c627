import assert from "node:assert/strict";
import { operations } from "../../src/engine/history.ts";
import type { Writer } from "../../src/engine/mod.ts";
import { EMPTY_REPOSITORY, openTestRepository, openTestWriter } from "../engine/engine_repository.ts";
import { test } from "../harness.ts";
import { explore, type Scenario } from "../simulation/explore.ts";
import { SimDisk } from "../simulation/sim_disk.ts";
import { SimSystem } from "../simulation/sim_system.ts";
import { triedCuts } from "../simulation/report.ts";
import { runs, seedOr } from "../thoroughness.ts";
import { blob, checkClean, runStep, setRef } from "./scenarios.ts";

const SEED = seedOr(31_337);

function set(writer: Writer, text: string): void {
  runStep(writer, { updates: [setRef("refs/meta/a", blob(text))], objects: [blob(text)] });
}

/** Two operations on one ref, the ends of which nobody flushes. */
function twice(): Scenario {
  return {
    name: "two single updates",
    setup() {
      const system = new SimSystem(SimDisk.fromTree(EMPTY_REPOSITORY));
      system.disk.syncFileSystem("/");
      return system;
    },
    async program(system, acknowledge) {
      using writer = await openTestWriter(openTestRepository(system));
      set(writer, "one");
      acknowledge("one");
      set(writer, "two");
      acknowledge("two");
    },
    async recover(system) {
      using _writer = await openTestWriter(openTestRepository(system), true);
    },
    check(system, { acknowledged }) {
      const phases = [...operations(system, "/r/.git")].map(({ phase }) => phase).reverse();
      acknowledged.forEach((fact, index) => assert.equal(phases[index], "committed", `${fact} did happen`));
      assert.ok(!phases.includes("in_progress"));
      checkClean(system);
    },
    mayChange: (path) => path === "/r/.git/lattice/lock",
  };
}

test("an acknowledged operation stays committed in the list, also when its ref was moved on and its marker came back", async () => {
  const stats = await explore(twice(), { sample: { seed: SEED, maxRuns: runs(1500, 100_000) } });
  triedCuts("two operations on one ref", stats, SEED);
});
