/**
 * Operations of several transactions, to be cut at every call: what a program does below `op run`, what is done between
 * `op begin` and its end, and an undo in two steps; on a simulated disk.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Writer } from "../../src/engine/mod.ts";
import { spanFolder } from "../../src/engine/paths.ts";
import { transactIn } from "../../src/engine/span.ts";
import { completeSpan } from "../../src/engine/span_end.ts";
import { beginOperation, runProgram } from "../../src/operations/span.ts";
import { resume } from "../../src/operations/resume.ts";
import { undo } from "../../src/operations/undo.ts";
import { isDiskError } from "../../src/platform/disk.ts";
import type { RunResult, System } from "../../src/platform/system.ts";
import { utf8 } from "../../src/platform/text.ts";
import { EMPTY_REPOSITORY, openTestRepository, openTestWriter } from "../engine/engine_repository.ts";
import type { Scenario } from "../simulation/explore.ts";
import { SimDisk } from "../simulation/sim_disk.ts";
import { SimSystem } from "../simulation/sim_system.ts";
import { blob, checkClean, commit, EMPTY_TREE, oidOf, runStep, setRef, snapshot, type Step } from "./scenarios.ts";

const [one, two, three] = [blob("one"), blob("two"), blob("three")];
const [c1, c2] = [commit("1"), commit("2")];
const ZERO = "0".repeat(40);

const base: Step = {
  updates: [
    { ...setRef("refs/heads/main", c1), keepContent: false },
    { ...setRef("refs/heads/a", c2), keepContent: false },
    setRef("refs/meta/a", one),
  ],
  objects: [EMPTY_TREE, c1, c2, one],
};

const document: Step = { updates: [setRef("refs/meta/a", two), setRef("refs/meta/b", three)], objects: [two, three] };

/** The machine of the moment, for what stands for other programs on it. */
let machine: SimSystem | null = null;

/** What the program of an `op run` does. */
let behaviour: (git: FakeGit) => number = () => 0;

/** Stands for git: changes refs as git does, and tells them to the hook. It flushes, as git can be told to. */
interface FakeGit {
  readonly system: System;
  readonly opId: string;
  /** @param to `null` deletes the ref. */
  move(ref: string, from: string | null, to: string | null, told?: boolean): void;
}

function fakeGit(system: SimSystem): FakeGit {
  const { disk } = system;
  const folders = disk.list("/r/.git/lattice/ops")!.map(({ name }) => name).filter((name) => name.endsWith(".d"));
  const opId = folders[0]!.slice(0, -".d".length);
  let notes = 0;
  return {
    system,
    opId,
    move(ref, from, to, told = true) {
      const folder = `${spanFolder("/r/.git", opId)}/notes`;
      if (told && disk.lstat(folder) !== null) {
        using note = disk.create(`${folder}/${++notes}`);
        note.write(utf8(`worktree \n${from ?? ZERO} ${to ?? ZERO} ${ref}\n`));
      }
      const path = `/r/.git/${ref}`;
      const parent = path.slice(0, path.lastIndexOf("/"));
      if (to === null) {
        if (disk.lstat(`/r/.git/logs/${ref}`) !== null) {
          disk.unlink(`/r/.git/logs/${ref}`);
          disk.syncDirectory(`/r/.git/logs/${ref.slice(0, ref.lastIndexOf("/"))}`);
        }
        disk.unlink(path);
        disk.syncDirectory(parent);
        return;
      }
      const temporary = `/r/.git/git-temporary-${notes}`;
      {
        using file = disk.create(temporary);
        file.write(utf8(`${to}\n`));
        file.sync();
      }
      if (disk.lstat(parent) === null) {
        disk.makeDirectory(parent);
        disk.syncDirectory(parent.slice(0, parent.lastIndexOf("/")));
      }
      disk.rename(temporary, path);
      disk.syncDirectory(parent);
    },
  };
}

function run(): RunResult {
  assert.ok(machine !== null);
  let exitCode: number;
  try {
    exitCode = behaviour(fakeGit(machine));
  } catch (error) {
    if (!isDiskError(error)) throw error;
    exitCode = 128; // as git ends where a call of it fails
  }
  return { exitCode, stdout: new Uint8Array() };
}

function onMachine(disk: SimDisk): SimSystem {
  return new SimSystem(disk, { run });
}

async function withWriter(system: SimSystem, action: (writer: Writer) => void): Promise<void> {
  using writer = await openTestWriter(openTestRepository(system), true);
  machine = system;
  action(writer);
}

/** What is done to a repository that has a few refs. */
interface Course {
  /** Undisturbed. */
  readonly before?: (writer: Writer) => void;
  /** What is cut. Says whether it ended as it should. */
  readonly program: (writer: Writer) => boolean;
  /** Further states that a cut may leave, beside that before all of it and that after it. */
  readonly between?: (writer: Writer) => void;
}

/**
 * A scenario of one operation. A person who finds it paused aborts it. Afterwards its refs are all old or all new; new
 * once acknowledged.
 */
async function spanScenario(name: string, { before, program, between }: Course): Promise<Scenario> {
  const start = onMachine(SimDisk.fromTree(EMPTY_REPOSITORY));
  await withWriter(start, (writer) => runStep(writer, base));
  const old = JSON.stringify(snapshot(start));
  if (before !== undefined) await withWriter(start, before);
  start.disk.syncFileSystem("/");
  const after = async (steps: (writer: Writer) => void) => {
    const trial = onMachine(start.disk.copy());
    await withWriter(trial, steps);
    return JSON.stringify(snapshot(trial));
  };
  const fresh = await after(program);
  const others = between === undefined ? [] : [await after(between)];
  return {
    name,
    setup: () => onMachine(start.disk.copy()),
    program: (system, acknowledge) =>
      withWriter(system, (writer) => {
        if (program(writer)) acknowledge("done");
      }),
    recover: (system) =>
      withWriter(system, (writer) => {
        if (writer.paused !== null) resume(writer, "abort");
      }),
    check(system, { acknowledged, error }) {
      if (error !== undefined) {
        // A ref that cannot be read counts as damaged, and could not be put back.
        assert.ok(["io", "invalid_data"].includes((error as { code?: string }).code ?? ""), String(error));
      }
      const found = JSON.stringify(snapshot(system));
      assert.ok([old, fresh, ...others].includes(found), `neither old nor new: ${found}`);
      if (acknowledged.length > 0) assert.equal(found, fresh, "acknowledged work is gone");
      checkClean(system);
      const left = (system.disk.list("/r/.git/lattice/ops") ?? []).filter((entry) => entry.name.endsWith(".d"));
      assert.deepEqual(left, [], "a folder of the operation is left");
      return found === fresh ? "new" : "old";
    },
    mayChange: (path) => path === "/r/.git/lattice/lock",
  };
}

/** What the program does: git's changes, and a command of lattice's that joins. */
function work(git: FakeGit): void {
  git.move("refs/heads/main", oidOf(c1), oidOf(c2));
  git.move("refs/heads/new", null, oidOf(c1));
  const context = { ...joinedContext, system: git.system, repository: openTestRepository(git.system) };
  transactIn(context, git.opId, { ...document, message: "lattice: test", purpose: "operation" });
  git.move("refs/heads/a", oidOf(c2), null);
}

const joinedContext = { command: "test", arguments: [], gitLockTimeoutMs: undefined, log: () => {} };

function rename(git: FakeGit): void {
  git.move("refs/heads/a", oidOf(c2), null);
  git.move("refs/heads/a/b", null, oidOf(c2), false);
}

function opRun(program: (git: FakeGit) => void, exitCode: number): (writer: Writer) => boolean {
  return (writer) => {
    behaviour = (git) => (program(git), exitCode);
    const end = runProgram(writer, ["program"], ["program"], undefined);
    return end.exitCode === exitCode && end.outcome === (exitCode === 0 ? "committed" : "rolled_back");
  };
}

function begin(writer: Writer): string {
  const claim = beginOperation(writer, "steps");
  return claim.slice(0, claim.indexOf(":"));
}

function step(writer: Writer, opId: string): void {
  transactIn(writer.context, opId, { ...document, message: "lattice: test", purpose: "operation" });
}

function ended(writer: Writer, way: "continue" | "abort"): true {
  resume(writer, way);
  return true;
}

const COURSES: Readonly<Record<string, Course>> = {
  "a program that succeeds": { program: opRun(work, 0) },
  "a program that fails": { program: opRun(work, 1) },
  "a rename that succeeds": { program: opRun(rename, 0) },
  "a rename that fails": { program: opRun(rename, 1) },
  "undo of a rename": {
    before: opRun(rename, 0),
    program: (writer) => undo(writer, undefined).op !== null,
    between: () => {},
  },
  "an operation that is begun, worked in and committed": {
    program: (writer) => {
      const opId = begin(writer);
      step(writer, opId);
      return completeSpan(writer.context, opId).outcome === "committed";
    },
  },
  "commit of a begun operation": {
    before: (writer) => step(writer, begin(writer)),
    program: (writer) => ended(writer, "continue"),
  },
  "abort of a begun operation in which a branch was renamed": {
    before: (writer) => {
      begin(writer);
      rename(fakeGit(writer.context.system as SimSystem));
    },
    program: (writer) => ended(writer, "abort"),
  },
  "abort of a begun operation": {
    before: (writer) => step(writer, begin(writer)),
    program: (writer) => ended(writer, "abort"),
  },
};

/** All of them, by their names; one is made after the other. */
export const spanScenarios: readonly { name: string; make(): Promise<Scenario> }[] = Object.entries(COURSES).map((
  [name, course],
) => ({ name, make: () => spanScenario(name, course) }));
