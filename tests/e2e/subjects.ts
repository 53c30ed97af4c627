/**
 * What is killed and disturbed: a command, the repository it is run in, and the refs before and after it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { gitText } from "../git_oracle.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { documentOf, lattice } from "./binary.ts";
import { callsOf, disturbed, type SystemCall } from "./system_calls.ts";

/** A command and where it runs. */
export interface Subject {
  readonly name: string;
  readonly args: readonly string[];
  readonly stdin: string;
  /** All refs before, as {@link refsIn} lists them. */
  readonly before: string;
  /** All refs after it. */
  readonly after: string;
  /** Its calls when nothing disturbs it. */
  readonly calls: readonly SystemCall[];
  /** Makes a repository in which it has not run yet. */
  fresh(): string;
}

/** All refs and `HEAD` with their values, without those that keep replaced objects. */
export function refsIn(cwd: string): string {
  const refs = gitText(["for-each-ref", "--format=%(refname) %(objectname)"], cwd).split("\n");
  return [`HEAD ${gitText(["symbolic-ref", "HEAD"], cwd)}`, ...refs.filter((line) => !line.startsWith("refs/lattice/"))]
    .join("\n");
}

/** Copies a repository; names that share a file share one in the copy. */
export function copyOf(template: string): string {
  const copy = join(temporaryFolder(), "repository");
  execFileSync("cp", ["-a", template, copy]);
  return copy;
}

function subject(name: string, template: string, args: readonly string[], stdin: string, exit = 0): Subject {
  const tried = copyOf(template);
  const { calls, ended } = callsOf(args, { cwd: tried, stdin });
  assert.equal(ended.exit, exit, `${name}: ${ended.stderr}`);
  assert.ok(calls.filter(({ changes }) => changes).length > 5, `${name}: strace saw hardly any call`);
  return {
    name,
    args,
    stdin,
    before: refsIn(template),
    after: refsIn(tried),
    calls,
    fresh: () => copyOf(template),
  };
}

/** A repository with two commits, of which `main` is checked out at the first. */
export function repository(): { cwd: string; first: string; second: string } {
  const cwd = temporaryFolder();
  gitText(["init", "-q", "-b", "main"], cwd);
  gitText(["commit", "-q", "--allow-empty", "-m", "first"], cwd);
  const first = gitText(["rev-parse", "HEAD"], cwd);
  gitText(["commit", "-q", "--allow-empty", "-m", "second"], cwd);
  const second = gitText(["rev-parse", "HEAD"], cwd);
  gitText(["update-ref", "refs/heads/side", second], cwd);
  gitText(["reset", "-q", "--hard", first], cwd);
  return { cwd, first, second };
}

/** A line of `apply` that sets a document. */
export function documentLine(branch: string, base: string): string {
  return JSON.stringify({ branch, metadata: JSON.parse(documentOf(branch, base)) });
}

function stored(cwd: string, lines: readonly string[]): void {
  const ended = lattice(["apply"], { cwd, stdin: lines.join("\n") });
  assert.equal(ended.exit, 0, ended.stderr);
}

/** `meta set` of a branch that has no document yet, in a repository in which lattice never ran. */
export function setFirstDocument(): Subject {
  const { cwd, first } = repository();
  return subject("meta set, the first document", cwd, ["meta", "set", "topic"], documentOf("topic", first));
}

/** `meta set` of a branch that has a document, in a repository with earlier operations. */
export function replaceDocument(): Subject {
  const { cwd, first, second } = repository();
  stored(cwd, [documentLine("topic", first), documentLine("other", first)]);
  return subject("meta set, another document", cwd, ["meta", "set", "topic"], documentOf("topic", second));
}

/**
 * `apply` of five changes on the loose path: a document replaced, one created, one deleted that is packed, the branch
 * that is checked out moved, and one that is packed deleted.
 */
export function applyFive(): Subject {
  const { cwd, first, second } = repository();
  stored(cwd, [documentLine("topic", first), documentLine("gone", first)]);
  gitText(["branch", "packed", first], cwd);
  gitText(["pack-refs", "--all"], cwd);
  stored(cwd, [documentLine("topic", second)]);
  const lines = [
    documentLine("topic", first),
    documentLine("deep/er", second),
    JSON.stringify({ branch: "gone", metadata: null }),
    JSON.stringify({ ref: "refs/heads/main", old: first, new: second }),
    JSON.stringify({ ref: "refs/heads/packed", old: first, new: null }),
  ];
  return subject("apply of 5", cwd, ["apply"], lines.join("\n"));
}

/** `apply` of a hundred documents on the batch path, half of which replace packed ones. */
export function applyHundred(): Subject {
  const { cwd, first, second } = repository();
  const lines = (from: number, to: number, base: string) =>
    Array.from({ length: to - from }, (_, index) => documentLine(`branch-${from + index}`, base));
  stored(cwd, lines(0, 50, first));
  gitText(["pack-refs", "--all"], cwd);
  return subject("apply of 100", cwd, ["apply"], lines(0, 100, second).join("\n"));
}

/** `git pack-refs --all` of packed and loose refs. No ref has another value afterwards. */
export function packAll(): Subject {
  const { cwd, first, second } = repository();
  gitText(["tag", "-a", "-m", "v1", "v1"], cwd);
  gitText(["pack-refs", "--all"], cwd);
  gitText(["update-ref", "refs/heads/side", first], cwd);
  gitText(["update-ref", "refs/heads/deep/er", second], cwd);
  stored(cwd, [documentLine("topic", first)]);
  return subject("git pack-refs", cwd, ["git", "pack-refs", "--all"], "");
}

/** `git reflog expire` of every line of every reflog. No ref has another value afterwards. */
export function expireAll(): Subject {
  const { cwd, first } = repository();
  stored(cwd, [documentLine("topic", first)]);
  return subject("git reflog expire", cwd, ["git", "reflog", "expire", "--expire=now", "--all"], "");
}

/** `undo` of {@link applyFive}. */
export function undoFive(): Subject {
  const five = applyFive();
  const cwd = five.fresh();
  const ended = lattice(five.args, { cwd, stdin: five.stdin });
  assert.equal(ended.exit, 0, ended.stderr);
  return subject("undo of 5", cwd, ["undo"], "");
}

/**
 * `recover` after {@link applyFive} was killed when some of its refs had changed.
 *
 * Killed before its second rename onto a ref; recovery may itself be killed anywhere.
 */
export function recoverFive(): Subject {
  const { name, cwd } = halfAppliedFive();
  return { ...subject(name, cwd, ["recover"], ""), before: applyFive().before };
}

/** A repository in which {@link applyFive} was killed after its first rename onto a ref. */
export function halfAppliedFive(): { name: string; cwd: string; five: Subject } {
  const five = applyFive();
  const renames = five.calls.filter(({ name, text }) =>
    name.startsWith("rename") && /, "[^"]*\/\.git\/refs\//.test(text)
  );
  const second = renames[1];
  assert.ok(second !== undefined, "apply of 5 renames onto at least two refs");
  const cwd = five.fresh();
  disturbed(second, "signal=KILL", five.args, { cwd, stdin: five.stdin });
  const refs = refsIn(cwd);
  assert.ok(refs !== five.before && refs !== five.after, "the kill did not come in the middle");
  return { name: "recover after a half applied 5", cwd, five };
}
