import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "../harness.ts";
import { gitText } from "../git_oracle.ts";
import { seededRandom } from "../simulation/random.ts";
import { runs, seedOr, tried } from "../thoroughness.ts";
import { binary, documentOf, lattice, underProgram } from "./binary.ts";
import { copied, expectIdle, must, opRun, refsOf, stage } from "./op_stage.ts";
import { sampleOf } from "./sample.ts";
import { callsOf, type SystemCall } from "./system_calls.ts";

const SEED = seedOr(20261121);

/** Kills lattice at one of its calls; programs that it starts are not looked at. */
function strace({ name, when }: SystemCall): string[] {
  const inject = `inject=${name}:signal=KILL:when=${when}`;
  return ["strace", "-f", "-b", "execve", "-e", `trace=${name}`, "-e", inject, "-o", "/dev/null"];
}

/** Three changes in one transaction: a document, a branch moved, a packed one deleted. */
function withLines(cwd: string): string {
  const [tip, base] = [gitText(["rev-parse", "main~1"], cwd), gitText(["rev-parse", "main"], cwd)];
  const lines = [
    { branch: "feat", metadata: JSON.parse(documentOf("feat", base)) },
    { ref: "refs/heads/other", old: base, new: tip },
    { ref: "refs/heads/gone", new: null },
  ];
  gitText(["branch", "gone"], cwd);
  gitText(["pack-refs", "--all"], cwd);
  gitText(["branch", "other"], cwd);
  writeFileSync(join(cwd, "lines"), lines.map((line) => JSON.stringify(line)).join("\n"));
  return cwd;
}

interface Subject {
  readonly args: readonly string[];
  /** Where it is killed; a copy of it each time. */
  readonly template: string;
  readonly env: Record<string, string>;
  /** Brings what is unfinished to its end. */
  readonly then: (cwd: string) => void;
  /** What the refs may be afterwards. */
  readonly allowed: readonly string[][];
}

/** Kills a command at a sample of its calls. */
function killed({ args, template, env, then, allowed }: Subject): void {
  const { calls, ended } = callsOf(args, { cwd: copied(template), env });
  assert.equal(ended.exit, 0, ended.stderr);
  const points = sampleOf(calls, runs(24), seededRandom(SEED));
  let count = 0;
  for (const call of points) {
    const cwd = copied(template);
    const ended = underProgram(strace(call), args, { cwd, env });
    if (ended.exit !== 0) count++;
    try {
      then(cwd);
      const found = refsOf(cwd);
      assert.ok(allowed.some((refs) => refs.join("\n") === found.join("\n")), `neither: ${found.join(" ")}`);
      expectIdle(cwd);
      assert.deepEqual(lattice(["recover"], { cwd }), { exit: 0, stdout: "", stderr: "" }, "a second recovery");
    } catch (error) {
      throw new Error(`killed at ${call.text}, number ${call.when} (seed ${SEED}): ${String(error)}`, { cause: error });
    }
  }
  assert.ok(count > points.length / 2, `only ${count} of ${points.length} points were reached`);
  tried(args.slice(0, 2).join(" "), { "kill points": [count, calls.length] }, SEED);
}

/** Aborts whatever waits for a person. */
function abortIfPaused(cwd: string): void {
  must(["recover"], cwd);
  if (lattice(["op", "status"], { cwd }).exit !== 0) must(["abort"], cwd);
}

/** A begun operation in which something was done. */
function begun(): { cwd: string; env: Record<string, string>; before: string[]; after: string[] } {
  const cwd = withLines(stage());
  const before = refsOf(cwd);
  const env = { LATTICE_OP: must(["op", "begin", "steps"], cwd) };
  gitText(["branch", "-m", "feat", "feat/sub"], cwd);
  return { cwd, env, before, after: refsOf(cwd) };
}

/** The refs once a command was run undisturbed. */
function refsAfter(cwd: string, args: readonly string[], env: Record<string, string>): string[] {
  const copy = copied(cwd);
  must(args, copy, env);
  return refsOf(copy);
}

test("op begin killed at its calls can be aborted, and leaves the refs alone", () => {
  const template = withLines(stage());
  killed({ args: ["op", "begin", "x"], template, env: {}, then: abortIfPaused, allowed: [refsOf(template)] });
});

test("a joined command killed at its calls happened or not, whatever ends the operation", () => {
  const { cwd, env, before, after } = begun();
  const args = ["apply", "--file", "lines"];
  const applied = refsAfter(cwd, args, env);
  killed({ args, template: cwd, env, then: (at) => void must(["op", "commit"], at), allowed: [after, applied] });
  killed({ args, template: cwd, env, then: abortIfPaused, allowed: [before] });
});

test("op commit killed at its calls has committed, or can be aborted", () => {
  const { cwd, before, after } = begun();
  killed({ args: ["op", "commit"], template: cwd, env: {}, then: abortIfPaused, allowed: [before, after] });
});

test("abort killed at its calls can be repeated until all is taken back", () => {
  const { cwd, before } = begun();
  killed({ args: ["abort"], template: cwd, env: {}, then: abortIfPaused, allowed: [before] });
});

test("op run killed at its calls has committed, or is taken back by the next command", () => {
  const template = withLines(stage());
  const script = `git branch -m feat feat/sub; "$LATTICE" apply --file lines; git commit -q --amend -m changed`;
  const args = ["op", "run", "--", "sh", "-ec", script];
  const env = { LATTICE: binary };
  const allowed = [refsOf(template), refsAfter(template, args, env)];
  killed({ args, template, env, then: (cwd) => void must(["recover"], cwd), allowed });
});

test("a lattice command that is killed below op run leaves its changes all or nothing", () => {
  const template = withLines(stage());
  const before = refsOf(template);
  const applied = refsAfter(template, ["apply", "--file", "lines"], {});
  const { calls } = callsOf(["apply", "--file", "lines"], { cwd: copied(template) });
  const points = sampleOf(calls.filter(({ changes }) => changes), runs(24), seededRandom(SEED));
  for (const call of points) {
    const command = `${strace(call).join(" ")} "$LATTICE" apply --file lines`;
    const cwd = copied(template);
    const failing = copied(template);
    assert.equal(opRun(`${command} || :`, cwd, { LATTICE: binary }).exit, 0);
    assert.ok([before, applied].some((refs) => refs.join("\n") === refsOf(cwd).join("\n")), refsOf(cwd).join(" "));
    expectIdle(cwd);
    assert.equal(opRun(`${command} || :; exit 1`, failing, { LATTICE: binary }).exit, 1);
    assert.deepEqual(refsOf(failing), before);
    expectIdle(failing);
  }
});
