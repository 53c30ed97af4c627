/** What is special about JSON files: what stands in their way, and each error by its class. */
import assert from "node:assert/strict";
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { newLockText, renderLockText } from "../../src/locks/lock_text.ts";
import { temporaryPath } from "../../src/locks/temporary_file.ts";
import { DiskError } from "../../src/platform/disk.ts";
import { LatticeError } from "../../src/platform/errors.ts";
import { realSystem } from "../../src/platform/real_system.ts";
import { utf8 } from "../../src/platform/text.ts";
import { STATE_BYTES_MAX } from "../../src/state/document.ts";
import {
  CorruptedStateFile,
  DeleteStateFailed,
  DirectoryCreationFailed,
  LockAcquisitionFailed,
  ReadStateFailed,
  StaleLockDetected,
  WriteStateFailed,
} from "../../src/state/errors.ts";
import { openStateRepository } from "../../src/state/open.ts";
import type { StateRepository } from "../../src/state/repository.ts";
import { test } from "../harness.ts";
import { SimDisk } from "../simulation/sim_disk.ts";
import { SimSystem, textAt } from "../simulation/sim_system.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { rejection } from "./rejection.ts";
import { repositoryOn } from "./scenarios.ts";

const ANY = { kind: "any" } as const;
const VALUE = { version: "1.0" };

function realRepository(): { folder: string; states: StateRepository<Record<string, unknown>> } {
  const folder = join(temporaryFolder(), "data");
  const schema = { safeParse: (data: unknown) => ({ success: true, data: data as Record<string, unknown> }) as const };
  return { folder, states: openStateRepository(folder, schema, { lockTimeoutMs: 0 }) };
}

/** What each method that reads or writes is rejected with. */
async function allRejections(
  states: StateRepository<Record<string, unknown>>,
  { save, remove }: Readonly<Record<"save" | "remove", abstract new (...args: never[]) => LatticeError>>,
): Promise<LatticeError[]> {
  return [
    await rejection(states.save("production", VALUE), save),
    await rejection(states.save("production", VALUE, ANY), save),
    await rejection(states.load("production"), ReadStateFailed),
    await rejection(states.exists("production"), ReadStateFailed),
    await rejection(states.delete("production"), remove),
  ];
}

test("a symbolic link in place of the state file is refused, and neither it nor its target changes", async () => {
  const { folder, states } = realRepository();
  const target = join(folder, "..", "target.json");
  writeFileSync(target, "{}\n");
  mkdirSync(join(folder, "production"), { recursive: true });
  for (const leads of [target, join(folder, "nowhere"), "state.json"]) {
    const link = join(folder, "production", "state.json");
    spawnSync("ln", ["-sfn", leads, link]);
    const errors = await allRejections(states, { save: ReadStateFailed, remove: DeleteStateFailed });
    for (const error of errors) {
      assert.deepEqual([error.code, /symbolic link/.test(error.message)], ["unsupported", true]);
    }
    assert.deepEqual([readlinkSync(link), readFileSync(target, "utf8")], [leads, "{}\n"]);
    assert.deepEqual(readdirSync(join(folder, "production")), ["state.json"]);
    assert.deepEqual(await states.list(), []);
  }
});

test("a symbolic link in place of a document's folder, or of the store's, is refused and not followed", async () => {
  for (const place of ["store", "document"]) {
    const { folder, states } = realRepository();
    const elsewhere = temporaryFolder();
    if (place === "document") mkdirSync(folder);
    symlinkSync(elsewhere, place === "store" ? folder : join(folder, "production"));
    const errors = await allRejections(states, { save: DirectoryCreationFailed, remove: DeleteStateFailed });
    for (const error of errors) {
      assert.deepEqual([error.code, /symbolic link/.test(error.message)], ["unsupported", true]);
    }
    if (place === "store") await rejection(states.list(), ReadStateFailed);
    else assert.deepEqual(await states.list(), []);
    assert.deepEqual(readdirSync(elsewhere), []);
  }
});

test("something else in place of file or folder is refused, and not waited for", async () => {
  const { folder, states } = realRepository();
  mkdirSync(join(folder, "production"), { recursive: true });
  assert.equal(spawnSync("mkfifo", [join(folder, "production", "state.json")]).status, 0);
  for (const error of await allRejections(states, { save: ReadStateFailed, remove: DeleteStateFailed })) {
    assert.match(error.message, /a pipe, a socket or a device/);
  }
  const other = realRepository();
  mkdirSync(join(other.folder, "production", "state.json"), { recursive: true });
  for (const error of await allRejections(other.states, { save: ReadStateFailed, remove: DeleteStateFailed })) {
    assert.match(error.message, /is not a file but a folder/);
  }
  const third = realRepository();
  writeFileSync(third.folder, "");
  for (const error of await allRejections(third.states, { save: DirectoryCreationFailed, remove: DeleteStateFailed })) {
    assert.match(error.message, /is not a folder but a file/);
  }
});

test("a document beyond the largest size is damaged, and is not read into memory", async () => {
  const { folder, states } = realRepository();
  mkdirSync(join(folder, "production"), { recursive: true });
  const path = join(folder, "production", "state.json");
  assert.equal(spawnSync("truncate", ["-s", String(64 * STATE_BYTES_MAX), path]).status, 0); // 4 GiB of nothing
  for (const attempt of [() => states.load("production"), () => states.save("production", VALUE)]) {
    assert.match((await rejection(attempt(), CorruptedStateFile)).message, /more than 67108864/);
  }
  await states.save("production", VALUE, ANY);
  assert.deepEqual(await states.load("production"), VALUE);
});

test("save() sweeps temporary files of dead writers, and no others", async () => {
  const { folder, states } = realRepository();
  await states.save("production", VALUE);
  const inside = join(folder, "production");
  const path = join(inside, "state.json");
  const own = temporaryPath(realSystem, path);
  const dead = own.replace(/\.tmp-\d+-\d+-/, ".tmp-1-1-"); // process 1 was not started at that time
  const foreign = own.replace(/-[0-9a-f]{8}-([0-9a-f]{16})$/, "-00000000-$1"); // another host's
  const old = foreign.replace(/.$/, (digit) => digit === "0" ? "1" : "0");
  for (
    const file of [
      own,
      dead,
      foreign,
      old,
      join(inside, "notes"),
      join(inside, "other.tmp-1-1---00000000-0000000000000000"),
    ]
  ) {
    writeFileSync(file, "{");
  }
  utimesSync(old, 0, 0);
  await states.save("production", VALUE);
  const left = [own, foreign].map((file) => file.slice(inside.length + 1));
  assert.deepEqual(
    readdirSync(inside).sort(),
    ["notes", "other.tmp-1-1---00000000-0000000000000000", "state.json", ...left].sort(),
  );
  await states.delete("production");
  assert.deepEqual([lstatSync(inside).isDirectory(), await states.list()], [true, []]);
});

test("what others made of a document since this process saved it is noticed, be its length the same", async () => {
  const system = new SimSystem(SimDisk.fromTree({ "/srv": null }));
  const states = repositoryOn(system);
  const path = "/srv/data/production/state.json";
  for (const way of ["in place", "replaced", "removed"]) {
    await states.save("production", VALUE);
    const damage = utf8("x".repeat(textAt(system.disk, path)!.length));
    if (way !== "in place") system.disk.unlink(path);
    if (way !== "removed") {
      using file = system.disk.openOrCreateAppend(path);
      file.truncate(0);
      file.write(damage);
    }
    if (way === "removed") await states.save("production", VALUE);
    else await rejection(states.save("production", VALUE), CorruptedStateFile);
    await states.save("production", VALUE, ANY);
  }
  assert.deepEqual(await states.load("production"), VALUE);
});

test("delete() leaves no folder, makes none, and leaves what is not ours", async () => {
  const { folder, states } = realRepository();
  await states.delete("production");
  assert.throws(() => lstatSync(folder), /ENOENT/);
  await states.save("production", VALUE);
  await states.delete("production");
  assert.deepEqual(readdirSync(folder), []);
});

/** A machine on which somebody holds the lock of the document. */
async function lockedMachine(change: Record<string, unknown> | null): Promise<SimSystem> {
  const system = new SimSystem(SimDisk.fromTree({ "/srv": null }));
  await repositoryOn(system).save("production", VALUE);
  const [pid, about] = renderLockText(newLockText(system.neighbour(), "deploy")).split("\n");
  const text = change === null ? "" : `${pid}\n${JSON.stringify({ ...JSON.parse(about!) as object, ...change })}\n`;
  using file = system.disk.create("/srv/data/production/state.json.lock");
  file.write(utf8(text));
  return system;
}

test("a lock that a living process holds is LockAcquisitionFailed with the holder", async () => {
  const system = await lockedMachine({});
  const states = repositoryOn(system);
  for (
    const attempt of [
      () => states.save("production", {}),
      () => states.save("production", {}, ANY),
      () => states.delete("production"),
    ]
  ) {
    const error = await rejection(attempt(), LockAcquisitionFailed);
    assert.deepEqual([error.code, error.path, error.holder?.command], [
      "locked",
      "/srv/data/production/state.json.lock",
      "deploy",
    ]);
    assert.deepEqual(Object.keys(error.details["holder"] as object), ["pid", "host", "command", "since"]);
    assert.equal(error.details["waited_ms"], 0);
    assert.match(error.hint!, /--lock-timeout/);
    assert.ok(error.cause instanceof LatticeError);
  }
  assert.deepEqual(await states.load("production"), VALUE); // who reads does not ask
  assert.equal(await states.exists("production"), true);
  assert.deepEqual(Object.keys(system.disk.dump()).filter((path) => path.includes("tmp")), []);
});

test("a lock that may not be taken over is StaleLockDetected, and is left alone", async () => {
  const cases: [Record<string, unknown> | null, string, RegExp][] = [
    [{ host: "elsewhere" }, "locked", /"deploy" \(pid \d+ on elsewhere/],
    [{ pid_namespace: "pid:[2]" }, "locked", /nothing can be told from here/],
    [{ token: null, start_time: "1" }, "locked", /nothing can be told from here/],
    [null, "invalid_data", /names no process/],
  ];
  for (const [change, code, message] of cases) {
    const system = await lockedMachine(change);
    const before = textAt(system.disk, "/srv/data/production/state.json.lock");
    const error = await rejection(repositoryOn(system).save("production", {}), StaleLockDetected);
    assert.deepEqual([error.code, error.path], [code, "/srv/data/production/state.json.lock"]);
    assert.match(error.message, message);
    assert.match(error.hint!, /remove |rm /);
    assert.equal(textAt(system.disk, "/srv/data/production/state.json.lock"), before);
    assert.deepEqual(await repositoryOn(system).load("production"), VALUE);
  }
});

test("the lock of a process that ended is taken over", async () => {
  const system = await lockedMachine({ start_time: "1" });
  await repositoryOn(system).save("production", { version: "2.0" });
  assert.deepEqual(await repositoryOn(system).load("production"), { version: "2.0" });
});

/** The error of an action whose first call of a kind on a path fails. */
async function failing(
  operation: string,
  ending: RegExp,
  action: (states: StateRepository<Record<string, unknown>>) => Promise<unknown>,
  before: Record<string, unknown> | null = VALUE,
): Promise<{ system: SimSystem; promise: Promise<unknown> }> {
  const base = new SimSystem(SimDisk.fromTree({ "/srv": null }));
  if (before !== null) await repositoryOn(base).save("production", before);
  const measured = base.nextProcess();
  await action(repositoryOn(measured));
  const call = measured.disk.trace.find((record) => record.operation === operation && ending.test(record.path));
  assert.ok(call !== undefined, `no ${operation} of ${ending}`);
  const system = base.nextProcess();
  system.disk.failAt(call.index, "EIO", { lasting: "once" });
  return { system, promise: action(repositoryOn(system)) };
}

test("each step that the disk refuses is an error of its own class, with the path, the cause and what to do", async () => {
  type Action = (states: StateRepository<Record<string, unknown>>) => Promise<unknown>;
  const save: Action = (states) => states.save("production", { version: "2.0" });
  const load: Action = (states) => states.load("production");
  const remove: Action = (states) => states.delete("production");
  const list: Action = (states) => states.list();
  const file = "/srv/data/production/state.json";
  const cases = [
    [DirectoryCreationFailed, "makeDirectory", /data$/, save, null, "/srv/data/production"],
    [LockAcquisitionFailed, "create", /lock\.tmp/, save, VALUE, `${file}.lock`],
    [LockAcquisitionFailed, "link", /lock\.tmp/, remove, VALUE, `${file}.lock`],
    [ReadStateFailed, "file.readAt", /state\.json$/, save, VALUE, file],
    [ReadStateFailed, "file.readAt", /state\.json$/, load, VALUE, file],
    [ReadStateFailed, "list", /data$/, list, VALUE, "/srv/data"],
    [WriteStateFailed, "create", /json\.tmp/, save, VALUE, file],
    [WriteStateFailed, "file.write", /json\.tmp/, save, VALUE, file],
    [WriteStateFailed, "file.sync", /json\.tmp/, save, VALUE, file],
    [WriteStateFailed, "rename", /json\.tmp/, save, VALUE, file],
    [DeleteStateFailed, "unlink", /state\.json$/, remove, VALUE, file],
  ] as const;
  for (
    const [type, operation, ending, action, before, path] of cases as readonly (readonly [
      typeof WriteStateFailed,
      string,
      RegExp,
      Action,
      Record<string, unknown> | null,
      string,
    ])[]
  ) {
    const { system, promise } = await failing(operation, ending, action, before);
    const error = await rejection(promise, type);
    assert.deepEqual([error.code, error.path, error.details["errno"]], ["io", path, "EIO"], operation);
    assert.match(error.hint!, /the disk reports an error/);
    assert.match(error.message, /input\/output error \(EIO\)$/);
    let cause: unknown = error.cause;
    while (cause instanceof Error && !(cause instanceof DiskError)) cause = cause.cause;
    assert.ok(cause instanceof DiskError, operation);
    assert.deepEqual(await repositoryOn(system).load("production") ?? null, before, operation);
  }
});

test("a flush that fails behind the rename or the removal is told of as what it is", async () => {
  const saved = await failing("syncDirectory", /production$/, (states) => states.save("production", {}));
  assert.match(
    (await rejection(saved.promise, WriteStateFailed)).message,
    /is in place, but may be lost in a power cut$/,
  );
  assert.deepEqual(await repositoryOn(saved.system).load("production"), {});
  const removed = await failing("syncDirectory", /production$/, (states) => states.delete("production"));
  assert.match(
    (await rejection(removed.promise, DeleteStateFailed)).message,
    /is gone, but may be back after a power cut$/,
  );
});

test("a store is named by a path or by file:, and every other kind is refused by name without its password", async () => {
  const system = new SimSystem(SimDisk.fromTree({ "/here": null }), { workingDirectory: "/here" });
  const schema = { safeParse: (data: unknown) => ({ success: true, data }) as const };
  const names = [
    "data",
    "./data",
    "data/",
    ".//data",
    "file:data",
    "file:/here/data",
    "file:///here/data",
    "FILE:./data",
  ];
  await openStateRepository("/here/data", schema, { system }).save("production", VALUE);
  for (const name of names) {
    assert.deepEqual(await openStateRepository(name, schema, { system }).load("production"), VALUE, name);
  }
  await openStateRepository("./a:b", schema, { system }).save("production", VALUE);
  assert.notEqual(textAt(system.disk, "/here/a:b/production/state.json"), null);
  const refused = {
    "postgres://me:hunter2#1@db/x": "usage",
    "postgresql:me:hunter2@db/x": "usage",
    "redis://me:hunter2@db": "usage",
    "memory:": "usage",
    "": "usage",
    "file:": "usage",
    "a\0b": "usage",
  };
  for (const [name, code] of Object.entries(refused)) {
    assert.throws(() => openStateRepository(name, schema, { system }), (error: unknown) => {
      assert.ok(error instanceof LatticeError, name);
      assert.equal(error.code, code, name);
      assert.doesNotMatch(`${error.message} ${error.hint} ${JSON.stringify(error.details)}`, /hunter2/);
      if (name === "memory:") assert.match(error.hint!, /folder, file:<path>, sqlite:<path>, or postgres:/);
      return true;
    });
  }
});
