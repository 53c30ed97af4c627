/** The binary's cache commands killed, asked to end, and refused by the system, at their system calls. */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "../harness.ts";
import { seedOr, type Tried } from "../thoroughness.ts";
import { type Ended, lattice } from "./binary.ts";
import { disturbAtCalls, ERRORS, type Judge, type StoreSubject, storeSubject } from "./store_subjects.ts";

const SEED = seedOr(20_261_125);
const IN = ["--dir", "data"];

const REFRESH = ["cache", "refresh", "a", ...IN, "--", "echo", "new"];
const SUBJECTS = [
  { name: "cache refresh, the first", args: REFRESH, stdin: "", before: null, after: "new\n" },
  { name: "cache refresh", args: REFRESH, stdin: "", before: "old\n", after: "new\n" },
  { name: "cache put", args: ["cache", "put", "a", ...IN, "--file", "-"], stdin: "new", before: "old\n", after: "new" },
  { name: "cache clean", args: ["cache", "clean", ...IN], stdin: "", before: "old\n", after: null },
].map((about) =>
  storeSubject(about, (cwd) => {
    if (about.before !== null) must(cwd, ["cache", "put", "a", ...IN, "--file", "-"], about.before);
  }, "data")
);

function must(cwd: string, args: readonly string[], stdin = ""): Ended {
  const ended = lattice(args, { cwd, stdin });
  assert.equal(ended.exit, 0, `${args.join(" ")}: ${ended.stderr}`);
  return ended;
}

/** The content as the next command reads it; `null`: there is none. */
function contentIn(cwd: string): string | null {
  const { exit, stdout, stderr } = lattice(["cache", "get", "a", ...IN], { cwd });
  assert.ok(exit === 0 || exit === 1, stderr);
  return exit === 0 ? stdout : null;
}

function leftIn(cwd: string): string[] {
  const folder = join(cwd, "data", "a");
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names.filter((name) => !/^(?:current|refresh\.flock|[0-9a-f]{64})$/.test(name));
}

/** The content is old or new, the next refresh works at once and leaves nothing, and `clean` takes all of it away. */
function expectSettled({ before, after }: StoreSubject, cwd: string): void {
  const found = contentIn(cwd);
  assert.ok(found === before || found === after, `neither old nor new: ${found}`);
  must(cwd, ["--lock-timeout", "0", "cache", "refresh", "a", ...IN, "--", "echo", "next"]);
  assert.deepEqual([contentIn(cwd), leftIn(cwd)], ["next\n", []]);
  must(cwd, ["cache", "clean", ...IN]);
  assert.deepEqual(readdirSync(join(cwd, "data")), []);
}

const atCalls = (kind: Tried, count: number, effects: readonly string[], judge: Judge): void =>
  disturbAtCalls(SUBJECTS, { kind, count, seed: SEED, effects }, judge, expectSettled);

test("binary killed at each of its calls leaves the old content or the new one, and the next refresh works", () => {
  atCalls("kill points", 12, ["signal=KILL"], (subject, cwd, { end, exit, stderr }) => {
    if (end === "killed by SIGKILL") return true;
    assert.deepEqual([exit, contentIn(cwd)], [0, subject.after], stderr);
    return false;
  });
});

test("binary asked to end at each of its calls leaves the old content or the new one, and tidies up", () => {
  atCalls("signal points", 8, ["signal=INT", "signal=TERM", "signal=HUP"], (subject, cwd, { end, exit }) => {
    if (exit === 0) {
      assert.equal(contentIn(cwd), subject.after);
      return false;
    }
    const isHeard = [129, 130, 143].includes(exit) && !end.startsWith("killed");
    if (isHeard) assert.deepEqual(leftIn(cwd), []);
    return true;
  });
});

test("binary whose calls fail leaves the old content or the new one, says what failed, and leaves nothing", () => {
  atCalls("failing calls", 16, [...ERRORS, "error=EPERM"], (subject, cwd, { exit, stderr }, call) => {
    assert.ok(exit === 0 || exit === 7, `exit code ${exit}: ${stderr}`);
    const isLeftAlone = /a is being refreshed, and was left alone/.test(stderr); // flock(2) that fails: somebody has it
    if (exit === 0) {
      assert.equal(contentIn(cwd), isLeftAlone ? subject.before : subject.after);
      return false;
    }
    const isSilenced = call.text.startsWith("write(2,"); // it was the message that could not be written
    if (!isSilenced) assert.match(stderr, /^error: .*\n(?:hint: .*\n)?$/);
    if (!["unlink", "rmdir"].includes(call.name)) assert.deepEqual(leftIn(cwd), [], stderr);
    return true;
  });
});
