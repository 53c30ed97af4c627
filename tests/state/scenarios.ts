/**
 * What is cut and disturbed on the simulated disk: a save or a delete, and the next command, which finds the document old
 * or new, nothing in its way, and nothing left behind.
 *
 * @module
 */
import assert from "node:assert/strict";
import { openStateRepository } from "../../src/state/open.ts";
import type { StateRepository, StateSchema } from "../../src/state/repository.ts";
import { LatticeError } from "../../src/platform/errors.ts";
import type { CutContext, Scenario } from "../simulation/explore.ts";
import { SimDisk } from "../simulation/sim_disk.ts";
import { SimSystem } from "../simulation/sim_system.ts";

const FOLDER = "/srv/data";
const NAME = "production";

/** Takes anything: what is judged here is the file. */
const ANYTHING: StateSchema<Record<string, unknown>> = {
  safeParse: (data) => ({ success: true, data: data as Record<string, unknown> }),
};

/** The repository as a process on the simulated machine has it; nobody is waited for. */
export function repositoryOn(system: SimSystem): StateRepository<Record<string, unknown>> {
  return openStateRepository(FOLDER, ANYTHING, { system, lockTimeoutMs: 0, command: "test" });
}

/** What a scenario does. */
interface Course {
  readonly name: string;
  /** What is stored before; `null`: nothing, and no folder either. */
  readonly before: Record<string, unknown> | null;
  /** Whether a document of another name is there, so that the store's folder is. */
  readonly neighbour?: boolean;
  /** What is to be stored; `null`: nothing, it is deleted. */
  readonly after: Record<string, unknown> | null;
}

const OLD = { version: "1.0", notes: "the old one" };
const NEW = { version: "2.0", notes: "the new one", more: "x".repeat(64) };

async function apply(states: StateRepository<Record<string, unknown>>, value: Course["after"]): Promise<void> {
  if (value === null) await states.delete(NAME);
  else await states.save(NAME, value);
}

/** A scenario of a course. */
function scenarioOf({ name, before, after, neighbour = false }: Course): Scenario {
  return {
    name,
    async setup() {
      const system = new SimSystem(SimDisk.fromTree({ "/srv": null }));
      const states = repositoryOn(system);
      if (neighbour) await states.save("staging", OLD);
      if (before !== null) await states.save(NAME, before);
      system.disk.storage.settleAll();
      return system.nextProcess();
    },
    async program(system, acknowledge) {
      await apply(repositoryOn(system), after);
      acknowledge("done");
    },
    // Who comes next writes what is there once more, and so needs the lock: not for a moment is it waited for.
    async recover(system) {
      const states = repositoryOn(system);
      const seen = await states.read(NAME);
      if (seen === undefined) await states.delete(NAME);
      else await states.save(NAME, seen.value, seen.digest);
    },
    async check(system, context) {
      const states = repositoryOn(system);
      const value = await states.load(NAME) ?? null;
      const isNew = JSON.stringify(value) === JSON.stringify(after);
      assert.ok(isNew || JSON.stringify(value) === JSON.stringify(before), `found ${JSON.stringify(value)}`);
      if (context.acknowledged.includes("done")) assert.ok(isNew, "it was acknowledged, and is not there");
      if (neighbour) assert.deepEqual(await states.load("staging"), OLD);
      const names = (system.disk.list(`${FOLDER}/${NAME}`) ?? []).map((entry) => entry.name);
      assert.deepEqual(names, value === null ? [] : ["state.json"]);
      judgeError(context);
      return isNew ? "new" : "old";
    },
  };
}

/** A call that failed is told of as what it is. */
function judgeError({ error }: CutContext): void {
  if (error === undefined) return;
  assert.ok(error instanceof LatticeError, String(error));
  assert.equal(error.code, "io", String(error));
  assert.ok(typeof error.details["path"] === "string" && error.hint !== undefined, `${error.message}: ${error.hint}`);
}

/** All of them. */
export const scenarios: readonly Scenario[] = [
  { name: "a first document, in a folder that is not there", before: null, after: NEW },
  { name: "a first document beside another", before: null, after: NEW, neighbour: true },
  { name: "a document is replaced", before: OLD, after: NEW },
  { name: "a document is deleted", before: OLD, after: null },
  { name: "a document that is not there is deleted", before: null, after: null, neighbour: true },
].map(scenarioOf);

/** Everything that is there, by name alone. */
export function namesLeft(system: SimSystem): string[] {
  return Object.keys(system.disk.dump()).sort();
}
