import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { temporaryFolder } from "../fixtures.ts";
import { gitEnvironment, gitText } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { binary, documentOf, type Ended, lattice } from "./binary.ts";

/** How many branches are as many as anybody has. */
const MANY = 200;

/** How often two processes try to put two branches on each other. */
const RACES = 10;

function succeed(args: readonly string[], cwd: string, stdin = ""): Ended {
  const ended = lattice(args, { cwd, stdin });
  assert.equal(ended.exit, 0, `${args.join(" ")}: ${ended.stderr}`);
  return ended;
}

/** Runs the binary beside this process, and tells how it ended. */
function exitOf(args: readonly string[], cwd: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(binary, args, {
      cwd,
      stdio: "ignore",
      env: { ...gitEnvironment, LATTICE_LOCK_TIMEOUT: "30s" },
    });
    child.on("error", reject).on("close", (exit) => resolve(exit ?? 128));
  });
}

/** A repository whose branches stand on each other as the function says, each with a few commits of its own. */
function repositoryOf(parents: ReadonlyMap<string, string>): string {
  const cwd = temporaryFolder();
  gitText(["init", "-q", "-b", "main"], cwd);
  const commands = ["commit refs/heads/main\ncommitter c <c@example.com> 1700000000 +0000\ndata 1\nm\n"];
  let seconds = 1_700_000_000;
  for (const [index, [branch, parent]] of [...parents].entries()) {
    for (let i = 0; i <= index % 3; i++) {
      const from = i === 0 ? `from refs/heads/${parent}\n` : "";
      seconds += 60;
      commands.push(
        `commit refs/heads/${branch}\ncommitter c <c@example.com> ${seconds} +0000\ndata 1\nx\n${from}\n`,
      );
    }
  }
  gitText(["fast-import", "--quiet"], cwd, commands.join(""));
  return cwd;
}

interface Facts {
  branch: string;
  parent: string | null;
  children: string[];
  base: string | null;
  tip: string | null;
  ahead: number | null;
  behind: number | null;
}

test("binary tracks a stack, shows it, takes it apart, and undoes that", () => {
  const cwd = repositoryOf(new Map([["a", "main"], ["b", "a"], ["c", "b"]]));
  for (const [branch, parent] of [["a", "main"], ["b", "a"], ["c", "b"]] as const) {
    succeed(["track", branch, "--parent", parent], cwd);
  }
  gitText(["symbolic-ref", "HEAD", "refs/heads/b"], cwd);
  succeed(["freeze", "b", "--scope", "downstack_inclusive", "--reason", "under review"], cwd);
  assert.equal(
    succeed(["log"], cwd).stdout,
    "◆ main\n○ a  1 ahead  frozen\n* b  2 ahead  frozen\n○ c  3 ahead\n",
  );
  assert.deepEqual(
    [["trunk"], ["parent"], ["children"]].map((args) => succeed(args, cwd).stdout),
    ["main\n", "a\n", "c\n"],
  );
  assert.match(
    succeed(["info", "a"], cwd).stdout,
    /^frozen {4}by the freeze of b, downstack_inclusive, .*: under review$/m,
  );
  const refused = lattice(["track", "a", "--parent", "c"], { cwd });
  assert.equal(refused.exit, 2);
  assert.match(refused.stderr, /^error: branch "a" cannot be based on "c", which is based on it\nhint: /);
  succeed(["untrack", "b"], cwd);
  assert.equal(succeed(["log"], cwd).stdout, "◆ main\n○ a  1 ahead\n○ c  5 ahead\n");
  succeed(["undo"], cwd);
  assert.equal(succeed(["children", "a"], cwd).stdout, "b\n");
  gitText(["fsck", "--strict", "--no-dangling"], cwd);
});

test("binary: of two processes that put two branches on each other, one is refused", async () => {
  const cwd = repositoryOf(new Map([["a", "main"], ["b", "main"]]));
  for (let i = 0; i < RACES; i++) {
    for (const branch of ["a", "b"]) succeed(["track", branch, "--parent", "main"], cwd);
    const exits = await Promise.all([
      exitOf(["track", "a", "--parent", "b"], cwd),
      exitOf(["track", "b", "--parent", "a"], cwd),
    ]);
    assert.deepEqual(exits.sort(), [0, 2]);
    assert.doesNotMatch(succeed(["log"], cwd).stdout, /cycle/);
  }
});

test(`binary shows ${MANY} branches, high, wide and mixed, and counts as git does`, () => {
  const names = Array.from({ length: MANY }, (_, i) => `b${String(i).padStart(3, "0")}`);
  const shapes: [string, (index: number) => string][] = [
    ["high", (i) => i === 0 ? "main" : names[i - 1]!],
    ["wide", () => "main"],
    ["mixed", (i) => i % 7 === 0 ? "main" : names[i - 1 - (i * 5) % Math.min(i, 6)]!],
  ];
  for (const [shape, parentOf] of shapes) {
    const parents = new Map(names.map((name, index) => [name, parentOf(index)]));
    const cwd = repositoryOf(parents);
    const tips = new Map(
      gitText(["for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads"], cwd).split("\n")
        .map((line) => line.split(" ") as [string, string]),
    );
    const lines = [...parents].map(([branch, parent]) => {
      const document = JSON.parse(documentOf(branch, tips.get(parent)!)) as Record<string, unknown>;
      const kind = parent === "main" ? "trunk" : "branch";
      return JSON.stringify({ branch, expect: null, metadata: { ...document, parent: { kind, name: parent } } });
    });
    succeed(["apply"], cwd, lines.join("\n"));
    const drawn = succeed(["log"], cwd).stdout.trimEnd().split("\n");
    assert.equal(drawn.length, MANY + 1, shape);
    const facts = JSON.parse(succeed(["log", "--json"], cwd).stdout) as Facts[];
    assert.deepEqual(facts.map(({ branch }) => branch).sort(), [...names, "main"].sort());
    for (const [index, { branch, base, tip, ahead, behind }] of facts.entries()) {
      assert.equal(tip, tips.get(branch), branch);
      if (base === null || index % 10 !== 1) continue; // git is asked for every tenth
      const counted = gitText(["rev-list", "--left-right", "--count", `${tip}...${base}`], cwd);
      assert.equal(`${ahead}\t${behind}`, counted, `${shape}: ${branch}`);
    }
  }
});
