/** A folder, a variable and a child whose bytes are not UTF-8. */
import assert from "node:assert/strict";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { exactEnvironment } from "../../src/platform/exact_names.ts";
import { isBun } from "../../src/platform/runtime.ts";
import { type Outcome, runProgram } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { temporaryFolder } from "../temporary_folder.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const LATTICE = isBun ? [process.execPath, MAIN] : [process.execPath, "run", "-A", "--no-check", MAIN];

/** Runs shell commands in which `$d` is a folder with a repository, and `"$@"` is lattice. */
function inOddFolder(commands: string): Outcome {
  const folder = temporaryFolder();
  const make = 'd=$(printf \'d\\377\'); git init -q -b main "$d" && git -C "$d" commit -q --allow-empty -m x';
  return runProgram("sh", ["-c", `${make} && ${commands}`, "sh", ...LATTICE], folder);
}

const HEAD = 'git -C "$d" rev-parse HEAD';

for (
  const [how, command] of Object.entries({
    "as the working folder": `cd "$d" && "$@" git rev-parse HEAD`,
    "behind GIT_DIR": `GIT_DIR="$PWD/$d/.git" "$@" git rev-parse HEAD`,
    "behind a symbolic link": `ln -s "$d" link && "$@" --git-dir link/.git git rev-parse HEAD`,
  })
) {
  test(`a repository in a folder that is not UTF-8 is found ${how}`, () => {
    const ended = inOddFolder(`${HEAD} && ${command}`);
    const lines = new TextDecoder().decode(ended.stdout).trim().split("\n");
    if (isBun) assert.deepEqual([ended.exit, lines.length, lines[1]], [0, 2, lines[0]], ended.stderr);
    else assert.deepEqual([ended.exit, lines.length], [128, 1], ended.stderr); // refused, not taken for another
  });
}

if (isBun) { // Deno ends before lattice starts (docs/limitations.md)
  test("a repository in a folder that is not UTF-8 is found by --git-dir and -C, and written to", () => {
    const ended = inOddFolder(
      `${HEAD} && "$@" --git-dir "$d/.git" git rev-parse HEAD && "$@" -C "$d" git update-ref refs/heads/b HEAD && ` +
        'git -C "$d" rev-parse b',
    );
    assert.equal(ended.exit, 0, ended.stderr);
    const lines = new TextDecoder().decode(ended.stdout).trim().split("\n");
    assert.deepEqual([lines[1], lines[2]], [lines[0], lines[0]]);
  });

  test("GIT_COMMITTER_NAME that is not UTF-8 reaches the reflog byte for byte", () => {
    const ended = inOddFolder(
      'cd "$d" && GIT_COMMITTER_NAME=$(printf "j\\377k") "$@" git update-ref --create-reflog -m x refs/heads/b HEAD && ' +
        "cut -d' ' -f3 .git/logs/refs/heads/b",
    );
    assert.equal(ended.exit, 0, ended.stderr);
    assert.deepEqual([...ended.stdout], [0x6a, 0xff, 0x6b, 0x0a]);
  });
}

test("exactEnvironment() gives what was decoded itself where nothing was lost", () => {
  const decoded = { A: "1", B: "é" };
  assert.equal(exactEnvironment(decoded), decoded);
});

test("exactEnvironment() leaves a U+FFFD alone that no variable of the process had at its start", () => {
  assert.deepEqual(exactEnvironment({ LATTICE_TEST_SET_LATER: "a\uFFFD" }), { LATTICE_TEST_SET_LATER: "a\uFFFD" });
});
