/**
 * The scenarios in which mutants must be caught: some of those of the other crash tests, made small, and some in which
 * git or a person is at work beside the program or before the recovery.
 *
 * @module
 */
import assert from "node:assert/strict";
import { operations } from "../../../src/engine/history.ts";
import type { Writer } from "../../../src/engine/mod.ts";
import { packRefs } from "../../../src/engine/pack_refs.ts";
import { KEEP_PREFIX } from "../../../src/engine/paths.ts";
import { pruneJournals, pruneKeepRefs } from "../../../src/operations/prune.ts";
import { undo } from "../../../src/operations/undo.ts";
import { isDiskError } from "../../../src/platform/disk.ts";
import { LatticeError } from "../../../src/platform/errors.ts";
import { utf8 } from "../../../src/platform/text.ts";
import { openTestRepository, openTestWriter } from "../../engine/engine_repository.ts";
import type { ExploreOptions, Scenario } from "../../simulation/explore.ts";
import { type SimSystem, textAt } from "../../simulation/sim_system.ts";
import {
  blob,
  checkClean,
  checkObjects,
  commit,
  deleteRef,
  EMPTY_TREE,
  oidOf,
  runStep,
  setRef,
  snapshot,
  type Step,
  transactionScenario,
} from "../scenarios.ts";
import { spanScenarios } from "../span_scenarios.ts";
import type { TestBed } from "./mutant.ts";
import { comeAndGo, gitGc, gitPackRef, gitUpdateRef, packedRefs, replaceByLock } from "./outsiders.ts";
import { GIT_DIR, isJournal, MARKER, OPS, PACKED_REFS } from "./seam.ts";

const [one, two, three, fresh] = [blob("one"), blob("two"), blob("three"), blob("fresh")];
const [c1, c2] = [commit("1"), commit("2")];
const A = "refs/meta/a";

/** Two loose refs. */
const both: Step = { updates: [setRef(A, one), setRef("refs/meta/b", two)], objects: [one, two, three] };
const single: Step = { updates: [setRef(A, fresh)], objects: [fresh] };
const several: Step = {
  updates: [setRef(A, three), setRef("refs/meta/b", one), setRef("refs/meta/d/e", two)],
  objects: [],
};
const many = Array.from({ length: 64 }, (_, i) => blob(`doc ${i}`));
const batch: Step = { updates: many.map((doc, i) => setRef(`refs/meta/x${i}`, doc)), objects: many };
const branch = (object: typeof c1): Step => ({
  updates: [{ ...setRef("refs/heads/main", object), keepContent: false }],
  objects: [EMPTY_TREE, object],
});

const SEED = 20_261_121;

/** Few power cuts at each point; what is at stake there is small. */
const powerCuts = { exhaustiveUpTo: 4, eachUpTo: 16, sample: 4 };

/** How much is tried: so many outcomes of the program. */
function ofProgram(maxRuns: number): ExploreOptions {
  return { sample: { seed: SEED, maxRuns, evenly: true }, cutRecovery: false, powerCuts };
}

/** The same of a batch, but for the points at which it takes or gives back one of its many locks. */
function ofBatch(maxRuns: number): ExploreOptions {
  return { ...ofProgram(maxRuns), isCut: ({ label }) => !label.includes("/refs/meta/") };
}

/** How much is tried: the program killed while it writes its journal, with so many outcomes of each recovery. */
function ofRecovery(recoveries: number): ExploreOptions {
  const points = 8;
  return {
    sample: { seed: SEED, maxRuns: points * (1 + recoveries), evenly: true, recoveries },
    powerCuts,
    isCut: ({ label }) => label.includes("file.write") && label.endsWith(".jsonl"),
  };
}

const running = (step: Step) => (writer: Writer) => runStep(writer, step);

/** The same scenario with other checks. */
function recheck(scenario: Scenario, check: Scenario["check"]): Scenario {
  return { ...scenario, check };
}

/** A document that is there already, since somebody wrote it, and did not flush it. */
async function unflushedObject(): Promise<TestBed> {
  const scenario = await transactionScenario("an object that nobody flushed", [both], (writer) => {
    runStep(writer, { updates: [setRef(A, blob("seen"))], objects: [blob("seen")] });
  });
  return {
    options: ofProgram(200),
    scenario: {
      ...scenario,
      async setup() {
        const system = await scenario.setup();
        const written = system.onDisk(system.disk.copy());
        openTestRepository(written).objects.writeLoose(blob("seen"));
        // The same without any flush: the file is there, and nothing of it is durable.
        const oid = oidOf(blob("seen"));
        const folder = `${GIT_DIR}/objects/${oid.slice(0, 2)}`;
        if (system.disk.lstat(folder) === null) system.disk.makeDirectory(folder);
        using file = system.disk.create(`${folder}/${oid.slice(2)}`, 0o444);
        file.write(written.disk.readFile(file.path)!);
        return system;
      },
    },
  };
}

/** Git collects garbage all the time while a batch brings its documents in a pack. */
async function batchBesideGc(): Promise<TestBed> {
  return {
    scenario: await transactionScenario("a batch beside git gc", [], running(batch)),
    // Once its packed-refs is there, refs lead to everything.
    outsider: (system) => system.disk.inodeAt(PACKED_REFS) === null ? gitGc(system) : undefined,
    options: ofBatch(100),
  };
}

/** A second command of lattice comes while the refs of the first one are locked. */
async function secondCommand(): Promise<TestBed> {
  const name = "several refs, and a second command";
  const scenario = await transactionScenario(name, [both], running(several));
  const whole = recheck(scenario, (system, context) => {
    assert.ok(!context.acknowledged.includes("failed"), "a living operation was taken for a dead one");
    return scenario.check(system, context);
  });
  return {
    options: ofProgram(100),
    scenario: {
      ...whole,
      async program(system, acknowledge) {
        using first = await openTestWriter(openTestRepository(system));
        const prepared = first.prepare({ ...several, message: "lattice: test", purpose: "operation" })!;
        await comeAndGo(system);
        try {
          prepared.commit();
        } catch (error) {
          if (!(error instanceof LatticeError) && !isDiskError(error)) throw error; // that is how a kill looks
          return acknowledge("failed");
        }
        acknowledge("done");
      },
    },
  };
}

/** Git moves one of several refs on as soon as its lock lets it. */
async function movedOn(): Promise<TestBed> {
  const scenario = await transactionScenario("several refs, one of which git moves on", [both], running(several));
  const states = await endsOf(scenario);
  const moved = { ...states.fresh, [A]: oidOf(two) };
  return {
    outsider(system, acknowledge) {
      if (gitUpdateRef(system, A, oidOf(three), oidOf(two))) acknowledge("git moved it");
    },
    options: ofProgram(200),
    scenario: recheck(scenario, (system, { acknowledged }) => {
      const found = JSON.stringify(snapshot(system));
      const allowed = acknowledged.includes("git moved it") ? [moved] : [states.old, states.fresh, moved];
      assert.ok(allowed.some((state) => JSON.stringify(state) === found), `neither old nor new: ${found}`);
      if (acknowledged.includes("done")) {
        assert.notEqual(found, JSON.stringify(states.old), "acknowledged work is gone");
      }
      checkClean(system);
    }),
  };
}

/** What refs hold before a scenario and after it. */
async function endsOf(scenario: Scenario): Promise<{ old: Record<string, string>; fresh: Record<string, string> }> {
  const system = await scenario.setup();
  const old = snapshot(system);
  await scenario.program(system, () => {});
  return { old, fresh: snapshot(system) };
}

/** A `git pack-refs --auto` looked at a ref before the transaction, and packs what it saw behind it. */
async function besidePackRefs(): Promise<TestBed> {
  const packed = packedRefs([`${oidOf(one)} ${A}`, `${oidOf(two)} refs/meta/b`]);
  const scenario = await transactionScenario("one ref, beside git pack-refs", [both], running(single));
  return {
    options: ofProgram(200),
    scenario: {
      ...scenario,
      async setup() {
        const system = await scenario.setup();
        replaceByLock(system, PACKED_REFS, packed);
        return system;
      },
      async program(system, acknowledge) {
        await scenario.program(system, () => {});
        gitPackRef(system.neighbour(), A, oidOf(one));
        acknowledge("done");
      },
    },
  };
}

/** Git moves a ref between the first look at it and its lock; the program expected the old value. */
async function movedBeforeLock(): Promise<TestBed> {
  const scenario = await transactionScenario("a ref that git moves before its lock", [both], running(single));
  return {
    outsider(system, acknowledge) {
      if (system.disk.inodeAt(MARKER) === null || !gitUpdateRef(system, A, oidOf(one), oidOf(two))) return;
      acknowledge("git moved it");
    },
    options: ofProgram(200),
    scenario: {
      ...scenario,
      async program(system, acknowledge) {
        using writer = await openTestWriter(openTestRepository(system));
        const update = { ...setRef(A, fresh), expect: { kind: "exactly" as const, oid: oidOf(one) } };
        refusable(acknowledge, () => runStep(writer, { updates: [update], objects: [fresh] }));
      },
      check(system, { acknowledged }) {
        if (acknowledged.includes("git moved it")) assert.equal(valueOf(system, A), oidOf(two), "git's update is lost");
        if (acknowledged.includes("done")) assert.fail("what was not met was not refused");
        checkClean(system);
      },
    },
  };
}

/** An undo of what git has moved on since. */
async function undoOfMoved(): Promise<TestBed> {
  const scenario = await transactionScenario("undo of what git moved on", [both, single], () => {});
  return {
    options: ofProgram(200),
    scenario: {
      ...scenario,
      async setup() {
        const system = await scenario.setup();
        gitUpdateRef(system, A, oidOf(fresh), oidOf(two));
        return system;
      },
      async program(system, acknowledge) {
        using writer = await openTestWriter(openTestRepository(system));
        refusable(acknowledge, () => void undo(writer, undefined));
      },
      check(system) {
        assert.equal(valueOf(system, A), oidOf(two), "git's update is lost");
        checkClean(system);
      },
    },
  };
}

/** A branch moves, git collects garbage, and the move is taken back. */
async function undoAfterGc(): Promise<TestBed> {
  const scenario = await transactionScenario("undo after git gc", [branch(c1)], () => {});
  return {
    options: ofProgram(200),
    scenario: {
      ...scenario,
      async program(system, acknowledge) {
        using writer = await openTestWriter(openTestRepository(system));
        runStep(writer, branch(c2));
        gitGc(system.neighbour());
        refusable(acknowledge, () => void undo(writer, undefined));
      },
      check(system, { acknowledged }) {
        const refusal = acknowledged.find((fact) => fact.startsWith("refused"));
        assert.equal(refusal, undefined, "what was replaced is gone");
        checkObjects(system, snapshot(system));
        if (acknowledged.includes("done")) assert.equal(valueOf(system, "refs/heads/main"), oidOf(c1));
        checkClean(system);
      },
    },
  };
}

/** Does something, and acknowledges that it was done or refused. */
function refusable(acknowledge: (fact: string) => void, action: () => void): void {
  try {
    action();
    acknowledge("done");
  } catch (error) {
    if (!(error instanceof LatticeError) || error.code === "io") throw error;
    acknowledge(`refused: ${error.message}`);
  }
}

/** Every operation is pruned; one of them has a keep ref. */
async function prune(): Promise<TestBed> {
  const scenario = await transactionScenario("prune", [branch(c1), branch(c2)], () => {});
  return {
    options: ofProgram(200),
    scenario: {
      ...scenario,
      async program(system, acknowledge) {
        using writer = await openTestWriter(openTestRepository(system));
        const pruned = pruneJournals(writer, { keep: 0, keepForMs: 0 });
        await pruneKeepRefs(writer, pruned.operations);
        acknowledge("pruned");
      },
      check(system, { acknowledged }) {
        const there = [...operations(system, GIT_DIR)].map(({ op_id }) => op_id);
        const kept = [...openTestRepository(system).refs.list(KEEP_PREFIX)].map(({ name }) => name);
        const claims = there.filter((id) => replacesCommit(system, id));
        for (const id of claims) {
          assert.ok(
            kept.some((name) => name.includes(id)),
            `${id} claims that it can be undone, and its keep ref is gone`,
          );
        }
        if (acknowledged.length > 0) assert.deepEqual([there, kept], [[], []], "acknowledged work is gone");
        checkClean(system);
      },
    },
  };
}

function replacesCommit(system: SimSystem, opId: string): boolean {
  return textAt(system.disk, `${OPS}/${opId}.jsonl`)!.includes(`"ref":"${KEEP_PREFIX}`);
}

/** While recovery runs, git holds a lock where the operation no longer has one, or had none yet. */
async function foreignLock(): Promise<TestBed> {
  const scenario = await transactionScenario("recovery beside a lock of git's", [both], running(several));
  const path = `${GIT_DIR}/${A}.lock`;
  return {
    options: ofProgram(200),
    scenario: {
      ...scenario,
      async recover(system) {
        const { disk } = system.neighbour();
        if (disk.inodeAt(path) === null) {
          using file = disk.create(path);
          file.write(utf8(`${oidOf(two)}\n`));
        }
        const isGits = textAt(disk, path) === `${oidOf(two)}\n`;
        await scenario.recover(system);
        if (!isGits) return;
        assert.equal(textAt(disk, path), `${oidOf(two)}\n`, "a lock of git's was removed");
        disk.unlink(path);
      },
    },
  };
}

/** Before recovery, a person takes a lock for stale, removes it, and moves its ref there and back. */
async function lockRemoved(): Promise<TestBed> {
  const scenario = await transactionScenario("recovery when a person removed a lock", [both], running(several));
  const path = `${GIT_DIR}/refs/meta/b`;
  return {
    options: ofProgram(200),
    scenario: {
      ...scenario,
      async recover(system) {
        const { disk } = system.neighbour();
        const removed = disk.inodeAt(`${path}.lock`) !== null && textAt(disk, path) === `${oidOf(two)}\n` &&
          isPrepared(system);
        if (removed) {
          disk.unlink(`${path}.lock`);
          for (const object of [three, two]) {
            disk.unlink(path);
            using file = disk.create(path);
            file.write(utf8(`${oidOf(object)}\n`));
          }
        }
        using writer = await openTestWriter(openTestRepository(system), true);
        assert.equal(writer.paused !== null, removed || isPaused(system), "what is not ours to change was changed");
      },
      check(system) {
        if (!isPaused(system)) checkClean(system);
      },
    },
  };
}

function isPrepared(system: SimSystem): boolean {
  return newestJournal(system).includes('"type":"prepared"') && !newestJournal(system).includes('"type":"committed"');
}

function isPaused(system: SimSystem): boolean {
  return newestJournal(system).includes('"type":"paused"');
}

function newestJournal(system: SimSystem): string {
  const { disk } = system.neighbour();
  const paths = (disk.list(OPS) ?? []).map(({ name }) => `${OPS}/${name}`).filter(isJournal).sort();
  // What the begin of a journal says of the one before is no record of its own.
  return (textAt(disk, paths.at(-1)!) ?? "").split("\n").map((line) => line.slice(line.indexOf('"record":'))).join(
    "\n",
  );
}

function valueOf(system: SimSystem, ref: string): string | undefined {
  return snapshot(system)[ref];
}

const plain = (name: string, base: Step[], step: Step, options: ExploreOptions) => async (): Promise<TestBed> => ({
  scenario: await transactionScenario(name, base, running(step)),
  options,
});

const MAKERS: Readonly<Record<string, () => Promise<TestBed>>> = {
  "one ref moves": plain("one ref moves", [both], single, ofProgram(400)),
  "several refs": plain("several refs", [both], several, ofProgram(250)),
  "recovery of several refs": plain("several refs", [both], several, ofRecovery(60)),
  "a batch": plain("a batch", [], batch, ofBatch(160)),
  "a packed ref with a loose file is deleted": plain(
    "a packed ref with a loose file is deleted",
    [batch, { updates: [setRef("refs/meta/x1", three)], objects: [three] }],
    { updates: [deleteRef("refs/meta/x1")], objects: [] },
    ofProgram(200),
  ),
  "loose refs are packed": async () => ({
    scenario: await transactionScenario("loose refs are packed", [both], (writer) => {
      packRefs(writer, { isWanted: () => true, prune: false, onlyIfWorthIt: false });
    }),
    options: ofProgram(200),
  }),
  "op run of a program that fails": async () => ({
    scenario: await spanScenarios.find(({ name }) => name === "a program that fails")!.make(),
    options: ofProgram(100),
  }),
  "an object that nobody flushed": unflushedObject,
  "a batch beside git gc": batchBesideGc,
  "several refs, one of which git moves on": movedOn,
  "several refs, and a second command": secondCommand,
  "one ref, beside git pack-refs": besidePackRefs,
  "a ref that git moves before its lock": movedBeforeLock,
  "undo of what git moved on": undoOfMoved,
  "undo after git gc": undoAfterGc,
  "prune": prune,
  "recovery beside a lock of git's": foreignLock,
  "recovery when a person removed a lock": lockRemoved,
};

const made = new Map<string, Promise<TestBed>>();

/** The test bed of a name, made once. */
export function bedOf(name: string): Promise<TestBed> {
  const maker = MAKERS[name];
  if (maker === undefined) throw new Error(`there is no test bed ${JSON.stringify(name)}`);
  let bed = made.get(name);
  if (bed === undefined) made.set(name, bed = maker());
  return bed;
}

/** Names of all test beds. */
export const BED_NAMES: readonly string[] = Object.keys(MAKERS);
