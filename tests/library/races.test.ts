/** Programs that use the library, each in a process of its own that lives on, beside each other and `git gc`. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { MetadataStore, transact } from "../../src/mod.ts";
import { git, gitEnvironment, gitText } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { runs, tried } from "../thoroughness.ts";
import { documentOf, makeWorld } from "./world.ts";

const PROGRAM = fileURLToPath(new URL("racing_program.ts", import.meta.url));
const ON_DENO = "Deno" in globalThis;

const COUNTERS = 3;
const TIMES = runs(6, 150);

/** Starts the program; what it printed is a number. */
function start(args: readonly string[], cwd: string): { ended: Promise<number>; end: () => void } {
  const line = [...(ON_DENO ? ["run", "-A", "--no-check"] : []), PROGRAM, ...args];
  const child = spawn(process.execPath, line, { cwd, env: { ...gitEnvironment, NO_COLOR: "1" } });
  const said = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => said.out += text);
  child.stderr.setEncoding("utf8").on("data", (text: string) => said.err += text);
  const ended = new Promise<number>((resolve, reject) => {
    child.on("error", reject).on("close", (code) => {
      if (code === 0) resolve(Number(said.out));
      else reject(new Error(`${args.join(" ")} ended with ${code}: ${said.err}`));
    });
  });
  return { ended, end: () => child.kill("SIGKILL") };
}

/** Collects as long as something goes on. */
async function collect(cwd: string, goesOn: () => boolean): Promise<number> {
  let rounds = 0;
  for (; goesOn(); rounds++) {
    const child = spawn("git", ["gc", "-q", "--prune=now"], { cwd, env: { ...gitEnvironment }, stdio: "ignore" });
    await new Promise((resolve) => child.on("close", resolve)); // it fails where a ref is locked; another one follows
  }
  return rounds;
}

test("programs that live beside each other and git gc --prune=now count exactly, and read every ref whole", async () => {
  const { path, repository, main } = makeWorld();
  const store = new MetadataStore(repository);
  for (const branch of ["counter", "both"]) await store.writeCas(branch, null, documentOf(branch, main));
  await transact(repository, [{ kind: "set-ref", ref: "refs/count/both", to: { content: "0" }, expected: null }]);

  const counters = Array.from({ length: COUNTERS }, () => start(["count", `${TIMES}`], path));
  const reader = start(["read", `${COUNTERS * TIMES}`], path);
  let done = false;
  const collected = collect(path, () => !done);
  let refused: number[];
  let rounds: number;
  try {
    [rounds, ...refused] = await Promise.all([reader.ended, ...counters.map(({ ended }) => ended)]) as [
      number,
      ...number[],
    ];
  } finally {
    done = true;
    for (const { end } of [reader, ...counters]) end();
  }
  const gcs = await collected;
  for (const branch of ["counter", "both"]) {
    const { metadata: { pr } } = store.readExisting(branch);
    assert.equal(pr.state === "linked" ? pr.number : null, COUNTERS * TIMES, `updates of ${branch} were lost`);
  }
  assert.equal(gitText(["cat-file", "blob", "refs/count/both"], path), `${COUNTERS * TIMES}`);
  const fsck = git(["fsck", "--strict", "--no-dangling", "--no-progress"], path);
  assert.deepEqual({ exit: fsck.exit, stderr: fsck.stderr }, { exit: 0, stderr: "" });
  const sum = refused.reduce((one, other) => one + other, 0);
  tried(`programs with the library, ${sum} refused, beside ${rounds} rounds of reading and ${gcs} of git gc`, {
    "racing updates": 2 * COUNTERS * TIMES,
  });
});
