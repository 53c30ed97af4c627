/** An operation that was begun is paused wherever it is shown, until it ends. */
import assert from "node:assert/strict";
import { test } from "../harness.ts";
import { answer, repository, succeed } from "./stack_repository.ts";
import { lattice } from "./command_line.ts";

test("op list and op show call an operation that was begun paused, as op status does", async () => {
  const cwd = repository();
  const { op } = await answer<{ op: string }>(["op", "begin", "deploy"], cwd);
  const status = JSON.parse((await lattice(["op", "status", "--json"], { cwd })).stdout) as { phase: string };
  const phases = async (): Promise<string[]> => [
    ...(await answer<{ phase: string }[]>(["op", "list"], cwd)).map(({ phase }) => phase),
    (await answer<{ phase: string }>(["op", "show", op], cwd)).phase,
  ];
  assert.equal(status.phase, "paused");
  assert.deepEqual(await phases(), ["paused", "paused"]);
  await succeed(["op", "commit"], cwd);
  assert.deepEqual(await phases(), ["committed", "committed"]);
});
