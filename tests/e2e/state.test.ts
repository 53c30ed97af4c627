/** The binary's state commands, as a script uses them. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { runProgram } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { binary, type Ended, lattice, textOf } from "./binary.ts";
import { must } from "./state_subjects.ts";

const sha256 = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest("hex");

/** Who may not do everything, as root may: the binary is run as this user where the tests run as root. */
const USER = 65534;

/** Runs a shell script as a user without privileges; `$L` is the binary. */
function asUser(script: string, cwd: string, stdin = ""): Ended {
  const isRoot = process.getuid?.() === 0;
  const user = isRoot ? ["setpriv", `--reuid=${USER}`, `--regid=${USER}`, "--clear-groups", "--"] : [];
  const [program, ...args] = [...user, "sh", "-c", script];
  return textOf(runProgram(program!, args, cwd, { stdin, env: { L: binary, LATTICE_CONFIG: "/dev/null" } }));
}

/** A folder of that user. */
function userFolder(): string {
  const folder = temporaryFolder();
  if (process.getuid?.() === 0) chownSync(folder, USER, USER);
  chmodSync(folder, 0o755);
  return folder;
}

const modeOf = (path: string) => (statSync(path).mode & 0o7777).toString(8);

/** Every file and folder below a folder, with its mode and time of change. */
function listing(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true }) as string[];
  return [".", ...names].sort().map((name) => {
    const { mode, mtimeMs, size } = statSync(join(folder, name));
    return `${name} ${mode} ${mtimeMs} ${size}`;
  });
}

test("state save stores the bytes that it is given, with a final newline, and prints their digest", () => {
  const cwd = temporaryFolder();
  for (
    const [given, stored] of [
      ['{"a":1}', '{"a":1}\n'],
      ['{"a":1}\n', '{"a":1}\n'],
      [' {\r\n"b" : 1.0e+2, "a":[ ] }\r\n\n', ' {\r\n"b" : 1.0e+2, "a":[ ] }\r\n\n'],
      ['{"long":12345678901234567890,"\\u0061":"\\ud800","é":"\\u001b"}\n', null],
      ["{}", "{}\n"],
    ] as const
  ) {
    const digest = must(cwd, ["state", "save", "production"], given).trimEnd();
    const bytes = readFileSync(join(cwd, "data/production/state.json"));
    assert.equal(bytes.toString(), stored ?? given);
    assert.equal(digest, sha256(bytes));
    assert.equal(must(cwd, ["state", "load", "production"]), bytes.toString());
    const answer = JSON.parse(must(cwd, ["state", "load", "production", "--json"])) as Record<string, unknown>;
    assert.deepEqual(answer, { name: "production", digest, state: JSON.parse(given) });
  }
  const answer = must(cwd, ["--json", "state", "load", "production"]);
  assert.equal(answer.split("\n").length, 2);
  must(cwd, ["state", "save", "big"], '{ "n" : 12345678901234567890 , "s": "a \\" } b" }');
  assert.match(
    must(cwd, ["--json", "state", "load", "big"]),
    /"state":\{"n":12345678901234567890,"s":"a \\" \} b"\}\}\n$/,
  );
});

test("state commands answer and end as the contract says", () => {
  const cwd = temporaryFolder();
  const run = (args: string[], stdin = "") => lattice(["state", ...args], { cwd, stdin });
  assert.deepEqual([run(["list"]).stdout, run(["list", "--json"]).stdout], ["", "[]\n"]);
  assert.deepEqual([run(["exists", "a"]).exit, run(["load", "a"]).exit, run(["delete", "a"]).exit], [1, 1, 0]);
  assert.equal(existsSync(join(cwd, "data")), false);
  writeFileSync(join(cwd, "a.json"), '{"a":1}');
  const digest = run(["save", "a", "--file", "a.json", "--expect-absent"]).stdout.trim();
  assert.deepEqual(JSON.parse(run(["save", "b", "--file=-", "--json"], "{}").stdout), {
    name: "b",
    digest: sha256("{}\n"),
  });
  assert.deepEqual([run(["list"]).stdout, run(["list", "--json"]).stdout], ["a\nb\n", '[{"name":"a"},{"name":"b"}]\n']);
  assert.deepEqual([run(["exists", "a"]).stdout, run(["exists", "a", "--json"]).stdout], [
    "",
    '{"name":"a","exists":true}\n',
  ]);
  const refused = run(["save", "a", "--expect-absent", "--json"], "{}");
  const { error } = JSON.parse(refused.stderr) as { error: { code: string; details: Record<string, unknown> } };
  assert.deepEqual([refused.exit, error.code], [3, "cas_failed"]);
  assert.deepEqual([error.details["expected"], error.details["actual"]], [null, digest]);
  assert.equal(run(["save", "a", "--expect", "0".repeat(64)], "{}").exit, 3);
  assert.equal(run(["save", "nothing", "--expect", digest], "{}").exit, 3);
  assert.equal(run(["save", "a", "--expect", digest.toUpperCase()], '{"a":2}').exit, 0);
  for (
    const wrong of [["--expect=x"], ["--expect-absent", "--expect-any"], [`--expect=${digest}`, "--expect-any"], [
      "--file",
      "nowhere",
    ]]
  ) {
    assert.equal(run(["save", "a", ...wrong], "{}").exit, 2, wrong.join(" "));
  }
  for (const name of ["A", "../a", "a/b", "-", "a--b", "a".repeat(64), "1"]) {
    assert.equal(run(["save", "--", name], "{}").exit, 2, name);
  }
  const documents = [
    "",
    "[]",
    "1",
    "null",
    "{",
    "{}x",
    '{"a":1,"a":2}',
    '{"a":{"b":1,"\\u0062":2}}',
    "\uFEFF{}",
    "{}\0",
    `${'{"a":'.repeat(1001)}1${"}".repeat(1001)}`,
    `${"[".repeat(300_000)}`,
    "{'a':1}",
    '{"a":01}',
    '{"a":"\t"}',
    '{"a":"\\x"}',
  ];
  for (const document of documents) {
    const { exit, stdout, stderr } = run(["save", "a"], document);
    assert.deepEqual([exit, stdout], [6, ""], document.slice(0, 40));
    assert.match(
      stderr,
      /^error: this cannot be stored as .*\nhint: give one JSON object in UTF-8; nothing was written\n$/,
    );
  }
  assert.equal(run(["load", "a"]).stdout, '{"a":2}\n');
  assert.deepEqual([run(["delete", "a"]).exit, run(["delete", "a", "--json"]).stdout, run(["list"]).stdout], [
    0,
    "{}\n",
    "b\n",
  ]);
  assert.equal(run(["list", "--store", "postgres://me:hunter2@127.0.0.1:1/x"]).exit, 11);
});

test("a damaged state is reported, exists, and is untouched until somebody says --expect-any", () => {
  const cwd = temporaryFolder();
  const path = join(cwd, "data/production/state.json");
  const digest = must(cwd, ["state", "save", "production"], '{"a":1}').trim();
  for (const bytes of ["", '{"a":', "\xff", "null\n"]) {
    writeFileSync(path, bytes, "latin1");
    const before = listing(cwd);
    for (
      const args of [["load", "production"], ["save", "production"], ["save", "production", "--expect", digest], [
        "save",
        "production",
        "--expect-absent",
      ]]
    ) {
      const { exit, stderr, stdout } = lattice(["state", ...args], { cwd, stdin: "{}" });
      assert.deepEqual([exit, stdout], [6, ""], args.join(" "));
      assert.match(stderr, /^error: the state ".*state\.json" is damaged: .*\nhint: .*--expect-any\n$/);
    }
    assert.deepEqual([lattice(["state", "exists", "production"], { cwd }).exit, must(cwd, ["state", "list"])], [
      0,
      "production\n",
    ]);
    assert.equal(readFileSync(path, "latin1"), bytes);
    assert.deepEqual(
      listing(cwd).filter((line) => line.includes("state.json")),
      before.filter((line) => line.includes("state.json")),
    );
  }
  must(cwd, ["state", "save", "production", "--expect-any"], "{}");
  assert.equal(must(cwd, ["state", "load", "production"]), "{}\n");
});

test("the store is that of --store, LATTICE_STATE_STORE, state.store or ./data, in this order", () => {
  const cwd = temporaryFolder();
  const config = join(temporaryFolder(), "config.toml");
  writeFileSync(config, '[state]\nstore = "of-config"\n');
  const save = (args: string[], env: Record<string, string>) => {
    const ended = lattice(["state", "save", "a", ...args], { cwd, stdin: "{}", env });
    assert.equal(ended.exit, 0, ended.stderr);
    return readdirSync(cwd).sort();
  };
  assert.deepEqual(save([], { LATTICE_STATE_STORE: "" }), ["data"]);
  assert.deepEqual(save([], { LATTICE_CONFIG: config }), ["data", "of-config"]);
  const env = { LATTICE_CONFIG: config, LATTICE_STATE_STORE: "of-env" };
  assert.deepEqual(save([], env), ["data", "of-config", "of-env"]);
  assert.deepEqual(save(["--store", "of-flag"], env), ["data", "of-config", "of-env", "of-flag"]);
  mkdirSync(join(cwd, "below"));
  must(cwd, ["-C", "below", "state", "save", "b"], "{}");
  assert.deepEqual(readdirSync(join(cwd, "below/data")), ["b"]);
  writeFileSync(config, "[state]\nstore = 7\n");
  assert.equal(lattice(["state", "list"], { cwd, env: { LATTICE_CONFIG: config } }).exit, 6);
});

test("file and lock are 0600 and new folders 0700, whatever the umask", () => {
  for (const umask of ["000", "022", "077", "0177", "0277", "0777"]) {
    const cwd = userFolder();
    const script = `umask ${umask}; printf '{"a":1}' | "$L" state save production --store a/b`;
    for (let time = 0; time < 2; time++) {
      const ended = asUser(script, cwd);
      assert.equal(ended.exit, 0, `umask ${umask}: ${ended.stderr}`);
      const modes = ["a", "a/b", "a/b/production", "a/b/production/state.json"].map((name) => modeOf(join(cwd, name)));
      assert.deepEqual(modes, ["700", "700", "700", "600"], `umask ${umask}`);
    }
    chmodSync(join(cwd, "a/b/production/state.json"), 0o644);
    assert.equal(asUser(script, cwd).exit, 0);
    assert.equal(modeOf(join(cwd, "a/b/production/state.json")), "600", "a file that others could read");
    assert.equal(asUser(`umask ${umask}; "$L" state load production --store a/b`, cwd).stdout, '{"a":1}\n');
    assert.equal(asUser(`umask ${umask}; "$L" state delete production --store a/b`, cwd).exit, 0);
    assert.deepEqual(readdirSync(join(cwd, "a/b")), []);
  }
});

test("a lock is taken over whatever the umask of its dead holder, and readable by its owner alone", () => {
  for (const umask of ["022", "0777"]) {
    const cwd = userFolder();
    assert.equal(asUser(`echo {} | "$L" state save production`, cwd).exit, 0);
    const killed = asUser(
      `umask ${umask}; echo '{"a":2}' | strace -o /dev/null -e trace=rename -e inject=rename:signal=KILL "$L" state save production`,
      cwd,
    );
    assert.notEqual(killed.exit, 0);
    const lock = join(cwd, "data/production/state.json.lock");
    assert.equal(modeOf(lock), "600", `umask ${umask}`);
    const next = asUser(`echo '{"a":3}' | "$L" -v --lock-timeout 0 state save production`, cwd);
    assert.equal(next.exit, 0, next.stderr);
    assert.match(next.stderr, /it was taken over from "state save production" \(pid \d+.*which has ended/);
    assert.deepEqual(readdirSync(join(cwd, "data/production")), ["state.json"]);
  }
});

test("a missing permission is exit code 7 with the path and a hint, and changes nothing", () => {
  const cwd = userFolder();
  assert.equal(asUser(`echo {} | "$L" state save production && mkdir closed`, cwd).exit, 0);
  const folder = join(cwd, "data/production");
  const cases: [folder: string, mode: number, command: string][] = [
    [folder, 0o500, "save production"],
    [folder, 0o500, "delete production"],
    [join(cwd, "data"), 0o500, "save staging"],
    [join(cwd, "closed"), 0o500, "save staging --store closed/below"],
    [join(cwd, "closed"), 0, "load production --store closed/below"],
    [folder, 0, "load production"],
    [folder, 0, "save production"],
    [folder, 0, "exists production"],
    [folder, 0, "delete production"],
    [join(cwd, "data"), 0, "list"],
    [join(folder, "state.json"), 0, "load production"],
    [join(folder, "state.json"), 0, "save production"],
  ];
  for (const [place, mode, command] of cases) {
    const before = listing(cwd);
    const usual = statSync(place).mode;
    chmodSync(place, mode);
    const { exit, stdout, stderr } = asUser(`echo '{"a":2}' | "$L" state ${command}`, cwd);
    chmodSync(place, usual);
    assert.deepEqual([exit, stdout], [7, ""], `${command}: ${stderr}`);
    assert.match(
      stderr,
      /^error: cannot .*permission denied \(EACCES\)\nhint: check the owner and the permissions of "/,
      command,
    );
    assert.ok(stderr.includes(place) || stderr.includes("closed/below"), stderr);
    const names = (lines: string[]) => lines.map((line) => line.replace(/ [\d.]+ \d+$/, ""));
    assert.deepEqual(names(listing(cwd)), names(before), command);
    assert.equal(readFileSync(join(folder, "state.json"), "utf8"), "{}\n");
  }
});
