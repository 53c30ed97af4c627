/** Objects on a disk that loses power: what was acknowledged is there, and what has an object's name is whole. */
import assert from "node:assert/strict";
import { computeOid, SHA1 } from "../../../src/git/object_format.ts";
import { type OpenObjectStore, openObjectStore } from "../../../src/git/objects/open.ts";
import type { NewObject } from "../../../src/git/objects/store.ts";
import type { Disk, OpenFile } from "../../../src/platform/disk.ts";
import type { System } from "../../../src/platform/system.ts";
import { utf8 } from "../../../src/platform/text.ts";
import { test } from "../../harness.ts";
import { explore, type Scenario } from "../../simulation/explore.ts";
import { needlessFlushes } from "../../simulation/needless_flushes.ts";
import { triedCuts } from "../../simulation/report.ts";
import { SimDisk } from "../../simulation/sim_disk.ts";
import { SimSystem } from "../../simulation/sim_system.ts";
import { configOf } from "./open_fixture.ts";

type Write = (objects: OpenObjectStore, contents: readonly NewObject[]) => void;

const writeLoose: Write = (objects, contents) => contents.forEach((object) => objects.writeLoose(object));
const writePack: Write = (objects, contents) => void objects.writePack(contents, "keep");
const writeStream: Write = (objects, contents) => {
  for (const { type, content } of contents) objects.writeLooseStream(type, content.length, [content]);
};

function blobs(...texts: string[]): NewObject[] {
  return texts.map((text) => ({ type: "blob", content: utf8(text) }));
}

function openSimulated(system: System): OpenObjectStore {
  const config = configOf({});
  return openObjectStore({ system, objectsDir: "/repo/objects", format: SHA1, config, readReplaceRef: () => null });
}

/** The same machine for somebody who never flushes. */
function withoutFlushes(system: System): System {
  const nothing = () => {};
  const careless = <T extends object>(target: T, changed: Record<string, unknown>) =>
    new Proxy(target, {
      get(object, key) {
        const member = changed[String(key)] ?? Reflect.get(object, key) as unknown;
        return typeof member === "function" ? member.bind(object) : member;
      },
    });
  const disk = careless<Disk>(system.disk, {
    syncFile: nothing,
    syncDirectory: nothing,
    create: (path: string, mode?: number) => careless<OpenFile>(system.disk.create(path, mode), { sync: nothing }),
  });
  return careless(system, { disk });
}

/** @param before How somebody else wrote the same just before, without flushing it. */
function scenario(name: string, contents: readonly NewObject[], write: Write, before?: Write): Scenario {
  const oids = contents.map(({ type, content }) => computeOid(SHA1, type, content));
  return {
    name,
    setup() {
      const system = new SimSystem(SimDisk.fromTree({ "/repo/objects/info": null, "/repo/objects/pack": null }));
      if (before !== undefined) before(openSimulated(withoutFlushes(system)), contents);
      return system;
    },
    program(system, acknowledge) {
      using objects = openSimulated(system);
      write(objects, contents);
      acknowledge("written");
    },
    recover: () => undefined,
    check(system, { acknowledged }) {
      using objects = openSimulated(system);
      if (before === undefined) { for (const oid of objects.allOids()) assert.ok(objects.read(oid) !== null); }
      if (acknowledged.length === 0) return;
      for (const oid of oids) assert.ok(objects.read(oid) !== null, `${oid} is lost`);
    },
  };
}

const SCENARIOS: readonly Scenario[] = [
  scenario("writeLoose()", blobs("one", "two", "three"), writeLoose),
  scenario("writeLooseStream()", blobs("one"), writeStream),
  scenario("writePack()", blobs("one", "two", "three"), writePack),
  scenario("writeLoose() after an unflushed writeLoose()", blobs("one"), writeLoose, writeLoose),
  scenario("writeLooseStream() after an unflushed writePack()", blobs("one"), writeStream, writePack),
  scenario("writePack() after an unflushed writeLoose()", blobs("one", "two"), writePack, writeLoose),
  scenario("writePack() after an unflushed writePack()", blobs("one", "two"), writePack, writePack),
];

for (const each of SCENARIOS) {
  test(`${each.name} survives every power cut once it has returned, and needs each of its flushes`, async () => {
    const stats = await explore(each, { cutRecovery: false });
    triedCuts(each.name, stats);
    assert.ok(stats.outcomesTried > 10);
    const needless = await needlessFlushes(each);
    // The simulated disk finds every folder again that was flushed itself; its parent is flushed for disks that do not.
    assert.deepEqual(needless.filter((call) => !call.endsWith("syncDirectory /repo/objects")), []);
  });
}
