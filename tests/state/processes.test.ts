/** Many processes on one document. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { test } from "../harness.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { runs, tried } from "../thoroughness.ts";

const PROGRAM = fileURLToPath(new URL("work_on_state.ts", import.meta.url));
const COMMAND = "Deno" in globalThis ? ["run", "-A", "--no-check", PROGRAM] : [PROGRAM];
const WRITERS = 16;
const READERS = 16;

/** A process, and what it says at its end; it must end well. */
interface Started {
  readonly child: ChildProcess;
  readonly answer: Promise<Record<string, number>>;
}

function start(...args: readonly string[]): Started {
  const child = spawn(process.execPath, [...COMMAND, ...args], { stdio: ["pipe", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => stdout += text);
  child.stderr.setEncoding("utf8").on("data", (text: string) => stderr += text);
  const answer = once(child, "close").then(([exit]) => {
    assert.equal(exit, 0, stderr);
    return JSON.parse(stdout) as Record<string, number>;
  });
  return { child, answer };
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

test("16 processes that write a state and 16 that read it tear nothing and lose no update", async () => {
  const store = join(temporaryFolder(), "data");
  const times = runs(2, 60);
  const readers = Array.from({ length: READERS }, () => start("read", store));
  const writers = Array.from({ length: WRITERS }, () => start("write", store, String(times)));
  const written = await Promise.all(writers.map(({ answer }) => answer));
  for (const { child } of readers) child.stdin!.end();
  const read = await Promise.all(readers.map(({ answer }) => answer));
  const { count, by } = JSON.parse(readFileSync(join(store, "shared", "state.json"), "utf8")) as {
    count: number;
    by: Record<string, number>;
  };
  assert.equal(count, WRITERS * times);
  assert.deepEqual(Object.values(by), new Array(WRITERS).fill(times));
  assert.deepEqual(readdirSync(join(store, "shared")), ["state.json"]);
  const [reads, refused] = [sum(read.map(({ reads }) => reads!)), sum(written.map(({ refused }) => refused!))];
  assert.ok(read.every(({ reads }) => reads! > 0), "somebody never read");
  assert.ok(refused > 0, "the writers never met");
  tried(`one state of ${WRITERS} writers, ${refused} times refused, read ${reads} times`, { "racing updates": count });
});

test("processes that save and delete one state, and so make and remove its folder, never fail and leave nothing", async () => {
  const store = join(temporaryFolder(), "data");
  const workers = Array.from({ length: 4 }, () => start("replace", store, String(runs(10, 400))));
  const done = await Promise.all(workers.map(({ answer }) => answer));
  tried("states saved and deleted at once", { "racing updates": sum(done.map(({ done }) => done!)) });
  assert.deepEqual(readdirSync(store), []);
});
