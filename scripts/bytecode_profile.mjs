/**
 * Records which functions the commands that people wait for use, so that the next compilation lays their bytecode side
 * by side. Without it, a short command spends a tenth of its time on fetching pages that hold one function each.
 *
 * Needs no git: the repository is made by hand.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

const BRANCH = "topic";

/** What is recorded, the command that runs most often first. Each is run on what the ones after it leave behind. */
const COMMANDS = [
  { name: "meta-get", args: ["meta", "get", BRANCH] },
  { name: "meta-set", args: ["meta", "set", BRANCH, "--file", "other.json"] },
  { name: "apply", args: ["apply", "--file", "lines"] },
];

/**
 * Runs a program's commands in a repository of their own.
 *
 * @param program Path of an executable that was compiled with bytecode.
 * @param folder Where the profiles are put; it is made when it is missing.
 * @returns The profiles' paths, the most important one first, as `bun build --bytecode-order` takes them.
 */
export function recordProfiles(program, folder) {
  const repository = mkdtempSync(join(tmpdir(), "lattice-profile-"));
  mkdirSync(folder, { recursive: true });
  try {
    writeRepository(repository);
    const run = commandRunner(program, repository);
    run(["meta", "set", BRANCH, "--file", "document.json"]);
    return COMMANDS.map(({ name, args }) => {
      const profile = join(folder, `${name}.txt`);
      run(args, { BUN_BYTECODE_ORDER_OUT: profile });
      return profile;
    });
  } finally {
    rmSync(repository, { recursive: true, force: true });
  }
}

function commandRunner(program, repository) {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(GIT|LATTICE|BUN)_/.test(name));
  const env = { ...Object.fromEntries(inherited), HOME: repository };
  return (args, more = {}) => {
    const { status, error, stderr } = spawnSync(program, args, { cwd: repository, env: { ...env, ...more } });
    if (error !== undefined) throw error;
    if (status !== 0) throw new Error(`"lattice ${args.join(" ")}" ended with ${status}: ${stderr}`);
  };
}

function writeRepository(folder) {
  for (const name of ["objects", "refs"]) mkdirSync(join(folder, ".git", name), { recursive: true });
  writeFileSync(join(folder, ".git", "HEAD"), "ref: refs/heads/main\n");
  writeFileSync(join(folder, ".git", "config"), "[core]\n\trepositoryformatversion = 0\n\tbare = false\n");
  const other = documentOf(BRANCH, {
    freeze: { state: "frozen", scope: "single", reason: "review", frozen_at: "2026-01-01T00:00:00Z" },
  });
  writeFileSync(join(folder, "document.json"), documentOf(BRANCH, {}));
  writeFileSync(join(folder, "other.json"), other);
  const lines = Array.from({ length: 20 }, (_, number) => {
    const branch = `${BRANCH}-${number}`;
    return `{"branch":"${branch}","expect":null,"metadata":${documentOf(branch, {})}}\n`;
  });
  writeFileSync(join(folder, "lines"), lines.join(""));
}

function documentOf(branch, more) {
  return JSON.stringify({
    kind: "lattice.branch-metadata",
    schema_version: 1,
    branch: { name: branch },
    parent: { kind: "trunk", name: "main" },
    base: { oid: "0123456789abcdef0123456789abcdef01234567" },
    freeze: { state: "unfrozen" },
    pr: { state: "none" },
    ...more,
    timestamps: { created_at: "2026-01-01T00:00:00Z", updated_at: "2026-01-01T00:00:00Z" },
  });
}
