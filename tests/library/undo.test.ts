import assert from "node:assert/strict";
import { AlreadyLockedError, LatticeError, RepoLock, transact, undo } from "../../src/mod.ts";
import { gitText } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { documentOf, makeWorld, refsOf, rejection } from "./world.ts";

test("undo() takes a whole operation back, after gc and without reflogs, and undoing it is redo", async () => {
  const { path, repository, old, main } = makeWorld();
  gitText(["update-ref", "refs/heads/topic", main], path);
  const { op: first } = await transact(repository, [
    { kind: "set-metadata", branch: "topic", expected: null, to: documentOf("topic", main) },
    { kind: "set-ref", ref: "refs/ci/result", expected: null, to: { content: "one" } },
  ]);
  const before = refsOf(path);
  const { op: second } = await transact(repository, [
    { kind: "delete-ref", ref: "refs/heads/topic", expected: main },
    {
      kind: "set-metadata",
      branch: "topic",
      expected: before["refs/branch-metadata/topic"]!,
      to: documentOf("topic", old),
    },
    { kind: "set-ref", ref: "refs/ci/result", expected: before["refs/ci/result"]!, to: { content: "two" } },
  ]);
  const after = refsOf(path);
  gitText(["reflog", "expire", "--expire=all", "--all"], path);
  gitText(["gc", "-q", "--prune=now"], path);
  const undone = await undo(repository, second!, { command: "take back" });
  assert.equal(undone.undone, second);
  assert.deepEqual(refsOf(path), before);
  assert.equal(gitText(["cat-file", "blob", "refs/ci/result"], path), "one");
  await undo(repository, undone.op!);
  assert.deepEqual(refsOf(path), after);
  gitText(["fsck", "--strict"], path);
  assert.equal((await rejection(undo(repository, first!), LatticeError)).code, "diverged");
});

test("undo() changes nothing when a ref was moved since, nor for an operation that is not there or undone", async () => {
  const { path, repository, old, main } = makeWorld();
  const { op } = await transact(repository, [
    { kind: "set-ref", ref: "refs/heads/a", expected: null, to: main },
    { kind: "set-ref", ref: "refs/heads/b", expected: null, to: main },
  ]);
  gitText(["update-ref", "refs/heads/b", old], path);
  const diverged = await rejection(undo(repository, op!), LatticeError);
  assert.equal(diverged.code, "diverged");
  assert.deepEqual(diverged.details["refs"], [{ ref: "refs/heads/b", expected: main, actual: old }]);
  assert.equal(refsOf(path)["refs/heads/a"], main);

  gitText(["update-ref", "refs/heads/b", main], path);
  await undo(repository, op!);
  for (const wrong of [op!, "", "01900000-0000-7000-8000-000000000000"]) {
    assert.equal((await rejection(undo(repository, wrong), LatticeError)).code, "not_found");
  }
  using _lock = await RepoLock.acquire(repository, { command: "test" });
  await rejection(undo(repository, op!, { lockTimeoutMs: 0 }), AlreadyLockedError);
});
