/** A folder, a variable and a child whose bytes are not UTF-8. */
import assert from "node:assert/strict";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { exactCommand } from "../../src/platform/exact_command.ts";
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

test("lock run hands variables on that are not UTF-8, also under Deno, which does not show them", () => {
  const ended = inOddFolder(
    'git init -q plain && cd plain && V=$(printf "j\\377k") "$@" lock run -- ' +
      'sh -c \'printf %s "$V"; test -n "$LATTICE_LOCK_TOKEN"\'',
  );
  assert.equal(ended.exit, 0, ended.stderr);
  assert.deepEqual([...ended.stdout], [0x6a, 0xff, 0x6b]);
});

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

  test("lock run hands the environment on byte for byte, and its own variables too", () => {
    const ended = inOddFolder(
      'cd "$d" && V=$(printf "j\\377k") "$@" lock run -- sh -c \'printf %s "$V"; test -n "$LATTICE_LOCK_TOKEN"\'',
    );
    assert.equal(ended.exit, 0, ended.stderr);
    assert.deepEqual([...ended.stdout], [0x6a, 0xff, 0x6b]);
  });

  test("lock run starts the program in a folder that is not UTF-8", () => {
    const ended = inOddFolder('"$@" -C "$d" lock run -- sh -c "echo x >made" && cat "$d/made"');
    assert.deepEqual([ended.exit, new TextDecoder().decode(ended.stdout)], [0, "x\n"], ended.stderr);
  });

  test("a hook in a folder that is not UTF-8 is refused by name, and nothing is changed", () => {
    const ended = inOddFolder(
      'cd "$d" && mkdir -p .git/hooks && printf "#!/bin/sh\\n" >.git/hooks/reference-transaction && ' +
        'chmod +x .git/hooks/reference-transaction && "$@" git update-ref refs/heads/b HEAD; echo $?; ' +
        "git rev-parse --verify -q b",
    );
    assert.equal(new TextDecoder().decode(ended.stdout), "128\n");
    assert.match(ended.stderr, /cannot start ".*\/d\\xff\/\.git\/hooks\/reference-transaction"/);
  });

  test("lock run refuses an argument that is not UTF-8, before it starts anything", () => {
    const ended = inOddFolder('cd "$d" && "$@" lock run -- touch "$(printf "j\\377k")"; echo $?; ls');
    assert.match(new TextDecoder().decode(ended.stdout), /^[1-9][0-9]*\n$/, ended.stderr);
    assert.match(ended.stderr, /is not UTF-8/);
  });
}

test("exactEnvironment() gives what was decoded itself where nothing was lost", () => {
  const decoded = { A: "1", B: "é" };
  assert.equal(exactEnvironment(decoded), decoded);
});

test("exactEnvironment() leaves a U+FFFD alone that no variable of the process had at its start", () => {
  assert.deepEqual(exactEnvironment({ LATTICE_TEST_SET_LATER: "a\uFFFD" }), { LATTICE_TEST_SET_LATER: "a\uFFFD" });
});

test("exactCommand() leaves what is UTF-8 as it is", () => {
  assert.deepEqual(exactCommand(["p", "a"], { A: "1" }, { B: "2" }), { command: ["p", "a"], env: { A: "1" } });
  assert.deepEqual(exactCommand(["p"], undefined, { B: "\udcff" }), { command: ["p"] });
});

test("exactCommand() lets env(1) make the changes where a variable is not UTF-8", () => {
  const present = { A: "\udcff", B: "2", C: "3" };
  assert.deepEqual(exactCommand(["p", "x=y"], { A: "\udcff", B: "4", D: "5" }, present), {
    command: ["env", "-u", "C", "B=4", "D=5", "p", "x=y"],
  });
  assert.deepEqual(exactCommand(["p"], present, present), { command: ["p"] });
});

test("exactCommand() refuses what cannot arrive unchanged", () => {
  const unsupported = { code: "unsupported" };
  assert.throws(() => exactCommand(["p", "\udcff"], undefined, {}), unsupported);
  assert.throws(() => exactCommand(["p"], { A: "\udcff" }, {}), unsupported);
  assert.throws(() => exactCommand(["p=q"], { A: "\udcff", B: "1" }, { A: "\udcff" }), unsupported);
});
