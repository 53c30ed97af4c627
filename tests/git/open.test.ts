import assert from "node:assert/strict";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { findRepository, openRepository } from "../../src/git/open.ts";
import { LatticeError } from "../../src/platform/errors.ts";
import { fixtureFolder, freshFixtureFolder, temporaryFolder } from "../fixtures.ts";
import { gitText, modernGit, runProgram } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { systemOf } from "./system_of.ts";

const QUESTIONS = [
  ["--absolute-git-dir"],
  ["--path-format=absolute", "--git-common-dir"],
  ["--show-toplevel"],
  ["--is-bare-repository"],
  ["--show-prefix"],
];

/** Git's answers; `null` where it refuses one. */
function gitAnswers(cwd: string, env: Record<string, string>): (string | null)[] {
  return QUESTIONS.map((question) => {
    const outcome = runProgram(modernGit(), ["rev-parse", ...question], cwd, { env });
    return outcome.exit === 0 ? new TextDecoder().decode(outcome.stdout).replace(/\n$/, "") : null;
  });
}

function ourAnswers(cwd: string, env: Record<string, string>): (string | null)[] {
  try {
    const { gitDir, commonDir, workDir, bare, prefix } = openRepository(systemOf(cwd, env));
    return [realpathSync(gitDir), realpathSync(commonDir), workDir, String(bare), prefix];
  } catch (error) {
    if (error instanceof LatticeError && error.code === "not_a_repository") return QUESTIONS.map(() => null);
    throw error;
  }
}

function assertSameAnswers(cwd: string, env: Record<string, string> = {}): void {
  assert.deepEqual(ourAnswers(cwd, env), gitAnswers(cwd, env), `${cwd} ${JSON.stringify(env)}`);
}

const PLACES: Readonly<Record<string, readonly string[]>> = {
  "worktrees-relative": ["main", "topic", "detached", "nested/deeper/locked", "orphan", "bare.git", "from-bare", "."],
  "bare": ["project.git", "project.git/refs/heads", "logged.git", "empty.git"],
  "submodule": ["super", "super/lib", "super/lib/dep", "separate", "gitfile-blanks", "gitfile-no-newline", "lib.git"],
  "namespaces": ["."],
};

for (const [fixture, places] of Object.entries(PLACES)) {
  test(`openRepository() lays out the fixture ${fixture} as git does`, () => {
    for (const place of places) {
      const cwd = realpathSync(join(fixtureFolder(fixture), place));
      assertSameAnswers(cwd);
      if (existsSync(join(cwd, ".git/refs"))) assertSameAnswers(join(cwd, ".git/refs"));
    }
  });
}

test("openRepository() lays out worktrees that are linked by absolute paths", () => {
  const folder = realpathSync(temporaryFolder());
  gitText(["init", "-q", "main"], folder);
  gitText(["commit", "-q", "--allow-empty", "-m", "one"], join(folder, "main"));
  gitText(["worktree", "add", "-q", "../linked"], join(folder, "main"));
  mkdirSync(join(folder, "linked/a/b"), { recursive: true });
  assertSameAnswers(join(folder, "linked/a/b"));
  assert.equal(openRepository(systemOf(join(folder, "linked"))).worktreeId, "linked");
  assert.equal(openRepository(systemOf(join(folder, "main"))).worktreeId, null);
});

test("openRepository() lays out the fixture worktrees-absolute as git does, moved to where it is", () => {
  const folder = realpathSync(freshFixtureFolder("worktrees-absolute"));
  for (const place of ["topic", "detached"]) {
    const file = join(folder, place, ".git");
    assert.deepEqual(ourAnswers(join(folder, place), {}), QUESTIONS.map(() => null));
    writeFileSync(file, readFileSync(file, "utf8").replace("/srv/example/worktrees-absolute", folder));
    assertSameAnswers(join(folder, place));
    assert.equal(openRepository(systemOf(join(folder, place))).worktreeId, place);
  }
});

test("openRepository() obeys the environment and the settings as git does", () => {
  const folder = realpathSync(temporaryFolder());
  gitText(["init", "-q", "repo"], folder);
  const repo = join(folder, "repo");
  mkdirSync(join(repo, "a/b"), { recursive: true });
  mkdirSync(join(folder, "other/x"), { recursive: true });
  symlinkSync("repo", join(folder, "link"));
  for (const cwd of [join(repo, "a/b"), join(repo, ".git"), join(folder, "other/x"), folder]) {
    for (
      const env of [
        {},
        { GIT_DIR: join(repo, ".git") },
        { GIT_DIR: join(folder, "link/.git") },
        { GIT_DIR: join(repo, ".git"), GIT_WORK_TREE: join(folder, "other") },
        { GIT_DIR: join(repo, ".git"), GIT_IMPLICIT_WORK_TREE: "0" },
        { GIT_DIR: "nowhere" },
        { GIT_WORK_TREE: repo },
        { GIT_CEILING_DIRECTORIES: repo },
        { GIT_CEILING_DIRECTORIES: join(folder, "link") },
        { GIT_CEILING_DIRECTORIES: `:${join(folder, "link")}` },
        { GIT_CEILING_DIRECTORIES: join(repo, "a") },
        { GIT_OBJECT_DIRECTORY: join(repo, ".git/objects") },
      ]
    ) assertSameAnswers(cwd, env);
  }
  for (const setting of [["core.bare", "true"], ["core.worktree", "../../other"], ["core.worktree", repo]]) {
    gitText(["config", "core.bare", "false"], repo, "");
    gitText(["config", ...setting], repo);
    assertSameAnswers(join(folder, "other/x"), { GIT_DIR: join(repo, ".git") });
    if (setting[0] === "core.bare") assertSameAnswers(repo);
    runProgram("git", ["--git-dir", join(repo, ".git"), "config", "--unset-all", "core.worktree"], folder);
    gitText(["--git-dir", join(repo, ".git"), "config", "core.bare", "false"], folder);
  }
});

test("findRepository() gives null and openRepository() throws where there is none", () => {
  const folder = temporaryFolder();
  assert.equal(findRepository(systemOf(folder)), null);
  assert.throws(() => openRepository(systemOf(folder)), { code: "not_a_repository" });
});

/** A repository that belongs, as a whole or in part, to user 1234. */
function foreignRepository(...parts: string[]): string {
  const folder = realpathSync(temporaryFolder());
  gitText(["init", "-q"], folder);
  for (const part of parts) chownSync(join(folder, part), 1234, 1234);
  return folder;
}

function isRefused(cwd: string, env: Record<string, string>, userId?: number): boolean {
  try {
    openRepository(systemOf(cwd, env, userId));
    return false;
  } catch (error) {
    if (error instanceof LatticeError && error.code === "unsafe_repository") return true;
    throw error;
  }
}

test("openRepository() trusts whom git trusts", () => {
  assert.equal(process.geteuid?.(), 0, "this test gives folders away, which only root can do");
  for (const parts of [[], ["."], [".git"], [".", ".git"], [".git/config"]]) {
    const folder = foreignRepository(...parts);
    symlinkSync(folder, `${folder}-link`);
    const settings: (readonly string[] | null)[] = [
      null,
      ["*"],
      [folder],
      [`${folder}/`],
      [`${folder}-link`],
      ["*", ""],
      ["", folder],
      [`${folder}/*`],
      [join(folder, "../*")],
      ["/somewhere"],
      ["relative"],
    ];
    for (const safe of settings) {
      const config = join(temporaryFolder(), "global");
      writeFileSync(config, (safe ?? []).map((value) => `[safe]\ndirectory = "${value}"\n`).join(""));
      for (
        const more of [{}, { SUDO_UID: "1234" }, { SUDO_UID: "x" }, { GIT_DIR: join(folder, ".git") }] as Record<
          string,
          string
        >[]
      ) {
        const env = { GIT_CONFIG_GLOBAL: config, ...more };
        const refused = runProgram(modernGit(), ["rev-parse", "--git-dir"], folder, { env }).exit !== 0;
        assert.equal(isRefused(folder, env), refused, JSON.stringify({ parts, safe, more }));
      }
    }
  }
});

test("openRepository() of a user other than root trusts whom git trusts", () => {
  for (const parts of [[], ["."], [".git"], [".", ".git"]]) {
    const folder = foreignRepository(...parts);
    chmodSync(folder, 0o755);
    for (const userId of [1234, 4321]) {
      const env = { SUDO_UID: "0", HOME: "/nowhere" };
      const args = ["--reuid", String(userId), "--clear-groups", "git", "rev-parse", "--git-dir"];
      const refused = runProgram("setpriv", args, folder, { env }).exit !== 0;
      assert.equal(isRefused(folder, env, userId), refused, JSON.stringify({ parts, userId }));
      assert.equal(refused, !(userId === 1234 && parts.length === 2));
    }
  }
});

test("openRepository() does not take trust from the repository itself, and says how to give it", () => {
  const folder = foreignRepository(".");
  writeFileSync(join(folder, ".git/config"), "[safe]\ndirectory = *\n");
  assert.throws(() => openRepository(systemOf(folder)), {
    code: "unsafe_repository",
    hint: `to trust it, run: git config --global --add safe.directory ${folder}`,
  });
});

test("openRepository() refuses a bare repository that was come upon when only named ones are allowed", () => {
  const folder = realpathSync(temporaryFolder());
  gitText(["init", "-q", "--bare", "x.git"], folder);
  gitText(["init", "-q", "y"], folder);
  const env = { GIT_CONFIG_COUNT: "1", GIT_CONFIG_KEY_0: "safe.bareRepository", GIT_CONFIG_VALUE_0: "explicit" };
  for (const [place, more] of [["x.git", {}], ["x.git", { GIT_DIR: "." }], ["y/.git", {}]] as const) {
    const all = { ...env, ...more };
    const refused = runProgram(modernGit(), ["rev-parse", "--git-dir"], join(folder, place), { env: all }).exit !== 0;
    assert.equal(isRefused(join(folder, place), all), refused, place);
  }
  assert.ok(isRefused(join(folder, "x.git"), env));
});
