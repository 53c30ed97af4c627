/**
 * What is cut at every call: transactions of each kind, on a simulated disk.
 *
 * @module
 */
import assert from "node:assert/strict";
import { computeOid, SHA1 } from "../../src/git/object_format.ts";
import type { NewObject } from "../../src/git/objects/store.ts";
import { operations } from "../../src/engine/history.ts";
import type { RefUpdate, Writer } from "../../src/engine/mod.ts";
import { recordedValue } from "../../src/engine/plan.ts";
import { utf8 } from "../../src/platform/text.ts";
import type { System } from "../../src/platform/system.ts";
import type { Scenario } from "../simulation/explore.ts";
import { SimDisk } from "../simulation/sim_disk.ts";
import { SimSystem } from "../simulation/sim_system.ts";
import { EMPTY_REPOSITORY, openTestRepository, openTestWriter } from "../engine/engine_repository.ts";

/** A document of the tests. */
export function blob(text: string): NewObject {
  return { type: "blob", content: utf8(text) };
}

/** Its name. */
export function oidOf(object: NewObject): string {
  return computeOid(SHA1, object.type, object.content);
}

/** Gives a ref a document, kept in the journal. */
export function setRef(name: string, object: NewObject): RefUpdate {
  return {
    name,
    expect: { kind: "any" },
    change: { kind: "set", oid: oidOf(object) },
    follow: true,
    keepContent: true,
  };
}

/** Deletes a ref. */
export function deleteRef(name: string): RefUpdate {
  return { name, expect: { kind: "present" }, change: { kind: "delete" }, follow: true, keepContent: true };
}

/** A commit with an empty tree. */
export function commit(message: string): NewObject {
  const text = `tree ${
    oidOf(EMPTY_TREE)
  }\nauthor T <t@example.com> 1 +0000\ncommitter T <t@example.com> 1 +0000\n\n${message}\n`;
  return { type: "commit", content: utf8(text) };
}

/** The empty tree. */
export const EMPTY_TREE: NewObject = { type: "tree", content: new Uint8Array() };

/** A transaction in the scenario. */
export interface Step {
  readonly updates: readonly RefUpdate[];
  readonly objects: readonly NewObject[];
}

/** Runs one step as an operation. */
export function runStep(writer: Writer, step: Step): void {
  writer.transact({ ...step, message: "lattice: test", purpose: "operation" });
}

/** Values of all refs that are not lattice's own. */
export function snapshot(system: System): Record<string, string> {
  const { refs } = openTestRepository(system);
  const values: Record<string, string> = {};
  for (const entry of refs.list("refs/")) {
    if (!entry.name.startsWith("refs/lattice/")) values[entry.name] = recordedValue(entry.value)!;
  }
  return values;
}

/**
 * A scenario of one transaction: afterwards all refs are old or all are new; new once acknowledged; whatever the refs
 * lead to is there; the journals say the same; no lock, no temporary file and no marker is left.
 *
 * @param base Transactions that come before, undisturbed.
 * @param program What is cut.
 */
export async function transactionScenario(
  name: string,
  base: readonly Step[],
  program: (writer: Writer) => void,
  files: Record<string, string | Uint8Array | null> = {},
): Promise<Scenario> {
  const start = new SimSystem(SimDisk.fromTree({ ...EMPTY_REPOSITORY, ...files }));
  {
    using writer = await openTestWriter(openTestRepository(start));
    for (const step of base) runStep(writer, step);
  }
  start.disk.syncFileSystem("/");
  const old = snapshot(start);
  const trial = new SimSystem(start.disk.copy());
  {
    using writer = await openTestWriter(openTestRepository(trial));
    program(writer);
  }
  const fresh = snapshot(trial);
  const kept = { old: keepRefs(start).length, new: keepRefs(trial).length };
  const committedBefore = committedOperations(start);
  const committedAfter = committedOperations(trial);
  return {
    name,
    setup: () => new SimSystem(start.disk.copy()),
    async program(system, acknowledge) {
      using writer = await openTestWriter(openTestRepository(system));
      program(writer);
      acknowledge("done");
    },
    async recover(system) {
      using writer = await openTestWriter(openTestRepository(system), true);
      assert.equal(writer.paused, null, "nothing is paused where nobody else moved a ref");
    },
    check(system, { acknowledged, error, powerCut }) {
      if (error !== undefined) assert.equal((error as { code?: string }).code, "io", String(error));
      const found = snapshot(system);
      const isNew = JSON.stringify(found) === JSON.stringify(fresh);
      const isOld = JSON.stringify(found) === JSON.stringify(old);
      assert.ok(isNew || isOld, `neither old nor new: ${JSON.stringify(found)}`);
      if (acknowledged.length > 0) assert.ok(isNew, "acknowledged work is gone");
      checkObjects(system, found);
      checkClean(system);
      if (!powerCut) checkPacks(system); // a power cut may leave the later of two names, as git's own packs, too
      checkKept(system, isNew ? kept.new : kept.old);
      if (!(isNew && isOld)) {
        const committed = committedOperations(system);
        assert.equal(committed, isNew ? committedAfter : committedBefore, "the journals say something else");
      }
      return isNew ? "new" : "old";
    },
    mayChange: (path) => path === "/r/.git/lattice/lock",
  };
}

/** Names of the refs that keep what was replaced, for undo. */
function keepRefs(system: System): string[] {
  const { refs } = openTestRepository(system);
  return [...refs.list("refs/lattice/keep/")].map(({ name }) => name);
}

function checkKept(system: System, expected: number): void {
  const found = keepRefs(system);
  assert.equal(found.length, expected, `refs that keep what was replaced: ${found.join(" ")}`);
}

/** No index stands without its pack, which git would take for garbage. */
function checkPacks(system: SimSystem): void {
  const paths = new Set(Object.keys(system.disk.dump()));
  for (const path of paths) {
    assert.ok(!path.endsWith(".idx") || paths.has(path.replace(/idx$/, "pack")), `${path} has no pack`);
  }
}

function committedOperations(system: System): number {
  return [...operations(system, "/r/.git")].filter(({ phase }) => phase === "committed").length;
}

/** Every ref leads to an object that can be read. */
export function checkObjects(system: System, values: Record<string, string>): void {
  const { objects } = openTestRepository(system);
  for (const [ref, value] of Object.entries(values)) {
    if (!value.startsWith("ref: ")) assert.notEqual(objects.read(value), null, `${ref} leads to nothing`);
  }
}

/** No lock, no temporary file, no marker, no `.keep`. */
export function checkClean(system: SimSystem): void {
  for (const path of Object.keys(system.disk.dump())) {
    assert.ok(!path.endsWith(".lock"), `${path} is left`);
    assert.ok(!path.endsWith(".keep"), `${path} is left`);
    assert.ok(!/^\/r\/.git\/lattice\/tmp\/./.test(path), `${path} is left`);
  }
  assert.equal(system.disk.lstat("/r/.git/lattice/op-state.json"), null, "the marker is left");
}
