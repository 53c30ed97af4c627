/** The binary in repositories where somebody put strange files in the place of those that are read and written. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chownSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { encodeRecord, type JournalRecord } from "../../src/engine/journal_format.ts";
import { test } from "../harness.ts";
import { torture, tried } from "../thoroughness.ts";
import { gitText, runProgram } from "../git_oracle.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { binary, documentOf, lattice, textOf } from "./binary.ts";
import { bounded } from "./bounded.ts";

const NOBODY = 65534;

/** A repository with metadata and one operation. */
function repository(): { folder: string; base: string } {
  const folder = join(temporaryFolder(), "repository");
  gitText(["init", "-q", "--template=", "-b", "main", folder], "/");
  gitText(["commit", "-q", "--allow-empty", "-m", "first"], folder);
  const base = gitText(["rev-parse", "HEAD"], folder);
  const set = lattice(["meta", "set", "main"], { cwd: folder, stdin: documentOf("main", base) });
  assert.equal(set.exit, 0, set.stderr);
  return { folder, base };
}

const sound = repository();

/** A copy of the sound repository. */
function copyOfRepository(): string {
  const folder = join(temporaryFolder(), "copy");
  cpSync(sound.folder, folder, { recursive: true });
  return folder;
}

/** What is put in the place of a file; `victim` is a folder of somebody else's. */
const STRANGE: Readonly<Record<string, (path: string, victim: string) => void>> = {
  "link to a file": (path, victim) => symlinkSync(join(victim, "file"), path),
  "link to a folder": (path, victim) => symlinkSync(victim, path),
  "dangling link": (path, victim) => symlinkSync(join(victim, "absent"), path),
  "link in a circle": (path) => symlinkSync(path, path),
  "pipe": (path) => void execFileSync("mkfifo", [path]),
  "endless device": (path) => symlinkSync("/dev/zero", path),
  "folder": (path) => void mkdirSync(path),
  "huge file": (path) => {
    writeFileSync(path, "");
    truncateSync(path, 5 * 2 ** 30); // takes no room on the disk
  },
};

/** Places below the git directory from which lattice reads or to which it writes; `*` is the one operation there is. */
const PLACES = [
  "lattice",
  "lattice/lock",
  "lattice/ops",
  "lattice/ops/*.jsonl",
  "lattice/op-state.json",
  "lattice/tmp",
  "lattice/config.toml",
  "packed-refs",
  "config",
  "commondir",
  "refs/branch-metadata",
  "refs/branch-metadata/main",
  "logs/refs/heads/main",
  "objects/info/alternates",
  "shallow",
  "info/grafts",
];

/** What meets lattice's own files, and what meets git's. */
const OWN_COMMANDS: readonly (readonly string[])[] = [["op", "list"], ["meta", "set", "main"], ["recover"]];
const GIT_COMMANDS: readonly (readonly string[])[] = [
  ["git", "cat-file", "-t", "HEAD"],
  ["doctor"],
  ["git", "update-ref", "-m", "x", "refs/heads/main", sound.base],
];

test("what stands in the place of a file is not waited for, not read without end, and not written through", () => {
  const op = journalName(sound.folder);
  const pairs = PLACES.flatMap((place) => Object.keys(STRANGE).map((what) => ({ place, what })));
  // A sample meets every place, and every kind of file several times.
  const chosen = pairs.filter((_, index) => torture || index % 3 === 0);
  for (const { place, what } of chosen) {
    const folder = copyOfRepository();
    const victim = join(folder, "..", "victim");
    mkdirSync(victim);
    writeFileSync(join(victim, "file"), "theirs");
    const path = join(folder, ".git", place.replace("*.jsonl", op));
    rmSync(path, { recursive: true, force: true });
    mkdirSync(dirname(path), { recursive: true });
    STRANGE[what]!(path, victim);
    for (const args of place.startsWith("lattice") ? OWN_COMMANDS : GIT_COMMANDS) {
      const { exit, stderr } = bounded(args, { cwd: folder, stdin: documentOf("main", "0".repeat(39) + "1") });
      const told = `${what} as ${place}: lattice ${args.join(" ")}: ${exit} ${stderr}`;
      assert.ok([0, 1, 3, 6, 7, 8, 9, 128].includes(exit), told);
      assert.equal(readFileSync(join(victim, "file"), "utf8"), "theirs", told);
      assert.deepEqual(readdirSync(victim), ["file"], told);
    }
  }
  tried("strange files", { "fuzz inputs": [chosen.length, pairs.length] });
});

function journalName(folder: string): string {
  return runProgram("ls", [join(folder, ".git/lattice/ops")], "/").stdout.toString().trim().split("\n")[0]!;
}

test("lock and marker that share an inode with a file of others leave that file alone, or are refused", () => {
  for (const place of ["lattice/op-state.json", "lattice/tmp/x/0", "refs/heads/other"]) {
    const folder = copyOfRepository();
    const victim = join(folder, "..", "victim");
    writeFileSync(victim, `${sound.base}\n`);
    const path = join(folder, ".git", place);
    mkdirSync(dirname(path), { recursive: true });
    linkSync(victim, path);
    for (const args of [["recover"], ["git", "update-ref", "refs/heads/other", "HEAD"], ["meta", "delete", "main"]]) {
      lattice(args, { cwd: folder });
      assert.equal(readFileSync(victim, "utf8"), `${sound.base}\n`, `${place}: ${args.join(" ")}`);
    }
  }
});

test("a journal that names files outside of the repository is refused, and they are not touched", () => {
  const names = [
    "../../victim",
    "refs/../../victim",
    "refs/heads/../../../victim",
    "/etc/hostname",
    "config",
    "hooks/post-commit",
  ];
  for (const ref of names) {
    const folder = copyOfRepository();
    writeFileSync(join(folder, "victim"), "theirs");
    const op = journalName(folder);
    const path = join(folder, ".git/lattice/ops", op);
    const records = readFileSync(path, "utf8").split("\n").filter((line) => line !== "")
      .map((line) => (JSON.parse(line) as { record: Record<string, unknown> }).record);
    const changed = records.slice(0, 2).map((record) => {
      if (record["type"] !== "updates") return record;
      return {
        ...record,
        updates: [{ ref, old: null, new: sound.base }],
        logs: [{ ref, old: "0".repeat(40), new: sound.base, message: "m", create: true }],
      };
    });
    const prepared = { type: "prepared", transaction: 1 };
    writeFileSync(
      path,
      [...changed, prepared].map((record) => encodeRecord(record as unknown as JournalRecord, 0)).map((line) =>
        new TextDecoder().decode(line)
      ).join(""),
    );
    const marker = {
      op_id: op.replace(".jsonl", ""),
      command: "c",
      phase: "in_progress",
      updated_at: "2026-01-01T00:00:00.000Z",
      origin_git_dir: folder,
      origin_work_dir: folder,
      plan_digest: null,
      touched_refs: [],
      awaiting_reason: null,
    };
    writeFileSync(join(folder, ".git/lattice/op-state.json"), JSON.stringify(marker));
    const config = readFileSync(join(folder, ".git/config"), "utf8");
    for (const args of [["recover"], ["undo"], ["abort"], ["continue"], ["op", "show", marker.op_id], ["doctor"]]) {
      const { exit, stderr } = lattice(args, { cwd: folder });
      const isConfig = ref === "config" || ref.startsWith("hooks/");
      assert.ok(
        (isConfig ? [1, 2, 5, 6, 8, 10, 0] : [1, 6]).includes(exit),
        `${ref}: ${args.join(" ")}: ${exit} ${stderr}`,
      );
      assert.equal(readFileSync(join(folder, "victim"), "utf8"), "theirs");
      assert.equal(readFileSync(join(folder, ".git/config"), "utf8"), config);
      for (const absent of ["hooks/post-commit", "../../victim", "config.lock", "victim"]) {
        assert.ok(!existsSync(join(folder, ".git", absent)), `${ref}: ${absent}`);
      }
    }
  }
});

test("a repository of another user is refused by every command, as git refuses it", () => {
  const folder = copyOfRepository();
  runProgram("chown", ["-R", "1234:1234", folder], "/");
  for (const path of [folder, dirname(folder), dirname(dirname(folder))]) runProgram("chmod", ["o+rx", path], "/");
  const program = join(temporaryFolder(), "lattice");
  cpSync(binary, program);
  runProgram("chmod", ["-R", "755", dirname(program)], "/");
  const config = join(folder, ".git/config");
  renameSync(config, `${config}.sound`);
  writeFileSync(config, "this is no configuration"); // whoever reads it before asking whose it is says so
  chownSync(config, 1234, 1234);
  const as = (id: number, ...args: string[]) =>
    textOf(runProgram("setpriv", ["--reuid", String(id), "--regid", String(id), "--clear-groups", ...args], folder));
  for (const args of [["meta", "list"], ["op", "status"], ["recover"], ["undo"], ["hook", "status"]]) {
    const refused = as(NOBODY, program, "--json", ...args);
    assert.equal(refused.exit, 9, refused.stderr);
    assert.equal((JSON.parse(refused.stderr) as { error: { code: string } }).error.code, "unsafe_repository");
  }
  assert.match(as(NOBODY, "git", "rev-parse", "HEAD").stderr, /dubious ownership/);
  assert.equal(as(NOBODY, program, "git", "rev-parse", "HEAD").exit, 128);
  renameSync(`${config}.sound`, config);
  assert.equal(as(1234, program, "meta", "list").stdout, "main\n");
});
