import assert from "node:assert/strict";
import { test } from "../harness.ts";
import { SimSystem } from "../simulation/sim_system.ts";
import { SimDisk } from "../simulation/sim_disk.ts";
import { EMPTY_REPOSITORY, openTestRepository, openTestWriter } from "../engine/engine_repository.ts";
import { flushNames } from "./flush_names.ts";
import { blob, commit, deleteRef, EMPTY_TREE, runStep, setRef, type Step } from "./scenarios.ts";

const many = (text: string) => Array.from({ length: 70 }, (_, i) => blob(`${text} ${i}`));
const both: Step = {
  updates: [setRef("refs/meta/a", blob("1")), setRef("refs/meta/b", blob("2"))],
  objects: [blob("1"), blob("2")],
};
const seventy = many("doc");
const batch: Step = { updates: seventy.map((doc, i) => setRef(`refs/meta/x${i}`, doc)), objects: seventy };
const again = many("new");
const c1 = commit("1");
const branch: Step = { updates: [{ ...setRef("refs/heads/main", c1), keepContent: false }], objects: [EMPTY_TREE, c1] };

/** Which flushes a transaction makes, in order, with names that do not depend on ids. */
async function flushesOf(base: readonly Step[], step: Step): Promise<string[]> {
  const system = new SimSystem(SimDisk.fromTree(EMPTY_REPOSITORY));
  const repository = openTestRepository(system);
  using writer = await openTestWriter(repository);
  for (const one of base) runStep(writer, one);
  const before = system.disk.trace.length;
  runStep(writer, step);
  return flushNames(system.disk.trace.slice(before));
}

test("one update flushes object, its folder, value, journal, ops, the ref's folder: no fewer and no more", async () => {
  assert.deepEqual(await flushesOf([both, batch], { updates: [setRef("refs/meta/a", seventy[0]!)], objects: [] }), [
    "./lattice/tmp/<op>/0",
    "./lattice/ops/<op>.jsonl",
    "./lattice/ops",
    "./refs/meta",
  ]);
  const fresh = blob("3");
  const flushes = await flushesOf([both], { updates: [setRef("refs/meta/a", fresh)], objects: [fresh] });
  assert.deepEqual(flushes.filter((path) => path !== "./objects"), [
    flushes[flushes.indexOf("./objects") === 0 ? 1 : 0]!,
    "./objects/<fan-out>",
    "./lattice/tmp/<op>/0",
    "./lattice/ops/<op>.jsonl",
    "./lattice/ops",
    "./refs/meta",
  ]);
});

test("what is there already as it was to be is flushed as if it were written: the object, the value, their folders", async () => {
  const one = blob("1");
  const same: Step = { updates: [setRef("refs/meta/a", one)], objects: [one] };
  const [object, ...others] = await flushesOf([same], same);
  assert.match(object!, /^\.\/objects\//);
  assert.deepEqual(others, ["./objects/<fan-out>", "./refs/meta/a", "./refs/meta"]);
  // In a batch: a pack and its index, packed-refs, and the folder of each; no more of them the more refs there are.
  const flushes = await flushesOf([batch], batch);
  assert.deepEqual(flushes.slice(2), ["./objects/pack", "./packed-refs", "."], flushes.join());
  assert.deepEqual(await flushesOf([branch], { ...branch, objects: [] }), ["./refs/heads/main", "./refs/heads"]);
});

test("one deletion of a packed ref flushes the new packed-refs and the common dir twice", async () => {
  assert.deepEqual(await flushesOf([batch], { updates: [deleteRef("refs/meta/x1")], objects: [] }), [
    "./lattice/ops/<op>.jsonl",
    "./lattice/ops",
    "./lattice/tmp/<op>/packed-refs",
    ".", // the new packed-refs is durable before a loose file may go
    "./refs/meta",
    ".", // packed-refs.lock is gone
  ]);
});

test("HEAD's branch flushes the git dir too, where HEAD.lock was, and keeps what it replaced", async () => {
  const c2 = commit("2");
  const flushes = await flushesOf([branch], {
    updates: [{ ...setRef("refs/heads/main", c2), keepContent: false }],
    objects: [c2],
  });
  const tail = flushes.slice(flushes.indexOf("./lattice/ops/<op>.jsonl"));
  assert.deepEqual(tail, [
    "./lattice/ops/<op>.jsonl",
    "./lattice/ops",
    "./lattice/op-state.json",
    "./lattice",
    "./lattice/tmp/<op>/0",
    "./lattice/tmp/<op>/1",
    "./refs",
    "./refs/lattice",
    "./refs/lattice/keep",
    "./refs/heads", // locks
    "./refs/lattice/keep/<op>",
    ".", // HEAD.lock
    "./lattice/ops/<op>.jsonl", // prepared
    "./refs/heads", // values
    "./refs/lattice/keep/<op>",
    "./lattice/ops/<op>.jsonl", // committed
    "./refs/heads", // locks are gone
    "./refs/lattice/keep/<op>",
    ".",
    "./lattice",
  ]);
});

test("a batch makes twelve flushes, however many refs it has", async () => {
  assert.deepEqual(
    await flushesOf([batch], { updates: again.map((doc, i) => setRef(`refs/meta/x${i}`, doc)), objects: again }),
    [
      "./objects/pack/pack",
      "./objects/pack/idx",
      "./objects/pack",
      "./lattice/ops/<op>.jsonl",
      "./lattice/ops",
      "./lattice/op-state.json",
      "./lattice",
      "./lattice/tmp/<op>/packed-refs",
      ".",
      "./refs/meta",
      "./lattice/ops/<op>.jsonl",
      "./lattice",
    ],
  );
});
