import assert from "node:assert/strict";
import { mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { createConfigFiles } from "../../../src/git/config/files.ts";
import { parseConfig } from "../../../src/git/config/parse.ts";
import { findRepository } from "../../../src/git/open.ts";
import { readConfig } from "../../../src/git/config/read.ts";
import { LatticeError } from "../../../src/platform/errors.ts";
import { bytesToName, utf8 } from "../../../src/platform/text.ts";
import { temporaryFolder } from "../../fixtures.ts";
import { git, gitText, modernGit, runProgram } from "../../git_oracle.ts";
import { test } from "../../harness.ts";
import { holds } from "../../property.ts";
import { systemOf } from "../system_of.ts";

/** Assignments as `git config --list -z` prints them; `null` when git refuses the file. */
function listedByGit(file: string, folder: string): string | null {
  const outcome = runProgram(modernGit(), ["config", "--file", file, "--no-includes", "--list", "-z"], folder);
  return outcome.exit === 0 ? bytesToName(outcome.stdout) : null;
}

function listedByUs(bytes: Uint8Array): string | null {
  try {
    return parseConfig(bytes, "f").map(({ key, value }) => value === null ? `${key}\0` : `${key}\n${value}\0`).join("");
  } catch (error) {
    if (error instanceof LatticeError && error.code === "invalid_data") return null;
    throw error;
  }
}

const HAND_WRITTEN = [
  "",
  "\ufeff[a]\nb=c\n",
  "[a]b=c",
  "[a]\r\n\tb = c \r\n",
  '[a "x\\"y\\\\z\\q"]\nb = "  q ; # " t # comment\n',
  "[a.B.c]\nD = 1\n[A]d\n[a]\nd=\n",
  "[a]\nb = one \\\n  two\\\n",
  '[a]\nb = x\\ty\\nz\\"\\\\ \\b\n',
  "[a]\nb = x   y\tz  \n",
  '[a]\nb = "x  "   \n',
  "[a]\nb = \\\n",
  '[a]\nb = "x\\\n y"\n',
  "[a]\nb = \\\\",
  "[a]\nb = \\",
  '[a]\nb = "\\',
  '[a]\nb = "open\n',
  "[a]\nb = \\x\n",
  "[a]\nb = v\0w\n",
  "[a]\n1b = c\n",
  "[a b]\nc=d\n",
  '[a  "b"]c=d\n',
  '[a "b" ]\nc=d\n',
  '[a"b"]\nc=d\n',
  "[a\n]\nb=c\n",
  "[a",
  "[a]\nb c = d\n",
  "[a]\nb-c.d = e\n",
  "[a]\nb=c;d\n",
  "[a]\n; x\n# y\nb ;c\n",
  "[a]\nb=c\rd\r\r\n",
  "[]\nb=c\n",
  '[ "x"]d\n[.]e\n[..x]f=g',
  "[-.]\nb=c\n",
  "[a]\nb = \u00e4\u{1f600}\n",
];

test("parseConfig() reads and refuses what git does, by hand", () => {
  const folder = temporaryFolder();
  const file = join(folder, "f");
  for (const text of HAND_WRITTEN) {
    writeFileSync(file, text);
    assert.equal(listedByUs(utf8(text)), listedByGit(file, folder), JSON.stringify(text));
  }
});

test("parseConfig() reads and refuses what git does, generated", () => {
  const folder = temporaryFolder();
  const file = join(folder, "f");
  const piece = fc.constantFrom(
    ...'[ ] " \\ = # ; . - a B 1 \t'.split(" "),
    ...[" ", "\n", "\r\n", "\r", "[s]\n", '[s "t"]\n', "k = ", "\\\n", "\\n", "v"],
  );
  const text = fc.array(piece, { maxLength: 14 }).map((pieces) => `[s]\n${pieces.join("")}`);
  holds(
    "parseConfig() reads and refuses what git does, generated",
    fc.property(text, (content) => {
      writeFileSync(file, content);
      assert.equal(listedByUs(utf8(content)), listedByGit(file, folder));
    }),
    { seed: 20231116, numRuns: 300 },
  );
});

test("parseConfig() keeps bytes that are not UTF-8", () => {
  const [entry] = parseConfig(Uint8Array.of(...utf8("[a]\nb="), 0xff, 0xfe), "f");
  assert.equal(entry!.value, "\udcff\udcfe");
});

test("parseConfig() reads a line of a million units in bounded time", () => {
  assert.equal(parseConfig(utf8(`[a]\nb=${"x ".repeat(500_000)}`), "f")[0]!.value!.length, 999_999);
});

/** A repository with every scope, includes and conditions. */
function richRepository(): { folder: string; env: Record<string, string> } {
  const folder = realpathSync(temporaryFolder());
  const home = join(folder, "home");
  mkdirSync(join(home, ".config/git"), { recursive: true });
  gitText(["init", "-q", "-b", "topic/one", "work"], folder);
  const work = join(folder, "work");
  writeFileSync(join(folder, "system"), "[x]\nfrom = system\n");
  writeFileSync(join(home, ".config/git/config"), "[x]\nfrom = xdg\n[include]\npath = more\n");
  writeFileSync(join(home, ".config/git/more"), "[x]\nfrom = more\n");
  writeFileSync(
    join(home, ".gitconfig"),
    [
      "[x]",
      "from = home",
      ...[
        "gitdir:~/../work/",
        "gitdir:work/.git",
        "gitdir:elsewhere/",
        "gitdir/i:WORK/",
        "onbranch:topic/",
        "onbranch:topic",
        "onbranch:**/one",
        "hasconfig:remote.*.url:https://example.com/**",
        "hasconfig:remote.*.url:ssh://**",
        "unknown:x",
      ].flatMap((condition, i) => [`[includeIf "${condition}"]`, `path = ~/c${i}`]),
      "",
    ].join("\n"),
  );
  for (let i = 0; i < 10; i++) writeFileSync(join(home, `c${i}`), `[x]\ncondition = ${i}\n`);
  writeFileSync(join(work, ".git/inc"), "[x]\nfrom = inc\nflag\n");
  gitText(["config", "include.path", "inc"], work);
  gitText(["config", "remote.origin.url", "https://example.com/a/b"], work);
  gitText(["config", "core.repositoryFormatVersion", "1"], work);
  gitText(["config", "extensions.worktreeConfig", "true"], work);
  writeFileSync(join(work, ".git/config.worktree"), "[x]\nfrom = worktree\n");
  return {
    folder: work,
    env: {
      HOME: home,
      GIT_CONFIG_NOSYSTEM: "0",
      GIT_CONFIG_SYSTEM: join(folder, "system"),
      GIT_CONFIG_COUNT: "2",
      GIT_CONFIG_KEY_0: "X.Sub.From",
      GIT_CONFIG_VALUE_0: "counted",
      GIT_CONFIG_KEY_1: "include.path",
      GIT_CONFIG_VALUE_1: join(work, ".git/inc"),
      GIT_CONFIG_PARAMETERS: "'x.from'='it'\\''s' 'x.old=style' 'x.bare'=  'x.older'",
    },
  };
}

test("readConfig() gives every scope in git's order with its includes", () => {
  const { folder, env } = richRepository();
  const plain: Record<string, string | undefined> = { ...systemOf(folder, env).env };
  delete plain["GIT_CONFIG_GLOBAL"];
  const system = { ...systemOf(folder), env: plain };
  const outcome = runProgram(
    "env",
    ["-u", "GIT_CONFIG_GLOBAL", "git", "config", "--list", "-z", "--show-scope"],
    folder,
    {
      env,
    },
  );
  assert.equal(outcome.exit, 0, outcome.stderr);
  const ours = findRepository(system)!.config.entries
    .map(({ scope, key, value }) => value === null ? `${scope}\0${key}\0` : `${scope}\0${key}\n${value}\0`).join("");
  assert.equal(ours, bytesToName(outcome.stdout));
  assert.match(ours, /condition\n1/);
});

test("findRepository() puts overrides above everything", () => {
  const { folder } = richRepository();
  const { config } = findRepository(systemOf(folder), { configOverrides: ["X.From=a=b", "x.yes"] })!;
  assert.equal(config.get("x.from"), "a=b");
  assert.equal(config.getBoolean("x.yes"), true);
});

test("readConfig() refuses the URL of a remote in a file that depends on such URLs, as git does", () => {
  const folder = temporaryFolder();
  const file = join(folder, "global");
  writeFileSync(file, '[includeIf "hasconfig:remote.*.url:nothing"]\npath = more\n');
  for (const more of ["[remote]\nx = y\n", '[remote "r"]\nurl = u\n']) {
    writeFileSync(join(folder, "more"), more);
    const system = systemOf(folder, { GIT_CONFIG_GLOBAL: file });
    const env = { GIT_CONFIG_GLOBAL: file };
    const refused = runProgram("git", ["config", "--list"], folder, { env }).exit !== 0;
    const read = answer(() => readConfig(system, createConfigFiles(system, []), null).entries.length);
    assert.equal(read, refused ? "refused" : "1");
    assert.equal(refused, more.includes("url"));
  }
});

test("readConfig() ends on files that include each other", () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "a"), "[include]\npath = b\n");
  writeFileSync(join(folder, "b"), "[include]\npath = a\n");
  const system = systemOf(folder, { GIT_CONFIG_GLOBAL: join(folder, "a") });
  assert.throws(() => readConfig(system, createConfigFiles(system, []), null), /more than 10 deep/);
});

test("readConfig() ends on a fan of includes", () => {
  const folder = temporaryFolder();
  for (let i = 0; i < 9; i++) writeFileSync(join(folder, `f${i}`), `[include]\npath = f${i + 1}\n`.repeat(20));
  writeFileSync(join(folder, "f9"), "[a]\nb=c\n");
  const system = systemOf(folder, { GIT_CONFIG_GLOBAL: join(folder, "f0") });
  assert.throws(() => readConfig(system, createConfigFiles(system, []), null), /more than 10000 files/);
});

test("Config.getBoolean() and Config.getInteger() agree with git", () => {
  const folder = temporaryFolder();
  const file = join(folder, "f");
  const values = [
    "",
    "yes",
    "ON",
    "tRue",
    "no",
    "Off",
    "0",
    "1",
    "-1",
    "2k",
    "0x10",
    "010",
    "09",
    "1kb",
    "x",
    " 5",
    "3g",
    "k",
  ];
  for (const value of values) {
    writeFileSync(file, `[a]\nb = "${value}"\n`);
    const system = systemOf(folder, { GIT_CONFIG_GLOBAL: file });
    const config = readConfig(system, createConfigFiles(system, []), null);
    for (const type of ["bool", "int"]) {
      const outcome = git(["config", "--file", file, `--type=${type}`, "a.b"], folder);
      const expected = outcome.exit === 0 ? new TextDecoder().decode(outcome.stdout).trim() : "refused";
      assert.equal(
        answer(() => type === "bool" ? config.getBoolean("a.b") : config.getInteger("a.b")),
        expected,
        value,
      );
    }
  }
});

function answer(read: () => unknown): string {
  try {
    return String(read());
  } catch (error) {
    if (error instanceof LatticeError && error.code === "invalid_data") return "refused";
    throw error;
  }
}
