/** What `op show` tells of an operation of several steps. */
import assert from "node:assert/strict";
import { test } from "../harness.ts";
import { gitText } from "../git_oracle.ts";
import { answer, repository } from "./stack_repository.ts";
import { lattice } from "./command_line.ts";

interface Shown {
  started_at: string;
  finished_at: string | null;
  steps: { kind: string; timestamp: string; name?: string; branch?: string; ref?: string }[];
}

test("op show tells the steps of a begun operation in their order, each with its own time", async () => {
  const cwd = repository();
  const { op, claim } = await answer<{ op: string; claim: string }>(["op", "begin", "deploy"], cwd);
  const inside = async (...args: string[]) => {
    const ended = await lattice(args, { cwd, env: { LATTICE_OP: claim } });
    assert.equal(ended.exit, 0, ended.stderr);
    await new Promise((done) => setTimeout(done, 5));
    return new Date().toISOString();
  };
  const times = [
    await inside("track", "a", "--parent", "main"),
    await inside("op", "checkpoint", "half"),
    await inside("track", "b", "--parent", "a"),
    await inside("op", "checkpoint", "whole"),
  ];
  const shown = async () => {
    const { steps, started_at: started, finished_at: finished } = await answer<Shown>(["op", "show", op], cwd);
    const sorted = [started, ...steps.map(({ timestamp }) => timestamp), ...(finished === null ? [] : [finished])];
    assert.deepEqual(sorted, sorted.toSorted());
    for (const [index, time] of times.entries()) {
      assert.ok(steps[index]!.timestamp < time && (index === 0 || steps[index]!.timestamp > times[index - 1]!));
    }
    return steps.map(({ kind, name, branch, ref }) => `${kind} ${name ?? branch ?? ref}`);
  };
  const expected = ["metadata_write a", "checkpoint half", "metadata_write b", "checkpoint whole"];
  assert.deepEqual(await shown(), expected);
  gitText(["branch", "by-git"], cwd);
  gitText(["update-ref", "-d", "refs/branch-metadata/a"], cwd);
  await inside("op", "commit");
  const [, ...rest] = expected;
  times.shift();
  assert.deepEqual(await shown(), [...rest, "ref_update refs/heads/by-git"]);
});
