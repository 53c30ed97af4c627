import assert from "node:assert/strict";
import { computeOid, SHA1 } from "../../src/git/object_format.ts";
import type { NewObject } from "../../src/git/objects/store.ts";
import type { RefUpdate } from "../../src/engine/mod.ts";
import { undo } from "../../src/operations/undo.ts";
import { utf8 } from "../../src/platform/text.ts";
import { test } from "../harness.ts";
import { FLUSHES } from "../simulation/calls.ts";
import { SimDisk } from "../simulation/sim_disk.ts";
import { SimSystem } from "../simulation/sim_system.ts";
import { EMPTY_REPOSITORY, openTestRepository, openTestWriter } from "./engine_repository.ts";

function blob(text: string): NewObject {
  return { type: "blob", content: utf8(text) };
}

function oidOf(object: NewObject): string {
  return computeOid(SHA1, object.type, object.content);
}

function setRef(name: string, object: NewObject): RefUpdate {
  return {
    name,
    expect: { kind: "any" },
    change: { kind: "set", oid: oidOf(object) },
    follow: false,
    keepContent: true,
  };
}

function flushesOf(system: SimSystem) {
  return system.disk.trace.filter((call) => FLUSHES.has(call.operation));
}

function newSystem(): SimSystem {
  return new SimSystem(SimDisk.fromTree(EMPTY_REPOSITORY));
}

test("transact() creates one ref with six flushes and one for each new folder", async () => {
  const system = newSystem();
  const repository = openTestRepository(system);
  const first = blob("one");
  using writer = await openTestWriter(repository);
  writer.transact({ updates: [setRef("refs/meta/a", first)], objects: [first], message: "m", purpose: "operation" });
  assert.deepEqual(repository.refs.read("refs/meta/a")?.value, { kind: "direct", oid: oidOf(first) });
  const before = flushesOf(system).length;
  const second = blob("two");
  writer.transact({ updates: [setRef("refs/meta/a", second)], objects: [second], message: "m", purpose: "operation" });
  const flushes = flushesOf(system).slice(before).map((call) => call.path);
  assert.equal(flushes.length, 7, flushes.join("\n")); // six, and objects/ for the new fan-out folder
  assert.equal(system.disk.lstat("/r/.git/refs/meta/a.lock"), null);
  assert.equal(system.disk.lstat("/r/.git/lattice/op-state.json"), null);
});

test("transact() updates 100 refs by one rename of packed-refs with twelve flushes", async () => {
  const system = newSystem();
  const repository = openTestRepository(system);
  const objects = Array.from({ length: 100 }, (_, i) => blob(`doc ${i}`));
  const updates = objects.map((object, i) => setRef(`refs/meta/b${i}`, object));
  using writer = await openTestWriter(repository);
  const other = blob("other");
  writer.transact({ updates: [setRef("refs/meta/z", other)], objects: [other], message: "m", purpose: "operation" });
  const before = flushesOf(system).length;
  writer.transact({ updates, objects, message: "m", purpose: "operation" });
  const flushes = flushesOf(system).slice(before).map((call) => call.path);
  assert.equal(flushes.length, 12, flushes.join("\n"));
  assert.equal([...repository.refs.list("refs/meta/b")].length, 100);
  assert.equal(system.disk.lstat("/r/.git/packed-refs.lock"), null);
});

test("undo() walks back, and the undo of an undo is redo", async () => {
  const system = newSystem();
  const repository = openTestRepository(system);
  const [one, two] = [blob("one"), blob("two")];
  using writer = await openTestWriter(repository);
  const read = () => {
    const value = repository.refs.read("refs/meta/a")?.value;
    return value?.kind === "direct" ? value.oid : null;
  };
  for (const object of [one, two]) {
    writer.transact({
      updates: [setRef("refs/meta/a", object)],
      objects: [object],
      message: "m",
      purpose: "operation",
    });
  }
  undo(writer, undefined);
  assert.equal(read(), oidOf(one));
  const back = undo(writer, undefined);
  assert.equal(read(), null);
  assert.throws(() => undo(writer, undefined), { code: "not_found" });
  undo(writer, back.op!);
  assert.equal(read(), oidOf(one));
  undo(writer, undefined);
  assert.equal(read(), null);
});
