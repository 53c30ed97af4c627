import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "../harness.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { runExample, startExample } from "./run_example.ts";

test("examples/exclusive_deployment.ts deploys one after the other, whoever runs it, and loses no note", async () => {
  const cwd = temporaryFolder();
  const store = "sqlite:./leases.db";
  const first = runExample("exclusive_deployment", [cwd, store, "runner-0", "0"], cwd);
  assert.deepEqual([first.exit, first.text], [0, "nothing -> 0\n"], first.stderr);
  const lines = await Promise.all([1, 2, 3, 4].map(async (number) => {
    // Two of them are of one folder, two have one of their own: the lease is what all share.
    const folder = number <= 2 ? cwd : temporaryFolder();
    const child = startExample("exclusive_deployment", [folder, store, `runner-${number}`, `${number}`], cwd);
    let [text, told] = ["", ""];
    child.stdout.on("data", (chunk: Uint8Array) => text += new TextDecoder().decode(chunk));
    child.stderr.on("data", (chunk: Uint8Array) => told += new TextDecoder().decode(chunk));
    assert.equal((await once(child, "close") as [number])[0], 0, told);
    return text.trim();
  }));
  // Each saw what the one before it had noted: a chain from 0 to the last, in which each version stands once.
  const next = new Map(lines.map((line) => line.split(" -> ") as [string, string]));
  const seen: string[] = [];
  for (let at: string | undefined = "0"; at !== undefined; at = next.get(at)) seen.push(at);
  assert.deepEqual([...seen].sort(), ["0", "1", "2", "3", "4"], lines.join(", "));
});
