/**
 * Two equal copies of a repository, of which one is changed by git and one by lattice, and what must be equal between
 * them after each command.
 *
 * @module
 */
import assert from "node:assert/strict";
import { cpSync, existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../fixtures.ts";
import { runProgram } from "../git_oracle.ts";
import { lattice } from "../cli/command_line.ts";

const latin1 = new TextDecoder("latin1");

/** A repository to copy, in `<root>/repo`, with the names of what is in it. */
export interface Template {
  /** The git that made it, and judges. */
  readonly git: string;
  readonly root: string;
  /** Object names by the words that stand for them in commands, such as `<C1>`. */
  readonly oids: Readonly<Record<string, string>>;
}

/** A command for both copies. */
export interface Step {
  /** `both`: git in the one copy, lattice in the other. `git`: git in both, as somebody else's doing. */
  readonly by: "both" | "git";
  /** Whether it only reads. */
  readonly reads?: boolean;
  readonly args: readonly string[];
  readonly stdin?: string;
  /** Run it in the linked worktree, where there is one. */
  readonly linked?: boolean;
}

/** Two copies. */
export interface Twins {
  readonly template: Template;
  /** Root of the copy that git changes. */
  readonly theirs: string;
  /** Root of the copy that lattice changes. */
  readonly ours: string;
}

/** Makes a repository with a few commits, tags and refs, some of them packed. */
export function makeTemplate(git: string, objectFormat: "sha1" | "sha256"): Template {
  const root = temporaryFolder();
  const repo = join(root, "repo");
  const run = (args: string[], stdin = "") => {
    const outcome = runProgram(git, args, existsSync(repo) ? repo : root, { stdin });
    if (outcome.exit !== 0) throw new Error(`git ${args.join(" ")}: ${outcome.stderr}`);
    return latin1.decode(outcome.stdout).trim();
  };
  const format = ["--ref-format=files"].filter(() => git !== "git");
  run(["init", "-q", "--template=", "-b", "main", `--object-format=${objectFormat}`, ...format, "repo"]);
  for (
    const [key, value] of [["gc.auto", "0"], ["gc.reflogExpire", "never"], ["gc.reflogExpireUnreachable", "never"]]
  ) {
    run(["config", key!, value!]);
  }
  const digits = objectFormat === "sha1" ? 40 : 64;
  const oids: Record<string, string> = { ZERO: "0".repeat(digits), ABSENT: "1".repeat(digits) };
  oids["BLOB"] = run(["hash-object", "-w", "--stdin"], "content\n");
  oids["TREE"] = run(["mktree"], `100644 blob ${oids["BLOB"]}\tfile\n`);
  oids["C1"] = run(["commit-tree", oids["TREE"], "-m", "one"]);
  oids["C2"] = run(["commit-tree", oids["TREE"], "-p", oids["C1"], "-m", "two"]);
  oids["C3"] = run(["commit-tree", oids["TREE"], "-p", oids["C2"], "-m", "three"]);
  oids["SIDE"] = run(["commit-tree", oids["TREE"], "-p", oids["C1"], "-m", "side"]);
  run(["update-ref", "refs/heads/main", oids["C2"]]);
  run(["reset", "-q", "--hard", oids["C3"]]);
  run(["tag", "-a", "-m", "first", "v1", oids["C1"]]);
  oids["TAG"] = run(["rev-parse", "v1"]);
  run(["update-ref", "refs/heads/packed", oids["C1"]]);
  run(["update-ref", "refs/heads/dir/x", oids["C2"]]);
  run(["update-ref", "refs/remotes/origin/main", oids["C2"]]);
  run(["pack-refs", "--all"]);
  run(["update-ref", "refs/heads/packed", oids["C2"]]);
  run(["update-ref", "refs/heads/loose", oids["SIDE"]]);
  run(["symbolic-ref", "refs/heads/link", "refs/heads/loose"]);
  run(["symbolic-ref", "refs/remotes/origin/current", "refs/remotes/origin/main"]);
  return { git, root, oids };
}

/** Copies a template twice. */
export function makeTwins(template: Template): Twins {
  const folder = temporaryFolder();
  const twins = { template, theirs: join(folder, "theirs"), ours: join(folder, "ours") };
  for (const copy of [twins.theirs, twins.ours]) {
    cpSync(template.root, copy, { recursive: true, preserveTimestamps: true });
  }
  return twins;
}

/** Runs a command on both copies, and throws when anything that can be seen differs. */
export async function runOnTwins({ template, theirs, ours }: Twins, step: Step): Promise<void> {
  const fill = (text: string) => text.replaceAll(/<([A-Z0-9]+)>/g, (_, word: string) => template.oids[word]!);
  const args = step.args.map(fill);
  const stdin = fill(step.stdin ?? "");
  const place = (root: string) => {
    const linked = join(root, "linked");
    return step.linked === true && existsSync(linked) ? linked : join(root, "repo");
  };
  const wanted = runProgram(template.git, args, place(theirs), { stdin });
  const before = step.reads === true ? listing(ours) : null;
  const got = step.by === "git"
    ? runProgram(template.git, args, place(ours), { stdin })
    : await latticeGit(args, place(ours), stdin);
  const what = `git ${args.join(" ")} <<< ${JSON.stringify(stdin)}\ngit: ${wanted.stderr}\nours: ${got.stderr}`;
  const comparable = ({ exit, stdout }: { exit: number; stdout: Uint8Array }, root: string) => ({
    exit,
    stdout: latin1.decode(stdout).replaceAll(root, "ROOT"),
  });
  assert.deepEqual(comparable(got, ours), comparable(wanted, theirs), what);
  if (before !== null) assert.deepEqual(listing(ours), before, `${what}\nit reads, and wrote`);
  else compareStates(template.git, theirs, ours, what);
}

async function latticeGit(args: readonly string[], cwd: string, stdin: string) {
  const ended = await lattice(["git", ...args], { cwd, stdin });
  return { exit: ended.exit, stdout: ended.stdoutBytes, stderr: ended.stderr };
}

/** What git sees in both must be the same, and nothing may be left over. */
function compareStates(git: string, theirs: string, ours: string, what: string): void {
  assert.deepEqual(refsOf(git, ours), refsOf(git, theirs), what);
  assert.deepEqual(...differences(fieldsOf(ours), fieldsOf(theirs)), what);
  assert.deepEqual(leftOvers(ours), [], what);
  const checked = runProgram(git, ["fsck"], join(ours, "repo"));
  const verdict = { exit: checked.exit, stdout: latin1.decode(checked.stdout), stderr: checked.stderr };
  if (checked.exit === 0 && checked.stdout.length === 0 && checked.stderr === "") return;
  const judged = runProgram(git, ["fsck"], join(theirs, "repo"));
  assert.deepEqual(verdict, { exit: judged.exit, stdout: latin1.decode(judged.stdout), stderr: judged.stderr }, what);
}

function refsOf(git: string, root: string): string[] {
  return ["repo", "linked"].filter((name) => existsSync(join(root, name))).map((name) => {
    const format = "--format=%(refname) %(objectname) %(symref)";
    const outcome = runProgram(git, ["for-each-ref", format], join(root, name));
    return `${outcome.exit} ${latin1.decode(outcome.stdout)}`;
  });
}

/** Files whose bytes must be equal: HEAD and its like, refs of one worktree, every reflog. */
function fieldsOf(root: string): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const path of filesBelow(join(root, "repo/.git"))) {
    if (!/(?:^|\/)(?:[A-Z]+_)*HEAD$|(?:^|\/)logs\/|^worktrees\/[^/]+\/refs\//.test(path)) continue;
    const text = latin1.decode(readFileSync(join(root, "repo/.git", path)));
    fields[path] = path.includes("logs/") ? withoutIdleLines(text) : text;
  }
  return fields;
}

/**
 * A reflog without lines whose two values are the same: git notes that a symbolic ref was written through even where
 * nothing moved, lattice does not.
 */
function withoutIdleLines(log: string): string {
  return log.split("\n").filter((line) => !/^([0-9a-f]+) \1 /.test(line)).join("\n");
}

/** Only what differs, so that a failure can be read. */
function differences(
  ours: Record<string, string>,
  theirs: Record<string, string>,
): [Record<string, string | undefined>, Record<string, string | undefined>] {
  const names = Object.keys({ ...ours, ...theirs }).filter((name) => ours[name] !== theirs[name]);
  const only = (fields: Record<string, string>) => Object.fromEntries(names.map((name) => [name, fields[name]]));
  return [only(ours), only(theirs)];
}

/** Locks, temporary files and markers that a finished command must not leave. */
export function leftOvers(root: string): string[] {
  return filesBelow(join(root, "repo/.git")).filter((path) =>
    path.endsWith(".lock") || path.startsWith("lattice/tmp/") || path === "lattice/op-state.json" ||
    path.endsWith(".keep") || path.includes("tmp_")
  );
}

/** Names, inodes and times of everything in the repository. */
function listing(root: string): string[] {
  return filesBelow(join(root, "repo/.git")).map((path) => {
    const { ino, mtimeMs, size } = lstatSync(join(root, "repo/.git", path));
    return `${path} ${ino} ${mtimeMs} ${size}`;
  });
}

/** Paths of all files below a folder, relative to it, sorted. */
export function filesBelow(folder: string, prefix = ""): string[] {
  const paths: string[] = [];
  for (const entry of readdirSync(join(folder, prefix), { withFileTypes: true })) {
    const path = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
    if (entry.isDirectory()) paths.push(...filesBelow(folder, path));
    else paths.push(path);
  }
  return paths.sort();
}
