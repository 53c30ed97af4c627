import assert from "node:assert/strict";
import type { RefUpdate } from "../../src/engine/mod.ts";
import { beginSpan } from "../../src/engine/span.ts";
import { resume } from "../../src/operations/resume.ts";
import { originOf } from "../../src/operations/span.ts";
import { undo } from "../../src/operations/undo.ts";
import { utf8 } from "../../src/platform/text.ts";
import {
  blob,
  checkClean,
  commit,
  deleteRef,
  EMPTY_TREE,
  oidOf,
  runStep,
  setRef,
  type Step,
} from "../crash/scenarios.ts";
import { test } from "../harness.ts";
import { cutPoints } from "../simulation/explore.ts";
import { SimDisk } from "../simulation/sim_disk.ts";
import { SimSystem } from "../simulation/sim_system.ts";
import { EMPTY_REPOSITORY, openTestRepository, openTestWriter } from "./engine_repository.ts";

const [one, two, three] = [blob("1"), blob("2"), blob("3")];
const [c1, c2] = [commit("1"), commit("2")];
const LOGGED = { "core.logallrefupdates": "always" };

function systemWith(files: Record<string, string | null | { link: string }> = {}): SimSystem {
  return new SimSystem(SimDisk.fromTree({ ...EMPTY_REPOSITORY, ...files }));
}

async function run(system: SimSystem, step: Step, config: Record<string, string> = {}, worktree: string | null = null) {
  using writer = await openTestWriter(openTestRepository(system, config, worktree));
  runStep(writer, step);
}

function valueOf(system: SimSystem, name: string, worktree: string | null = null): string | null {
  const value = openTestRepository(system, {}, worktree).refs.read(name)?.value;
  return value?.kind === "direct" ? value.oid : null;
}

function branchTo(name: string, object: typeof c1): RefUpdate {
  return { ...setRef(name, object), keepContent: false };
}

test("a symbolic link in lattice/tmp is removed, and what it leads to is left alone", async () => {
  const system = systemWith({ "/victim/file": "x", "/r/.git/lattice/tmp/l": { link: "/victim" } });
  await run(system, { updates: [setRef("refs/meta/a", one)], objects: [one] });
  assert.notEqual(system.disk.lstat("/victim/file"), null);
  assert.equal(system.disk.lstat("/r/.git/lattice/tmp/l"), null);
});

test("lattice/tmp and lattice/ops are refused where they are symbolic links", async () => {
  for (const name of ["tmp", "ops"]) {
    const system = systemWith({
      "/victim/d/file": "x",
      "/r/.git/lattice/lock": "",
      [`/r/.git/lattice/${name}`]: { link: "/victim" },
    });
    await assert.rejects(run(system, { updates: [setRef("refs/meta/a", one)], objects: [one] }), {
      code: "unsupported",
    });
    assert.notEqual(system.disk.lstat("/victim/d/file"), null);
  }
});

test("a name that is too long for its lock is refused, and blocks nothing afterwards", async () => {
  const system = systemWith();
  const long = setRef(`refs/meta/${"a".repeat(251)}`, one);
  await assert.rejects(run(system, { updates: [long], objects: [one] }), { code: "usage" });
  await run(system, { updates: [setRef(`refs/meta/${"a".repeat(250)}`, one)], objects: [one] });
  checkClean(system);
});

test("a left-over reflog folder in the way is refused, leaves nothing, and blocks nothing else", async () => {
  const system = systemWith({ "/r/.git/logs/refs/meta/a/b": "junk\n" });
  await assert.rejects(run(system, { updates: [setRef("refs/meta/a", one)], objects: [one] }, LOGGED), {
    code: "cas_failed",
  });
  checkClean(system);
  assert.equal(valueOf(system, "refs/meta/a"), null);
  await run(system, { updates: [setRef("refs/meta/c", one)], objects: [one] }, LOGGED);
});

test("a reflog that was made for a transaction that failed is gone again, with its folders", async () => {
  const system = systemWith();
  await run(system, { updates: [setRef("refs/other/x", one)], objects: [one] }, LOGGED);
  const before = Object.keys(system.disk.dump()).filter((path) => path.includes("/logs/"));
  const trial = system.nextProcess();
  await run(new SimSystem(trial.disk.copy()), { updates: [setRef("refs/other/y/z", two)], objects: [two] }, LOGGED);
  const running = system.nextProcess();
  const publish = await renameOf(
    system,
    { updates: [setRef("refs/other/y/z", two)], objects: [two] },
    "/r/.git/refs/other/y/z",
  );
  running.disk.failAt(publish, "EIO");
  await assert.rejects(run(running, { updates: [setRef("refs/other/y/z", two)], objects: [two] }, LOGGED), {
    code: "io",
  });
  const after = Object.keys(running.disk.dump()).filter((path) => path.includes("/logs/"));
  assert.deepEqual(after, before);
  checkClean(running);
});

/** Index of the call that gives a ref its value, as the next process makes it. */
async function renameOf(system: SimSystem, step: Step, path: string): Promise<number> {
  const trial = new SimSystem(system.disk.copy());
  const before = trial.disk.trace.length;
  await run(trial, step, LOGGED);
  const call = trial.disk.trace.slice(before).find(({ operation, to }) => operation === "rename" && to === path);
  assert.ok(call !== undefined);
  return call.index;
}

test("redo pauses, and frees the locks, where something that is no ref is in the way", async () => {
  const base = systemWith();
  await run(base, { updates: [setRef("refs/meta/q", one)], objects: [one, two] });
  const running = new SimSystem(base.disk.copy());
  const points = await cutPoints(
    running,
    () => run(running, { updates: [setRef("refs/meta/x", one), setRef("refs/meta/y", two)], objects: [] }),
  );
  const point = points.find(({ disk }) => {
    const seen = new SimSystem(disk.copy());
    return valueOf(seen, "refs/meta/x") !== null && valueOf(seen, "refs/meta/y") === null;
  });
  const system = new SimSystem(point!.disk.copy());
  system.disk.makeDirectory("/r/.git/refs/meta/y");
  system.disk.create("/r/.git/refs/meta/y/.junk").close();
  await assert.rejects(openTestWriter(openTestRepository(system)), { code: "diverged" });
  for (const name of ["x", "y"]) assert.equal(system.disk.lstat(`/r/.git/refs/meta/${name}.lock`), null);
});

const WORKTREE = { "/r/.git/worktrees/w/HEAD": "ref: refs/heads/wt\n", "/r/.git/worktrees/w/commondir": "../..\n" };

test("recovery from another worktree finishes the refs of the worktree that began", async () => {
  const base = systemWith(WORKTREE);
  await run(base, {
    updates: [branchTo("refs/heads/wt", c1), branchTo("refs/heads/main", c1)],
    objects: [EMPTY_TREE, c1],
  });
  const step = { updates: [branchTo("refs/worktree/own", c1), branchTo("refs/heads/wt", c2)], objects: [c2] };
  const running = new SimSystem(base.disk.copy());
  for (const { disk, label } of await cutPoints(running, () => run(running, step, LOGGED, "w"))) {
    const system = new SimSystem(disk.copy());
    (await openTestWriter(openTestRepository(system, LOGGED))).close();
    const [own, branch] = [valueOf(system, "refs/worktree/own", "w"), valueOf(system, "refs/heads/wt")];
    assert.equal(own === oidOf(c1), branch === oidOf(c2), label);
    assert.equal(valueOf(system, "refs/worktree/own"), null, label);
    const locks = Object.keys(system.disk.dump()).filter((path) => path.endsWith(".lock"));
    assert.deepEqual(locks, [], label);
  }
});

test("recovery after the worktree was removed that began ends the operation, and makes nothing of that worktree again", async () => {
  const base = systemWith({ ...WORKTREE, "/r/.git/worktrees/w/refs/worktree/there": `${oidOf(c1)}\n` });
  const branches = { updates: [branchTo("refs/heads/wt", c1)], objects: [EMPTY_TREE, c1] };
  await run(base, branches);
  const steps: Step[] = [
    { updates: [branchTo("refs/heads/wt", c2)], objects: [c2] },
    { updates: [branchTo("refs/worktree/own", c1), branchTo("refs/heads/wt", c2)], objects: [c2] },
    { updates: [deleteRef("refs/worktree/there"), branchTo("refs/heads/wt", c2)], objects: [c2] },
    { updates: [{ ...branchTo("HEAD", c1), follow: false }], objects: [] },
  ];
  for (const step of steps) {
    const running = new SimSystem(base.disk.copy());
    for (const { disk, label } of await cutPoints(running, () => run(running, step, {}, "w"))) {
      const system = new SimSystem(disk.copy());
      removeFolder(system.disk, "/r/.git/worktrees");
      {
        using writer = await openTestWriter(openTestRepository(system), true);
        if (writer.paused !== null) resume(writer, "abort");
      }
      await run(system, { updates: [branchTo("refs/heads/main", c1)], objects: [] });
      checkClean(system);
      const made = Object.keys(system.disk.dump()).filter((path) => path.includes("/worktrees"));
      assert.deepEqual(made, [], label);
    }
  }
});

function removeFolder(disk: SimDisk, path: string): void {
  for (const { name, kind } of disk.list(path) ?? []) {
    if (kind === "directory") removeFolder(disk, `${path}/${name}`);
    else disk.unlink(`${path}/${name}`);
  }
  disk.removeDirectory(path);
}

test("undo from another worktree takes back the refs of the worktree that they belong to", async () => {
  const system = systemWith(WORKTREE);
  await run(system, { updates: [branchTo("refs/worktree/own", c1)], objects: [EMPTY_TREE, c1] }, {}, "w");
  await run(system, { updates: [branchTo("refs/worktree/own", c1)], objects: [] });
  using writer = await openTestWriter(openTestRepository(system));
  undo(writer, undefined);
  undo(writer, undefined);
  assert.equal(valueOf(system, "refs/worktree/own", "w"), null);
  assert.throws(() => undo(writer, undefined), { code: "not_found" });
});

test("one file is not changed under two names in one transaction", async () => {
  const system = systemWith();
  const aliases = [branchTo("HEAD", c1), branchTo("main-worktree/HEAD", c2)].map((update) => ({
    ...update,
    follow: false,
  }));
  await assert.rejects(run(system, { updates: aliases, objects: [EMPTY_TREE, c1, c2] }), { code: "usage" });
});

test("a batch that was cut while it took its locks did not happen, though somebody set one of its values", async () => {
  const documents = Array.from({ length: 70 }, (_, i) => blob(`doc ${i}`));
  const step = { updates: documents.map((doc, i) => setRef(`refs/meta/x${i}`, doc)), objects: documents };
  const running = systemWith();
  const points = await cutPoints(running, () => run(running, step));
  const locking = points.filter(({ disk }) => disk.lstat("/r/.git/refs/meta/x30.lock") !== null)[0]!;
  const system = new SimSystem(locking.disk.copy());
  {
    using file = system.disk.create("/r/.git/refs/meta/x69");
    file.write(utf8(`${oidOf(documents[69]!)}\n`));
  }
  using writer = await openTestWriter(openTestRepository(system));
  assert.deepEqual(writer.recovered.map(({ outcome }) => outcome), ["rolled_back"]);
  assert.equal(valueOf(system, "refs/meta/x0"), null);
  checkClean(system);
});

test("a batch did not happen that a power cut took before its rename, though git's packed-refs got its inode", async () => {
  const documents = Array.from({ length: 70 }, (_, i) => blob(`doc ${i}`));
  const step = { updates: documents.map((doc, i) => setRef(`refs/meta/x${i}`, doc)), objects: documents };
  const running = systemWith({ "/r/.git/refs/meta/other": `${oidOf(documents[0]!)}\n` });
  const points = await cutPoints(running, () => run(running, step));
  const staged = points.find(({ label }) => /link .*ops.* to .*x0\.lock/.test(label))!;
  const folder = "/r/.git/lattice/tmp";
  const cut = staged.disk.copy();
  cut.syncFileSystem("/");
  const { disk } = [...cut.powerCuts({ seed: 1 })][0]!;
  const ours = `${folder}/${disk.list(folder)![0]!.name}/packed-refs`;
  { // what is left of our file is taken for git's
    using file = disk.openAppend(ours)!;
    file.write(utf8(`# pack-refs with: peeled fully-peeled sorted \n${oidOf(documents[0]!)} refs/meta/other\n`));
  }
  disk.rename(ours, "/r/.git/packed-refs");
  for (const { name } of disk.list("/r/.git/refs/meta")!) disk.unlink(`/r/.git/refs/meta/${name}`);
  const system = new SimSystem(disk);
  using writer = await openTestWriter(openTestRepository(system));
  assert.deepEqual(writer.recovered.map(({ outcome }) => outcome), ["rolled_back"]);
  assert.equal(valueOf(system, "refs/meta/other"), oidOf(documents[0]!));
  checkClean(system);
});

test("a note that cannot be written does not make a committed operation a failure", async () => {
  const system = systemWith();
  await run(system, { updates: [setRef("refs/meta/a", one)], objects: [one] });
  const trial = new SimSystem(system.disk.copy());
  const before = trial.disk.trace.length;
  await run(trial, { updates: [setRef("refs/meta/a", two)], objects: [two] });
  const last = trial.disk.trace.slice(before).filter(({ operation }) => operation === "lock.write").at(-1)!;
  const running = system.nextProcess();
  running.disk.failAt(last.index, "ENOSPC");
  await run(running, { updates: [setRef("refs/meta/a", two)], objects: [two] });
  assert.equal(valueOf(running, "refs/meta/a"), oidOf(two));
});

test("the reflog of a deleted ref goes while its lock stands", async () => {
  const system = systemWith();
  await run(system, { updates: [setRef("refs/meta/a", one)], objects: [one] }, LOGGED);
  const before = system.disk.trace.length;
  await run(system, { updates: [deleteRef("refs/meta/a")], objects: [] }, LOGGED);
  const removed = system.disk.trace.slice(before).filter(({ operation }) => operation === "unlink").map(({ path }) =>
    path
  );
  assert.ok(
    removed.indexOf("/r/.git/logs/refs/meta/a") < removed.indexOf("/r/.git/refs/meta/a.lock"),
    removed.join("\n"),
  );
});

test("a transaction that others made needless meanwhile is no operation", async () => {
  const system = systemWith();
  await run(system, { updates: [setRef("refs/meta/a", one)], objects: [one, two, three] });
  using writer = await openTestWriter(openTestRepository(system));
  const prepared = writer.prepare({
    updates: [setRef("refs/meta/a", one)],
    objects: [],
    message: "m",
    purpose: "operation",
  });
  assert.equal(prepared, null);
  undo(writer, undefined);
  assert.equal(valueOf(system, "refs/meta/a"), null);
});

test("git's own files are no places for refs", async () => {
  const system = systemWith();
  for (const name of ["config", "hooks/post-commit", "logs/HEAD", "worktrees/w/config"]) {
    await assert.rejects(run(system, { updates: [setRef(name, one)], objects: [one] }), { code: "usage" }, name);
  }
  assert.match(JSON.stringify(system.disk.dump()["/r/.git/config"]), /repositoryformatversion/);
});

test("a name that stands for no bytes, or for those of another name, is refused", async () => {
  const system = systemWith();
  for (const name of ["refs/meta/\ud800", "refs/meta/k\udcc3\udca9"]) {
    await assert.rejects(run(system, { updates: [setRef(name, one)], objects: [one] }), { code: "usage" });
  }
  await run(system, { updates: [setRef("refs/meta/\udcff", one), setRef("refs/meta/ké", one)], objects: [one] });
});

for (const name of ["refs/lattice", "refs/branch-metadata"]) {
  test(`${name}, where refs are kept, is no ref that anything makes, and goes where git made it`, async () => {
    const system = systemWith();
    const refused = { code: "usage", message: `"${name}" is where lattice keeps refs, and cannot be one itself` };
    const follow = (from: string): Step => ({
      updates: [{
        name: from,
        expect: { kind: "any" },
        change: { kind: "set-symbolic", target: name },
        follow: false,
      }],
      objects: [],
    });
    await assert.rejects(run(system, { updates: [setRef(name, one)], objects: [one] }), refused);
    await assert.rejects(run(system, follow("refs/heads/s")), refused);
    checkClean(system);

    const made = systemWith({ [`/r/.git/${name}`]: `${oidOf(one)}\n` });
    await assert.rejects(run(made, { updates: [setRef(name, two)], objects: [one, two] }), refused);
    using writer = await openTestWriter(openTestRepository(made));
    writer.transact({ updates: [deleteRef(name)], objects: [], message: "", purpose: "plumbing" });
    assert.equal(valueOf(made, name), null);
    checkClean(made);
  });
}

test("a program is not started while a ref refs/lattice would keep its end from being recorded", async () => {
  const system = systemWith({ "/r/.git/refs/lattice": `${oidOf(one)}\n` });
  using writer = await openTestWriter(openTestRepository(system));
  assert.throws(() => beginSpan(writer.context, originOf(writer), "run", null), {
    code: "cas_failed",
    hint: /`git update-ref -d refs\/lattice`/,
  });
  checkClean(system);
});

const LINKED_LOGS = ["logs", "logs/refs", "logs/refs/meta"];

for (const name of LINKED_LOGS) {
  test(`reflogs are neither written nor removed through a symbolic link: ${name}`, async () => {
    const base = systemWith();
    await run(base, { updates: [setRef("refs/meta/a", one)], objects: [one] }, LOGGED);
    base.disk.rename(`/r/.git/${name}`, "/victim");
    base.disk.symlink("/victim", `/r/.git/${name}`);
    const before = base.disk.dump();
    const steps = [setRef("refs/meta/a", two), setRef("refs/meta/n", two), deleteRef("refs/meta/a")];
    for (const update of steps) {
      const system = new SimSystem(base.disk.copy());
      await assert.rejects(run(system, { updates: [update], objects: [two] }, LOGGED), {
        code: "unsupported",
        message: `"/r/.git/${name}" is a symbolic link; reflogs are not written through it`,
        hint: "replace the link by the folder itself",
      });
      const after = system.disk.dump();
      const victims = (files: typeof after) => Object.entries(files).filter(([path]) => path.startsWith("/victim"));
      assert.deepEqual(victims(after), victims(before));
      assert.equal(valueOf(system, "refs/meta/a"), oidOf(one));
      checkClean(system);
    }
    if (name !== "logs/refs/meta") {
      using writer = await openTestWriter(openTestRepository(new SimSystem(base.disk.copy())));
      assert.throws(() => beginSpan(writer.context, originOf(writer), "run", null), { code: "unsupported" });
    }
    await run(base, { updates: [setRef("refs/meta/n", two)], objects: [two] }); // where none is written, none is in the way
  });
}

test("a file in the place of logs is not called the reflog of a ref that is gone", async () => {
  for (
    const [path, hint] of [["logs", /reflogs have their folder there/], ["logs/refs/meta", /that is gone/]] as const
  ) {
    const system = systemWith({ [`/r/.git/${path}`]: "precious" });
    const step = { updates: [setRef("refs/meta/a", one)], objects: [one] };
    await assert.rejects(run(system, step, LOGGED), { code: "cas_failed", hint });
    checkClean(system);
  }
});
