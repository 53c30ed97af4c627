/** The binary given more than it holds: standard input without end, lines without end, reflogs of millions of lines. */
import assert from "node:assert/strict";
import { closeSync, openSync, readFileSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { test } from "../harness.ts";
import { gitText } from "../git_oracle.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { lattice } from "./binary.ts";
import { bounded } from "./bounded.ts";

const MIB = 1024 * 1024;

/** A repository with one commit, whose files are all that there is. */
function repository(): string {
  const folder = join(temporaryFolder(), "repository");
  gitText(["init", "-q", "--template=", "-b", "main", folder], "/");
  gitText(["commit", "-q", "--allow-empty", "-m", "first"], folder);
  return folder;
}

/** A file of so many zeros, which takes no room. */
function hole(bytes: number): string {
  const path = join(temporaryFolder(), "input");
  writeFileSync(path, "");
  truncateSync(path, bytes);
  return path;
}

/** A file of so many lines of 15 MiB, each of which begins with a text. */
function longLines(count: number, text: string): string {
  const path = join(temporaryFolder(), "input");
  const line = new Uint8Array(15 * MIB).fill(120);
  new TextEncoder().encodeInto(text, line);
  line[line.length - 1] = 10;
  const file = openSync(path, "w");
  for (let number = 0; number < count; number++) writeSync(file, line);
  closeSync(file);
  return path;
}

const LINES = [
  ["cat-file", "--batch"],
  ["cat-file", "--batch-check"],
  ["cat-file", "--batch-command"],
  ["for-each-ref", "--stdin"],
  ["show-ref", "--exclude-existing"],
  ["hash-object", "--stdin-paths"],
  ["update-ref", "--stdin"],
];

test("binary: a line of input beyond 16 MiB is refused in git's way by every command that reads lines", () => {
  const cwd = repository();
  const stdinFile = hole(40 * MIB);
  for (const args of LINES) {
    const { exit, stdout, stderr } = bounded(["git", ...args], { cwd, stdinFile });
    assert.deepEqual(
      { exit, stdout, stderr },
      { exit: 128, stdout: "", stderr: "fatal: a line of input is longer than 16777216 bytes\n" },
      args.join(" "),
    );
  }
});

test("binary: lines that are held until there is an answer are refused beyond 256 MiB in all", () => {
  const cwd = repository();
  for (const args of [["for-each-ref", "--stdin"], ["cat-file", "--batch-command", "--buffer"]]) {
    const { exit, stdout, stderr } = bounded(["git", ...args], {
      cwd,
      stdinFile: longLines(18, "info "),
      peakKbMax: 1_500_000, // each line in bytes, and as text
    });
    assert.equal(exit, 128, args.join(" "));
    assert.equal(stdout, "");
    assert.equal(stderr, "fatal: the input has more than 268435456 bytes, which is the most that is held\n");
  }
});

test("binary: input beyond what is held as a whole is refused, and changes nothing", () => {
  const cwd = repository();
  const before = gitText(["for-each-ref"], cwd);
  const text = hole(256 * MIB + 1);
  const peakKbMax = 800_000; // the 256 MiB in pieces, and joined
  for (const args of [["apply"], ["apply", "--file", text]]) {
    const { exit, stderr } = bounded(args, { cwd, stdinFile: text, peakKbMax });
    assert.equal(exit, 8, args.join(" "));
    assert.equal(
      stderr,
      "error: the input has more than 268435456 bytes\nhint: give it in parts; nothing of it was used\n",
    );
  }
  const told = bounded(["hook", "reference-transaction", "prepared"], { cwd, stdinFile: text, peakKbMax });
  assert.equal(told.exit, 0, "a hook that cannot take notes does not stop git");
  assert.match(told.stderr, /is not in lattice's journal: the input has more than 268435456 bytes/);

  const content = hole(512 * MIB + 1);
  const refused = bounded(["git", "hash-object", "-w", "--stdin"], { cwd, stdinFile: content, peakKbMax });
  assert.equal(refused.exit, 128);
  assert.match(
    refused.stderr,
    /^fatal: 'standard input' has more than 536870912 bytes, the most that is read at once\n/,
  );
  assert.equal(gitText(["for-each-ref"], cwd), before);
  assert.equal(gitText(["count-objects"], cwd), "2 objects, 8 kilobytes");
});

test("binary: a reflog of millions of lines that are none is looked through in bounded memory, and told in few words", () => {
  const cwd = repository();
  const path = join(cwd, ".git/logs/refs/heads/main");
  const sound = readFileSync(path, "utf8");
  const lines = 1_000_000;
  writeFileSync(path, sound + "\n".repeat(lines) + sound);
  const shown = bounded(["git", "reflog", "show", "main"], { cwd });
  assert.equal(shown.exit, 0);
  assert.equal(shown.stdout.split("\n").length, 3, "both entries");
  assert.equal(shown.stderr.match(/^warning: .*it is no entry$/gm)?.length, 10);
  assert.match(shown.stderr, new RegExp(`warning: .* ${lines - 10} more: they are no entries either\n`));

  const found = bounded(["doctor"], { cwd });
  assert.equal(found.exit, 1);
  assert.match(found.stdout, new RegExp(`has ${lines} lines of ${lines + 2} amiss, the first is 2: no entry`));
  const mended = bounded(["doctor", "--fix", "reflog.damaged:refs/heads/main"], { cwd });
  assert.equal(mended.exit, 0, mended.stderr);
  assert.equal(readFileSync(path, "utf8"), sound + sound);

  writeFileSync(path, "\n".repeat(lines) + sound);
  const expired = bounded(["git", "reflog", "expire", "--expire=never", "main"], { cwd });
  assert.equal(expired.exit, 0);
  assert.ok(expired.stderr.split("\n").length < 20, "eleven warnings, not millions");
  assert.equal(readFileSync(path, "utf8"), sound);
  assert.equal(lattice(["doctor"], { cwd }).exit, 0);
});
