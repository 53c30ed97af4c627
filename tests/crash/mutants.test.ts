/**
 * Whether the crash tests can find bugs: deliberately broken variants of the program, each of which must be caught, by
 * what it breaks and not by chance.
 */
import assert from "node:assert/strict";
import { test } from "../harness.ts";
import { torture, tried } from "../thoroughness.ts";
import { BED_NAMES, bedOf } from "./mutants/beds.ts";
import { journalMutants } from "./mutants/journal.ts";
import { complaintOf, exploreBed, type Mutant } from "./mutants/mutant.ts";
import { objectMutants } from "./mutants/objects.ts";
import { recoveryMutants } from "./mutants/recovery.ts";
import { refMutants } from "./mutants/refs.ts";

/** Beds that take half a minute: only where everything is tried. */
const SLOW_BEDS = new Set(["op run of a program that fails"]);

const BEDS = BED_NAMES.filter((name) => torture || !SLOW_BEDS.has(name));

const MUTANTS: readonly Mutant[] = [...objectMutants, ...journalMutants, ...refMutants, ...recoveryMutants]
  .filter(({ caughtIn }) => BEDS.some((name) => name in caughtIn));

/** Those that were caught in this run. */
const caught = new Set<string>();

for (const name of BEDS) {
  const catching = MUTANTS.filter(({ caughtIn }) => name in caughtIn);
  test(`the program as it is passes where mutants are caught: ${name}`, async () => {
    assert.ok(catching.length > 0, "no mutant is tried here");
    await exploreBed(await bedOf(name));
  });
  for (const mutant of catching) {
    test(`a mutant is caught: ${mutant.name} (${name})`, async () => {
      const error = await exploreBed(await bedOf(name), mutant).then(() => null, (thrown: unknown) => thrown);
      assert.notEqual(error, null, `nothing was found wrong. ${mutant.breaks}`);
      assert.match(complaintOf(error) ?? `no complaint of a check: ${String(error)}`, mutant.caughtIn[name]!);
      caught.add(mutant.name);
    });
  }
}

test("every mutant is caught", () => {
  assert.equal(new Set(MUTANTS.map(({ name }) => name)).size, MUTANTS.length, "two have one name");
  assert.deepEqual(MUTANTS.filter(({ name }) => !caught.has(name)).map(({ name }) => name), []);
  tried(`each caught (${MUTANTS.map(({ name }) => name).join(", ")})`, { mutants: MUTANTS.length });
});
