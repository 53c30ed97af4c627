import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "../harness.ts";
import { gitText } from "../git_oracle.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { documentOf, lattice, underProgram } from "./binary.ts";

const PACKAGE = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string };

function repository(): { cwd: string; base: string } {
  const cwd = temporaryFolder();
  gitText(["init", "-q", "-b", "main"], cwd);
  gitText(["commit", "-q", "--allow-empty", "-m", "first"], cwd);
  gitText(["branch", "topic"], cwd);
  return { cwd, base: gitText(["rev-parse", "main"], cwd) };
}

test("binary answers --version and --help without a repository", () => {
  const cwd = temporaryFolder();
  const version = lattice(["--version"], { cwd });
  assert.deepEqual(version, { exit: 0, stdout: `lattice ${PACKAGE.version}\n`, stderr: "" });
  const help = lattice(["--help"], { cwd });
  assert.equal(help.exit, 0);
  assert.match(help.stdout, /^Usage: lattice /m);
  assert.equal(help.stderr, "");
});

test("binary stores metadata that git reads, refuses a stale expectation, undoes", () => {
  const { cwd, base } = repository();
  const document = documentOf("topic", base);
  const set = lattice(["meta", "set", "topic", "--expect-absent"], { cwd, stdin: document });
  assert.equal(set.exit, 0, set.stderr);
  const oid = set.stdout.trim();
  assert.equal(gitText(["rev-parse", "refs/branch-metadata/topic"], cwd), oid);
  const got = lattice(["meta", "get", "topic"], { cwd });
  assert.equal(got.exit, 0, got.stderr);
  assert.equal(got.stdout, `${gitText(["cat-file", "blob", oid], cwd)}\n`);
  assert.deepEqual(JSON.parse(got.stdout), JSON.parse(document));

  const refused = lattice(["meta", "set", "topic", "--expect-absent"], {
    cwd,
    stdin: document.replace("01-07", "01-08"),
  });
  assert.equal(refused.exit, 3);
  assert.equal(refused.stdout, "");
  assert.equal(gitText(["rev-parse", "refs/branch-metadata/topic"], cwd), oid);

  assert.equal(lattice(["undo"], { cwd }).exit, 0);
  assert.equal(lattice(["meta", "get", "topic"], { cwd }).exit, 1);
  assert.equal(gitText(["for-each-ref", "refs/branch-metadata/"], cwd), "");
  gitText(["fsck", "--strict"], cwd);
});

test("binary neither reads nor obeys what a runtime would in the folder it is called in", () => {
  const { cwd } = repository();
  const script = `require("node:fs").writeFileSync(${JSON.stringify(join(cwd, "obeyed"))}, "");\n`;
  const traps: Record<string, string> = {
    ".env": "LATTICE_LOCK_TIMEOUT=nonsense\nGIT_DIR=/nowhere\n",
    ".env.local": "GIT_DIR=/nowhere\n",
    ".env.production": "GIT_DIR=/nowhere\n",
    ".env.development": "GIT_DIR=/nowhere\n",
    "bunfig.toml": 'preload = ["./trap.cjs"]\n',
    "trap.cjs": script,
    "package.json": '{"type":"commonjs","imports":{"#x":"./trap.cjs"}}',
    "tsconfig.json": '{"compilerOptions":{"paths":{"*":["./trap.cjs"]}}}',
    "jsconfig.json": "{}",
    "deno.json": '{"imports":{}}',
    ".npmrc": "registry=http://127.0.0.1:1/\n",
  };
  for (const [name, content] of Object.entries(traps)) writeFileSync(join(cwd, name), content);
  mkdirSync(join(cwd, "node_modules"));
  writeFileSync(join(cwd, "node_modules", "trap.js"), script);
  const trace = join(temporaryFolder(), "trace");
  for (const args of [["meta", "list"], ["git", "for-each-ref"], ["init"], ["op", "list"], ["--version"]]) {
    const ended = underProgram(["strace", "-f", "-e", "trace=%file", "-o", trace], args, { cwd });
    assert.equal(ended.exit, 0, ended.stderr);
    const calls = readFileSync(trace, "utf8");
    assert.match(calls, /execve\(/, "strace wrote no trace");
    for (const name of [...Object.keys(traps), "node_modules"]) {
      const named = calls.split("\n").filter((line) => line.includes(`/${name}"`) || line.includes(`"${name}"`));
      assert.deepEqual(named, [], `lattice ${args.join(" ")} touched ${name}`);
    }
  }
  assert.equal(existsSync(join(cwd, "obeyed")), false);
});
