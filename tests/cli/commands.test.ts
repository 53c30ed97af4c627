import assert from "node:assert/strict";
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "../harness.ts";
import { temporaryFolder } from "../fixtures.ts";
import { git, gitText } from "../git_oracle.ts";
import { lattice } from "./command_line.ts";

function repository(branch = "main"): string {
  const folder = temporaryFolder();
  gitText(["init", "-q", "-b", branch], folder);
  gitText(["commit", "-q", "--allow-empty", "-m", "first"], folder);
  return folder;
}

function documentOf(cwd: string, branch: string, reason: string | null = null): string {
  const freeze = reason === null
    ? { state: "unfrozen" }
    : { state: "frozen", scope: "single", reason, frozen_at: "2026-01-07T00:00:00Z" };
  return JSON.stringify({
    kind: "lattice.branch-metadata",
    schema_version: 1,
    branch: { name: branch },
    parent: { kind: "trunk", name: "main" },
    base: { oid: gitText(["rev-parse", "main"], cwd) },
    freeze,
    pr: { state: "none" },
    timestamps: { created_at: "2026-01-07T00:00:00Z", updated_at: "2026-01-07T00:00:00Z" },
  });
}

async function answer(args: string[], cwd: string, stdin = ""): Promise<unknown> {
  const ended = await lattice([...args, "--json"], { cwd, stdin });
  assert.equal(ended.exit, 0, ended.stderr);
  return JSON.parse(ended.stdout);
}

async function failure(
  args: string[],
  cwd: string,
  stdin = "",
): Promise<{ exit: number; code: string; message: string }> {
  const ended = await lattice([...args, "--json"], { cwd, stdin });
  assert.equal(ended.stdout, "");
  const { error } = JSON.parse(ended.stderr) as { error: { code: string; message: string } };
  return { exit: ended.exit, code: error.code, message: error.message };
}

test("meta set stores what meta get prints, and git agrees on the oid", async () => {
  const cwd = repository();
  const document = documentOf(cwd, "b");
  const stored = await answer(["meta", "set", "b"], cwd, document) as Record<string, unknown>;
  assert.deepEqual(Object.keys(stored), ["branch", "ref", "oid", "previous", "op"]);
  assert.equal(stored["oid"], gitText(["hash-object", "--stdin"], cwd, document));
  assert.equal(stored["oid"], gitText(["rev-parse", "refs/branch-metadata/b"], cwd));
  assert.equal((await lattice(["meta", "get", "b"], { cwd })).stdout, `${document}\n`);
  assert.deepEqual(await answer(["meta", "get", "b"], cwd), {
    branch: "b",
    ref: "refs/branch-metadata/b",
    oid: stored["oid"],
    metadata: JSON.parse(document),
  });
  const again = await answer(["meta", "set", "b"], cwd, document) as Record<string, unknown>;
  assert.deepEqual([again["op"], again["previous"]], [null, stored["oid"]]);
});

test("meta set compares with the expectation", async () => {
  const cwd = repository();
  const first = (await lattice(["meta", "set", "b", "--expect-absent"], { cwd, stdin: documentOf(cwd, "b") })).stdout;
  const next = documentOf(cwd, "b", "x");
  assert.deepEqual((await failure(["meta", "set", "b", "--expect-absent"], cwd, next)).exit, 3);
  assert.deepEqual((await failure(["meta", "set", "b", `--expect=${"1".repeat(40)}`], cwd, next)).exit, 3);
  assert.deepEqual((await failure(["meta", "set", "b", "--expect=main"], cwd, next)).exit, 2);
  assert.equal((await lattice(["meta", "set", "b", "--expect", first.trim()], { cwd, stdin: next })).exit, 0);
});

test("meta set refuses what is no document and changes nothing", async () => {
  const cwd = repository();
  for (const text of ["", "{}", "null", documentOf(cwd, "other")]) {
    assert.equal((await failure(["meta", "set", "b"], cwd, text)).exit, 6, text);
  }
  assert.equal((await failure(["meta", "set", "-b"], cwd, "")).exit, 2);
  assert.equal((await failure(["meta", "set", "b", "--file", "none.json"], cwd)).exit, 2);
  assert.equal(gitText(["for-each-ref", "refs/branch-metadata"], cwd), "");
});

test("meta set speaks of what it was given, and reads no more than a document can have", async () => {
  const cwd = repository();
  const wrong = await lattice(["meta", "set", "b"], { cwd, stdin: "{}" });
  assert.match(wrong.stderr, /^error: the document given for branch "b" is invalid: .*\nhint: correct the document/);
  const large = await failure(["meta", "set", "b"], cwd, " ".repeat(3 * 1024 * 1024));
  assert.deepEqual([large.exit, large.code], [6, "invalid_data"]);
  assert.match(large.message, /more than 1048576 bytes/);
  const endless = await failure(["meta", "set", "b", "--file=/dev/zero"], cwd);
  assert.match(endless.message, /more than 1048576 bytes/);
  const zero = await failure(["meta", "set", "b", `--expect=${"0".repeat(40)}`], cwd, documentOf(cwd, "b"));
  assert.equal(zero.exit, 2);
  assert.match(zero.message, /names no object/);
});

test("readInput() stops reading standard input that never ends", async () => {
  const { readInput } = await import("../../src/cli/input.ts");
  const { createContext } = await import("../../src/cli/context.ts");
  const { keptStreams, systemIn } = await import("./command_line.ts");
  const { parseCommandLine } = await import("../../src/cli/parse.ts");
  const { COMMANDS } = await import("../../src/cli/definitions/mod.ts");
  const table = { commands: COMMANDS };
  let reads = 0;
  const streams = { ...keptStreams({}).streams, read: () => (reads++, new Uint8Array(1000)) };
  const { global } = parseCommandLine(["--version"], table);
  const context = createContext(systemIn({}), streams, global, () => Promise.resolve(table), []);
  assert.ok(readInput(context, undefined, 10_000).length > 10_000);
  assert.equal(reads, 11);
});

test("a name that is too long for a file is refused as bad usage, whether it is read or written", async () => {
  const cwd = repository();
  await answer(["meta", "set", "b"], cwd, documentOf(cwd, "b"));
  for (const long of ["a".repeat(300), `x/${"é".repeat(126)}`]) {
    for (const args of [["get"], ["set"], ["delete"], ["edit", "--no-pr"]]) {
      assert.equal((await failure(["meta", ...args, long], cwd)).exit, 2, args.join(" "));
    }
    const input = JSON.stringify({ branch: long, metadata: null });
    for (const more of [[], ["--dry-run"]]) assert.equal((await failure(["apply", ...more], cwd, input)).exit, 2);
  }
  assert.equal((await failure(["meta", "get", "a".repeat(250)], cwd)).exit, 1);
});

test("meta edit --base names the revision as it was typed", async () => {
  const cwd = repository();
  const stdin = documentOf(cwd, "b");
  await answer(["meta", "set", "b"], cwd, stdin);
  const { exit, message } = await failure(["meta", "edit", "b", "--base", "nope"], cwd);
  assert.equal(exit, 1);
  assert.match(message, /"nope"/);
});

test("meta edit changes fields and keeps the rest", async () => {
  const cwd = repository();
  await answer(["meta", "set", "b"], cwd, documentOf(cwd, "b"));
  const options = ["--parent", "a", "--freeze", "single", "--reason", "why", "--pr", "github:7:https://x/7"];
  await answer(["meta", "edit", "b", ...options, "--base", "HEAD~0"], cwd);
  const { metadata } = await answer(["meta", "get", "b"], cwd) as { metadata: Record<string, unknown> };
  assert.deepEqual(metadata["parent"], { kind: "branch", name: "a" });
  assert.deepEqual((metadata["pr"] as { number: number }).number, 7);
  assert.deepEqual((metadata["freeze"] as { reason: string }).reason, "why");
  await answer(["meta", "edit", "b", "--no-pr", "--unfreeze", "--parent=main"], cwd);
  const after = (await answer(["meta", "get", "b"], cwd) as { metadata: Record<string, unknown> }).metadata;
  assert.deepEqual([after["pr"], after["freeze"], after["parent"]], [
    { state: "none" },
    { state: "unfrozen" },
    { kind: "trunk", name: "main" },
  ]);
  assert.equal((await failure(["meta", "edit", "b"], cwd)).exit, 2);
  assert.equal((await failure(["meta", "edit", "c", "--no-pr"], cwd)).exit, 1);
  assert.equal((await failure(["meta", "edit", "b", "--base", "nowhere"], cwd)).exit, 1);
});

test("meta delete tells absent from unexpected", async () => {
  const cwd = repository();
  assert.equal((await failure(["meta", "delete", "b"], cwd)).exit, 1);
  assert.equal((await failure(["meta", "delete", "b", `--expect=${"1".repeat(40)}`], cwd)).exit, 3);
  const { oid } = await answer(["meta", "set", "b"], cwd, documentOf(cwd, "b")) as { oid: string };
  assert.equal((await failure(["meta", "delete", "b", `--expect=${"1".repeat(40)}`], cwd)).exit, 3);
  const deleted = await answer(["meta", "delete", "b", "--expect", oid], cwd) as Record<string, unknown>;
  assert.deepEqual(Object.keys(deleted), ["branch", "ref", "previous", "op"]);
  assert.equal(deleted["previous"], oid);
});

test("meta list and meta export are sorted by bytes; a broken document ends with 6", async () => {
  const cwd = repository();
  for (const branch of ["b", "a/x", "é", "B"]) await answer(["meta", "set", branch], cwd, documentOf(cwd, branch));
  assert.equal((await lattice(["meta", "list"], { cwd })).stdout, "B\na/x\nb\né\n");
  const broken = gitText(["hash-object", "-w", "--stdin"], cwd, "{}");
  gitText(["update-ref", "refs/branch-metadata/c", broken], cwd);
  const exported = await lattice(["meta", "export"], { cwd });
  assert.equal(exported.exit, 6);
  const lines = exported.stdout.trimEnd().split("\n").map((line) => JSON.parse(line) as { branch: string });
  assert.deepEqual(lines.map(({ branch }) => branch), ["B", "a/x", "b", "é"]);
  assert.match(exported.stderr, /^error: .*"c"/);
  const { exit, stderr } = await lattice(["-q", "meta", "export", "--json"], { cwd });
  assert.equal(exit, 6);
  const { error } = JSON.parse(stderr) as { error: { code: string; details: unknown } };
  assert.equal(error.code, "invalid_data");
  assert.equal((await failure(["meta", "get", "c"], cwd)).exit, 6);
});

test("apply does all or nothing, and rehearses with --dry-run", async () => {
  const cwd = repository();
  const main = gitText(["rev-parse", "main"], cwd);
  const line = (value: unknown) => `${JSON.stringify(value)}\n`;
  const input = line({ branch: "b", expect: null, metadata: JSON.parse(documentOf(cwd, "b")) }) +
    line({ ref: "refs/heads/n", old: null, new: main });
  const before = gitText(["for-each-ref"], cwd);
  const rehearsed = await answer(["apply", "--dry-run"], cwd, input) as { op: null; updates: { ref: string }[] };
  assert.equal(rehearsed.op, null);
  assert.equal(gitText(["for-each-ref"], cwd), before);
  const applied = await answer(["apply"], cwd, input) as { op: string; updates: unknown[] };
  assert.deepEqual(applied.updates, rehearsed.updates);
  assert.equal(gitText(["rev-parse", "n"], cwd), main);
  const after = gitText(["for-each-ref"], cwd);
  for (const more of [[], ["--dry-run"]]) {
    const bad = line({ ref: "refs/heads/m", new: main }) + line({ ref: "refs/heads/n", old: null, new: main });
    assert.equal((await failure(["apply", ...more], cwd, bad)).exit, 3);
    const gone = line({ ref: "refs/heads/m", new: "1".repeat(40) });
    assert.equal((await failure(["apply", ...more], cwd, gone)).exit, 6);
    assert.equal((await failure(["apply", ...more], cwd, "[]\n")).exit, 2);
  }
  assert.equal(gitText(["for-each-ref"], cwd), after);
  assert.deepEqual(await answer(["apply"], cwd, ""), { op: null, updates: [] });
});

test("undo walks back, redoes, and is told by op list and op show", async () => {
  const cwd = repository();
  const one = documentOf(cwd, "b");
  const { op: first } = await answer(["meta", "set", "b"], cwd, one) as { op: string };
  const { op: second } = await answer(["meta", "set", "b"], cwd, documentOf(cwd, "b", "x")) as { op: string };
  const undone = await answer(["undo"], cwd) as { op: string; updates: unknown[] };
  assert.equal((await lattice(["meta", "get", "b"], { cwd })).stdout, `${one}\n`);
  await answer(["undo"], cwd);
  assert.equal((await failure(["undo"], cwd)).exit, 1);
  assert.equal((await failure(["undo", second], cwd)).exit, 1);
  const list = await answer(["op", "list"], cwd) as {
    op_id: string;
    undone_by: string | null;
    undoes: string | null;
  }[];
  assert.equal(list.length, 4);
  assert.deepEqual(list.at(-1)?.op_id, first);
  assert.equal(list.find(({ op_id }) => op_id === second)?.undone_by, undone.op);
  assert.equal((await answer(["op", "list", "--limit=1"], cwd) as unknown[]).length, 1);
  const shown = await answer(["op", "show", second], cwd) as { steps: { kind: string; branch: string }[] };
  assert.deepEqual(shown.steps.map(({ kind, branch }) => [kind, branch]), [["metadata_write", "b"]]);
  assert.equal((await failure(["op", "show", "01234567"], cwd)).exit, 1);
  assert.equal(await answer(["op", "status"], cwd), null);
  assert.equal((await failure(["continue"], cwd)).exit, 1);
  assert.equal((await failure(["abort"], cwd)).exit, 1);
  assert.deepEqual(await answer(["recover"], cwd), { recovered: [] });
});

test("init finds the trunk, keeps what is configured, and leaves no temporary file", async () => {
  const cwd = repository("develop");
  const config = join(cwd, ".git/lattice/config.toml");
  assert.deepEqual(await answer(["init"], cwd), { trunk: "develop", config, created: true });
  assert.deepEqual(await answer(["init"], cwd), { trunk: "develop", config, created: false });
  writeFileSync(config, `# ours\ntrunk = "develop"\n\n[lock]\ntimeout = "5s" # patience\n`);
  assert.deepEqual(await answer(["init", "--trunk", "main"], cwd), { trunk: "main", config, created: false });
  assert.equal(readFileSync(config, "utf8"), `# ours\ntrunk = "main"\n\n[lock]\ntimeout = "5s" # patience\n`);
  assert.deepEqual(readdirSync(join(cwd, ".git/lattice")).filter((name) => name.includes("tmp")), []);
  assert.equal((await failure(["init", "--trunk", "a..b"], cwd)).exit, 2);
  const bare = temporaryFolder();
  gitText(["init", "-q", "--bare", "-b", "other"], bare);
  assert.equal((await failure(["init"], bare)).exit, 1);
});

test("init prefers origin/HEAD to main", async () => {
  const cwd = repository();
  gitText(["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/release/1"], cwd);
  assert.equal((await lattice(["init"], { cwd })).stdout, "release/1\n");
});

test("lock run runs its program under the lock and ends with its code", async () => {
  const cwd = repository();
  assert.equal((await lattice(["lock", "status"], { cwd })).stdout, "free\n");
  assert.equal((await lattice(["lock", "run", "--", "sh", "-c", "exit 7"], { cwd })).exit, 7);
  assert.equal((await lattice(["lock", "run", "--", "sh", "-c", "kill -TERM $$"], { cwd })).exit, 143);
  assert.equal((await lattice(["lock", "run", "--", "lattice-nonexistent"], { cwd })).exit, 127);
  assert.deepEqual(await answer(["lock", "status"], cwd), { held: false, holder: null, backend: "flock" });
});

test("lock run reports a program that cannot be started, and leaves its codes to one that can", async () => {
  const cwd = repository();
  assert.deepEqual(await failure(["lock", "run", "--json", "--", "lattice-nonexistent"], cwd), {
    exit: 127,
    code: "not_found",
    message: 'cannot run "lattice-nonexistent": there is no such program',
  });
  writeFileSync(join(cwd, "plain"), "text\n", { mode: 0o644 });
  const plain = await lattice(["lock", "run", "--", join(cwd, "plain")], { cwd });
  assert.equal(plain.exit, 126);
  assert.match(plain.stderr, /^error: cannot run ".*plain": EACCES\nhint: /);
  for (const code of [126, 127]) {
    const ended = await lattice(["lock", "run", "--", "sh", "-c", `exit ${code}`], { cwd });
    assert.deepEqual([ended.exit, ended.stderr], [code, ""]);
  }
});

test("a link in the place of lattice's own folder is refused by those who only read, too", async () => {
  const cwd = repository();
  symlinkSync(temporaryFolder(), join(cwd, ".git/lattice"));
  for (const args of [["op", "list"], ["op", "status"], ["op", "show", "01234567"], ["lock", "status"], ["recover"]]) {
    assert.equal((await failure(args, cwd)).exit, 8, args.join(" "));
  }
});

test("every command that needs a repository refuses reftables by name", async () => {
  const cwd = repository();
  gitText(["config", "core.repositoryformatversion", "1"], cwd);
  gitText(["config", "extensions.refStorage", "reftable"], cwd);
  const commands = [["op", "status"], ["op", "list"], ["lock", "status"], ["recover"]];
  commands.push(["lock", "run", "--json", "--", "true"]);
  for (const args of [...commands, ["apply"], ["meta", "list"], ["undo"], ["init", "--trunk=main"]]) {
    const { exit, message } = await failure(args, cwd);
    assert.equal(exit, 8, args.join(" "));
    assert.match(message, /ref storage "reftable"/);
  }
});

test("lock run and init inside a hook of lattice's own end at once with 5", async () => {
  const cwd = repository();
  const env = { LATTICE_IN_HOOK: "0190163d-8694-739b-aea5-966c26f8ad90" };
  for (const args of [["lock", "run", "--", "true"], ["init"]]) {
    const ended = await lattice(["--lock-timeout=inf", ...args], { cwd, env });
    assert.equal(ended.exit, 5, args.join(" "));
    assert.match(ended.stderr, /inside a hook of operation 0190163d/);
  }
});

test("the lock timeout comes from flag, environment, repo config, user config, in this order", async () => {
  const cwd = repository();
  const { loadSettings } = await import("../../src/cli/settings.ts");
  const { createContext } = await import("../../src/cli/context.ts");
  const { keptStreams, systemIn } = await import("./command_line.ts");
  const user = join(temporaryFolder(), "user.toml");
  const contextOf = (env: Record<string, string>, lockTimeoutMs?: number) =>
    createContext(
      systemIn({ cwd, env: { LATTICE_CONFIG: user, ...env } }),
      keptStreams({}).streams,
      { directories: [], gitDir: undefined, json: false, verbosity: 0, color: "auto", lockTimeoutMs },
      () => Promise.resolve({ commands: [] }),
      [],
    );
  assert.equal(await contextOf({}).lockTimeoutMs(), 10_000);
  writeFileSync(user, `lock.timeout = "4s"\n`);
  assert.equal(await contextOf({}).lockTimeoutMs(), 4000);
  await lattice(["init"], { cwd });
  writeFileSync(join(cwd, ".git/lattice/config.toml"), `[lock]\ntimeout = "3s"\n`);
  assert.equal(await contextOf({}).lockTimeoutMs(), 3000);
  assert.equal(await contextOf({ LATTICE_LOCK_TIMEOUT: "2s" }).lockTimeoutMs(), 2000);
  assert.equal(await contextOf({ LATTICE_LOCK_TIMEOUT: "2s" }, 0).lockTimeoutMs(), 0);
  await assert.rejects(contextOf({ LATTICE_LOCK_TIMEOUT: "2" }).lockTimeoutMs(), /LATTICE_LOCK_TIMEOUT.*"2"/);
  for (const text of ["lock.timeout = 5", "lock = 5", 'lock.timeout = "soon"', "trunk = []", "[trunk]", "a = = b"]) {
    writeFileSync(user, text);
    await assert.rejects(loadSettings(contextOf({})), (error: { code?: string; message: string }) => {
      assert.equal(error.code, "invalid_data", text);
      assert.ok(error.message.includes(user), error.message);
      return true;
    });
  }
});

test("an unknown key in a config file is ignored, and named with --verbose", async () => {
  const cwd = repository();
  const user = join(temporaryFolder(), "user.toml");
  writeFileSync(user, `[colour]\nshade = "x"\n`);
  const env = { LATTICE_CONFIG: user };
  const stdin = documentOf(cwd, "b");
  assert.equal((await lattice(["meta", "set", "b"], { cwd, env, stdin })).stderr, "");
  assert.match((await lattice(["-v", "meta", "set", "b"], { cwd, env, stdin })).stderr, /colour\.shade/);
});

test("git runs plumbing with git's messages and codes", async () => {
  const cwd = repository();
  const both = async (args: string[], folder = cwd) => {
    const theirs = git(args, folder);
    const ours = await lattice(["git", ...args], { cwd: folder });
    return {
      ours,
      theirs: { exit: theirs.exit, stdout: new TextDecoder().decode(theirs.stdout), stderr: theirs.stderr },
    };
  };
  for (
    const args of [["rev-parse", "HEAD"], ["-C", ".git", "rev-parse", "HEAD"], ["--git-dir=.git", "rev-parse", "main"]]
  ) {
    const { ours, theirs } = await both(args);
    assert.deepEqual(
      [ours.exit, ours.stdout, ours.stderr],
      [theirs.exit, theirs.stdout, theirs.stderr],
      args.join(" "),
    );
  }
  for (const args of [["-C", "nowhere", "rev-parse"], ["--config-env=a.b=UNSET_X", "rev-parse", "HEAD"]]) {
    const { ours, theirs } = await both(args);
    assert.deepEqual([ours.exit, ours.stderr], [theirs.exit, theirs.stderr], args.join(" "));
  }
  const outside = await both(["rev-parse", "HEAD"], temporaryFolder());
  assert.deepEqual([outside.ours.exit, outside.ours.stderr], [outside.theirs.exit, outside.theirs.stderr]);
  for (
    const [args, exit] of [[["frobnicate"], 1], [[], 1], [["--bogus"], 129], [["-C"], 129], [["-p", "x"], 129]] as const
  ) {
    const { ours, theirs } = await both([...args]);
    assert.equal(ours.exit, exit, args.join(" "));
    if (args[0] !== "-p") assert.equal(theirs.exit, exit, args.join(" "));
  }
  assert.match((await lattice(["git", "--paginate", "x"])).stderr, /--paginate.*not supported/);
});
