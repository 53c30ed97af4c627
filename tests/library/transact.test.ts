import assert from "node:assert/strict";
import {
  AlreadyLockedError,
  CasFailedError,
  type Change,
  ForeignDocumentError,
  GitError,
  Journal,
  LatticeError,
  MetadataStore,
  OVERWRITE,
  RepoLock,
  type Repository,
  SerializeError,
  transact,
} from "../../src/mod.ts";
import { gitText } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { documentOf, makeWorld, refsOf, rejection } from "./world.ts";

const META = "refs/branch-metadata/topic";
const FOREIGN = '{"parentBranchName":"main"}';

test("transact() changes refs and documents as one operation, which git reads", async () => {
  const { path, repository, old, main } = makeWorld();
  const document = documentOf("topic", old);
  const { op, updates } = await transact(repository, [
    { kind: "set-ref", ref: "refs/heads/topic", expected: null, to: main },
    { kind: "set-ref", ref: "refs/notes/text", expected: null, to: { content: "grüße\n" } },
    { kind: "set-ref", ref: "refs/notes/bytes", expected: OVERWRITE, to: { content: new Uint8Array([0, 255]) } },
    { kind: "set-metadata", branch: "topic", expected: null, to: document },
    { kind: "check-ref", ref: "refs/heads/main", expected: main },
  ], { command: "begin topic", message: "begun" });
  const refs = refsOf(path);
  assert.deepEqual(
    updates,
    ["refs/branch-metadata/topic", "refs/heads/topic", "refs/notes/bytes", "refs/notes/text"]
      .map((ref) => ({ ref, old: null, new: refs[ref] })),
  );
  assert.equal(gitText(["cat-file", "blob", META], path), JSON.stringify(document));
  assert.equal(gitText(["cat-file", "blob", "refs/notes/text"], path), "grüße");
  assert.equal(gitText(["cat-file", "-s", "refs/notes/bytes"], path), "2");
  assert.equal(gitText(["log", "-g", "-1", "--format=%gs", "topic"], path), "begun");
  const [operation, ...others] = new Journal(repository).list();
  assert.deepEqual([operation?.op_id, operation?.command, others], [op, "begin topic", []]);

  const removed = await transact(repository, [
    { kind: "delete-ref", ref: "refs/heads/topic", expected: main },
    { kind: "delete-ref", ref: "refs/notes/bytes", expected: OVERWRITE },
    { kind: "delete-metadata", branch: "topic", expected: refs[META]! },
  ]);
  assert.deepEqual(removed.updates.map(({ new: value }) => value), [null, null, null]);
  assert.deepEqual(Object.keys(refsOf(path)), ["refs/heads/main", "refs/notes/text"]);
  gitText(["fsck", "--strict"], path);
});

test("transact() that finds everything as it is to be, or has nothing to do, is no operation", async () => {
  const { repository, main } = makeWorld();
  const nothing = { op: null, updates: [] };
  assert.deepEqual(await transact(repository, []), nothing);
  const changes: Change[] = [
    { kind: "set-ref", ref: "refs/heads/main", expected: main, to: main },
    { kind: "delete-ref", ref: "refs/heads/gone", expected: OVERWRITE },
    { kind: "check-ref", ref: "refs/heads/absent", expected: null },
  ];
  assert.deepEqual(await transact(repository, changes), nothing);
  assert.deepEqual(new Journal(repository).list(), []);
});

test("transact() changes nothing when one expectation of many is not met, and says which", async () => {
  const { path, repository, old, main } = makeWorld();
  const document = documentOf("topic", old);
  const before = refsOf(path);
  const harmless: Change = { kind: "set-ref", ref: "refs/heads/new", expected: null, to: main };
  const wrong: [Change, string, string | null, string | null][] = [
    [{ kind: "set-ref", ref: "refs/heads/main", expected: old, to: old }, "refs/heads/main", old, main],
    [{ kind: "set-ref", ref: "refs/heads/main", expected: null, to: old }, "refs/heads/main", null, main],
    [{ kind: "delete-ref", ref: "refs/heads/gone", expected: old }, "refs/heads/gone", old, null],
    [{ kind: "check-ref", ref: "refs/heads/main", expected: old }, "refs/heads/main", old, main],
    [{ kind: "check-ref", ref: META, expected: old }, META, old, null],
    [{ kind: "set-metadata", branch: "topic", expected: old, to: document }, META, old, null],
    [{ kind: "delete-metadata", branch: "topic", expected: old }, META, old, null],
  ];
  for (const [change, ref, expected, actual] of wrong) {
    const error: CasFailedError = await rejection(transact(repository, [harmless, change]), CasFailedError);
    assert.deepEqual([error.ref, error.expected, error.actual], [ref, expected, actual], change.kind);
  }
  assert.deepEqual(refsOf(path), before);
});

test("transact() refuses what is malformed or reserved before it asks for the lock", async () => {
  const { path, repository, main } = makeWorld();
  using _held = await RepoLock.acquire(repository, { command: "test" });
  const document = documentOf("topic", main);
  const short = main.slice(1);
  const wrong: unknown[] = [
    { kind: "set-ref", ref: META, expected: null, to: main },
    { kind: "delete-ref", ref: META, expected: OVERWRITE },
    { kind: "set-ref", ref: "HEAD", expected: main, to: main },
    { kind: "set-ref", ref: "refs/heads/a..b", expected: null, to: main },
    { kind: "set-ref", ref: "refs/heads/-a", expected: null, to: main },
    { kind: "set-ref", ref: "refs/heads/a", expected: null, to: short },
    { kind: "set-ref", ref: "refs/heads/a", expected: null, to: "0".repeat(40) },
    { kind: "set-ref", ref: "refs/heads/a", expected: null },
    { kind: "set-ref", ref: "refs/heads/a", expected: null, to: null },
    { kind: "set-ref", ref: "refs/heads/a", expected: short, to: main },
    { kind: "set-ref", ref: "refs/heads/a", expected: "0".repeat(40), to: main },
    { kind: "set-ref", ref: "refs/heads/a", to: main },
    { kind: "check-ref", ref: "refs/heads/a" },
    { kind: "check-ref", ref: "refs/heads/a", expected: OVERWRITE },
    { kind: "set-metadata", branch: "topic", to: document },
    { kind: "set-metadata", branch: "a..b", expected: null, to: document },
    { kind: "delete-metadata", branch: "topic" },
    { kind: "move-ref", ref: "refs/heads/a", expected: null, to: main },
  ];
  for (const change of wrong) {
    const error = await rejection(transact(repository, [change as Change], { lockTimeoutMs: 0 }), LatticeError);
    assert.equal(error.code, "usage", JSON.stringify(change));
  }
  const other: Change = { kind: "set-metadata", branch: "other", expected: null, to: document };
  await rejection(transact(repository, [other]), SerializeError);
  assert.deepEqual(Object.keys(refsOf(path)), ["refs/heads/main"]);
});

test("transact() keeps lattice's own refs and names given twice from being changed", async () => {
  const { path, repository, main } = makeWorld();
  const set = (ref: string): Change => ({ kind: "set-ref", ref, expected: null, to: main });
  for (const changes of [[set("refs/lattice/keep/x")], [set("refs/heads/a"), set("refs/heads/a")]]) {
    assert.equal((await rejection(transact(repository, changes), LatticeError)).code, "usage");
  }
  assert.deepEqual(refsOf(path), { "refs/heads/main": main });
  for (const target of ["refs/lattice/keep/x", META]) {
    gitText(["symbolic-ref", "refs/tags/way", target], path);
    const error = await rejection(transact(repository, [set("refs/tags/way")]), LatticeError);
    assert.equal(error.code, "usage", target);
    assert.equal(gitText(["for-each-ref", target], path), "");
  }
});

test("transact() reports what git's rules forbid as GitError with its cause", async () => {
  const { path, repository, main } = makeWorld();
  const missing = "1234567890".repeat(4);
  for (
    const [change, message] of [
      [{ kind: "set-ref", ref: "refs/heads/a", expected: null, to: missing }, /there is no object/],
      [{ kind: "set-ref", ref: "refs/heads/a", expected: null, to: { content: "x" } }, /is a blob, not a commit/],
      [{ kind: "set-ref", ref: "refs/heads/main/a", expected: null, to: main }, /"refs\/heads\/main" exists/],
    ] as const
  ) {
    const error = await rejection(transact(repository, [change]), GitError);
    assert.match(error.message, message);
    assert.equal(error.ref, change.ref);
    assert.ok(error.cause instanceof LatticeError);
  }
  assert.deepEqual(refsOf(path), { "refs/heads/main": main });
});

test("transact() never replaces another tool's document, whatever is expected", async () => {
  const { path, repository, main } = makeWorld();
  const foreign = gitText(["hash-object", "-w", "--stdin"], path, FOREIGN);
  gitText(["update-ref", META, foreign], path);
  const to = documentOf("topic", main);
  for (const expected of [foreign, OVERWRITE]) {
    const changes: Change[] = [
      { kind: "set-ref", ref: "refs/heads/a", expected: null, to: main },
      { kind: "set-metadata", branch: "topic", expected, to },
    ];
    await rejection(transact(repository, changes), ForeignDocumentError);
    await rejection(
      transact(repository, [{ kind: "delete-metadata", branch: "topic", expected }]),
      ForeignDocumentError,
    );
  }
  assert.deepEqual(refsOf(path), { "refs/heads/main": main, [META]: foreign });
});

/** The repository, in which something happens right after a ref was first looked at. */
function happeningAfterLook(repository: Repository, name: string, happen: () => void): Repository {
  let looked = false;
  const refs = Object.create(repository.refs) as Repository["refs"];
  refs.read = (wanted) => {
    const entry = repository.refs.read(wanted);
    if (wanted === name && !looked) {
      looked = true;
      happen();
    }
    return entry;
  };
  return Object.create(repository, { refs: { value: refs } }) as Repository;
}

test("transact() with OVERWRITE looks again at a document that git moved after the look", async () => {
  const { path, repository, old, main } = makeWorld();
  const store = new MetadataStore(repository);
  const { oid } = await store.writeCas("topic", null, documentOf("topic", main));
  const change: Change = { kind: "set-metadata", branch: "topic", expected: OVERWRITE, to: documentOf("topic", old) };

  const foreign = gitText(["hash-object", "-w", "--stdin"], path, FOREIGN);
  const invaded = happeningAfterLook(repository, META, () => gitText(["update-ref", META, foreign], path));
  await rejection(transact(invaded, [change]), ForeignDocumentError);
  assert.equal(refsOf(path)[META], foreign);

  gitText(["update-ref", META, oid!], path);
  const deleted = happeningAfterLook(repository, META, () => gitText(["update-ref", "-d", META], path));
  assert.deepEqual((await transact(deleted, [change])).updates.map((update) => update.old), [null]);
});

/** The same repository on a clock that only pauses move on: however busy the machine is, a wait has a pause. */
function onStillClock(repository: Repository): Repository {
  let nowMs = 0;
  const clock = Object.create(repository.system.clock, {
    monotonicMs: { value: () => nowMs },
    sleep: { value: (ms: number) => Promise.resolve(nowMs += ms) },
  });
  const system = Object.create(repository.system, { clock: { value: clock } });
  return Object.create(repository, { system: { value: system } }) as Repository;
}

test("transact() waits for the lock as long as it is told, says for whom, and hears a signal", async () => {
  const { path, repository, main } = makeWorld();
  const changes: Change[] = [{ kind: "set-ref", ref: "refs/heads/a", expected: null, to: main }];
  const before = refsOf(path);
  using held = await RepoLock.acquire(repository, { command: "the holder" });
  const holders: (string | undefined)[] = [];
  const onContention = (holder: { command: string } | null) => void holders.push(holder?.command);
  const waited = transact(onStillClock(repository), changes, { lockTimeoutMs: 1, onContention });
  const late = await rejection(waited, AlreadyLockedError);
  assert.equal(late.holder?.command, "the holder");
  assert.deepEqual(holders, ["the holder"]);

  const stop = new AbortController();
  const reason = new Error("stopped");
  const waiting = transact(repository, changes, {
    lockTimeoutMs: Infinity,
    signal: stop.signal,
    onContention: () => stop.abort(reason),
  });
  assert.equal(await rejection(waiting, Error), reason);
  const throwing = transact(repository, changes, {
    onContention: () => {
      throw reason;
    },
  });
  assert.equal(await rejection(throwing, Error), reason);
  assert.deepEqual(refsOf(path), before);

  const patient = transact(repository, changes, { lockTimeoutMs: Infinity, onContention: () => held.release() });
  assert.equal((await patient).updates.length, 1);
});

test("transact() waits for git's own locks as well, and a signal ends that", async () => {
  const { repository, main, old } = makeWorld();
  const { disk } = repository.system;
  const changes: Change[] = [{ kind: "set-ref", ref: "refs/heads/main", expected: main, to: old }];
  const lock = `${repository.commonDir}/refs/heads/main.lock`;
  disk.create(lock).close();
  const error = await rejection(transact(repository, changes, { lockTimeoutMs: 1 }), GitError);
  assert.equal(error.code, "locked");

  const stop = new AbortController();
  const system = Object.create(repository.system, {
    clock: {
      value: Object.assign(Object.create(repository.system.clock), {
        sleep: () => {
          stop.abort(new Error("stopped"));
          return new Promise(() => {}); // the abort alone ends the pause
        },
      }),
    },
  }) as Repository["system"];
  const slow = Object.create(repository, { system: { value: system } }) as Repository;
  const waiting = transact(slow, changes, { lockTimeoutMs: 3_600_000, signal: stop.signal });
  assert.equal((await rejection(waiting, Error)).message, "stopped");
  disk.unlink(lock);
  assert.equal((await transact(repository, changes)).updates.length, 1);
});
