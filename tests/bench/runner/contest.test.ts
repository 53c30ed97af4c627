import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "../../harness.ts";
import { temporaryFolder } from "../../temporary_folder.ts";
import { runContest } from "./contest.ts";
import { observeCommand, runCommand } from "./run_command.ts";
import type { Bench, Competitor, Workload } from "./workload.ts";

const BENCH: Bench = { lattice: "", helloWorld: "", diskCalls: "", libgit2: null, folder: temporaryFolder };

/** Writes its letter behind those of the others. */
function writer(letter: string, log: string, rounds?: number): Competitor {
  return {
    name: letter,
    ...(rounds === undefined ? {} : { rounds }),
    turn: () => ({
      command: { program: "/bin/sh", args: ["-c", `printf ${letter} >> "$1"; echo done`, "sh", log], cwd: "/" },
      verify: (stdout) => assert.equal(stdout, "done\n"),
    }),
  };
}

test("runContest() lets competitors take turns, warms up, gives the slow fewer turns, and names who is left out", () => {
  const log = join(temporaryFolder(), "log");
  const absent = { name: "c", reason: "it is not there" };
  const workload: Workload = {
    name: "letters",
    work: "letters",
    rounds: 5,
    parts: 1_000_000,
    prepare: () => [writer("a", log), writer("b", log, 2), absent],
  };
  const { scores, leftOut } = runContest(workload, BENCH);
  assert.equal(readFileSync(log, "utf8"), "ababab" + "aaa" + "ab"); // a warm-up, five rounds, and one to be observed
  assert.deepEqual(scores.map(({ competitor }) => competitor.name), ["a", "b"]);
  assert.deepEqual(leftOut, [absent]);
  assert.ok(scores[0]!.medianMs > 0 && scores[0]!.medianMs < 1, "a millionth of a turn takes no millisecond");
});

test("runContest() and runCommand() pass on what went wrong", () => {
  const wrong: Competitor = {
    name: "wrong",
    turn: () => ({
      command: { program: "true", args: [], cwd: "/" },
      verify: () => assert.fail("not what was to be done"),
    }),
  };
  const workload: Workload = { name: "wrong", work: "wrong", rounds: 1, prepare: () => [wrong, wrong] };
  assert.throws(() => runContest(workload, BENCH), /not what was to be done/);
  const failing = { program: "/bin/sh", args: ["-c", "echo reason >&2; exit 3"], cwd: "/" };
  assert.throws(() => runCommand(failing, temporaryFolder()), /ended with 3: reason/);
});

test("observeCommand() counts the flushes of all processes, and weighs the heaviest", () => {
  const folder = temporaryFolder();
  const script = 'echo x > "$1/file"; sync "$1/file"; (sync -d "$1/file"); head -c 64M /dev/zero | tail -c 64M | wc -c';
  const { flushes, peakMb, stdout } = observeCommand({
    program: "/bin/sh",
    args: ["-c", script, "sh", folder],
    cwd: "/",
  }, folder);
  assert.equal(stdout, `${64 << 20}\n`);
  assert.equal(flushes, 2);
  assert.ok(peakMb !== null && peakMb > 64 && peakMb < 128, `${peakMb} MB`);
});

test("observeCommand() does not add the memory of the one who asks", () => {
  const ballast = new Uint8Array(200 << 20).fill(1);
  const { peakMb } = observeCommand({ program: "true", args: [], cwd: "/" }, temporaryFolder());
  assert.ok(ballast.length > 0 && peakMb !== null && peakMb < 50, `${peakMb} MB`);
});
