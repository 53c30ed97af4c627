/**
 * The single commands that are killed and disturbed.
 *
 * @module
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gitText } from "../git_oracle.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { documentOf, lattice } from "./binary.ts";
import { pushedRepository, run } from "./pushed_repository.ts";
import { refsIn, type Subject, subjectOf } from "./subject.ts";
import { disturbed } from "./system_calls.ts";

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
  return subjectOf({
    name: "meta set, the first document",
    template: cwd,
    args: ["meta", "set", "topic"],
    stdin: documentOf("topic", first),
    way: "at once",
  });
}

/** `meta set` of a branch that has a document, in a repository with earlier operations. */
export function replaceDocument(): Subject {
  const { cwd, first, second } = repository();
  stored(cwd, [documentLine("topic", first), documentLine("other", first)]);
  return subjectOf({
    name: "meta set, another document",
    template: cwd,
    args: ["meta", "set", "topic"],
    stdin: documentOf("topic", second),
    way: "at once",
  });
}

/**
 * `apply` of five changes on the loose path: a document replaced, one created, one deleted that is both packed and
 * loose, the branch that is checked out moved by way of a symbolic ref, and one that is packed deleted.
 */
export function applyFive(): Subject {
  const { cwd, first, second } = repository();
  stored(cwd, [documentLine("topic", first), documentLine("gone", first)]);
  gitText(["branch", "packed", first], cwd);
  gitText(["pack-refs", "--all"], cwd);
  stored(cwd, [documentLine("topic", second), documentLine("gone", second)]);
  gitText(["symbolic-ref", "refs/heads/alias", "refs/heads/main"], cwd);
  const lines = [
    documentLine("topic", first),
    documentLine("deep/er", second),
    JSON.stringify({ branch: "gone", metadata: null }),
    JSON.stringify({ ref: "refs/heads/alias", old: first, new: second }),
    JSON.stringify({ ref: "refs/heads/packed", old: first, new: null }),
  ];
  return subjectOf({ name: "apply of 5", template: cwd, args: ["apply"], stdin: lines.join("\n") });
}

/** `apply` of a hundred documents on the batch path, half of which replace packed ones. */
export function applyHundred(): Subject {
  const { cwd, first, second } = repository();
  const lines = (from: number, to: number, base: string) =>
    Array.from({ length: to - from }, (_, index) => documentLine(`branch-${from + index}`, base));
  stored(cwd, lines(0, 50, first));
  gitText(["pack-refs", "--all"], cwd);
  return subjectOf({
    name: "apply of 100",
    template: cwd,
    args: ["apply"],
    stdin: lines(0, 100, second).join("\n"),
    way: "at once",
  });
}

/**
 * `apply` of five hundred changes on the loose path: deletions of branches that are packed, loose, and both, branches
 * moved and created, documents created, two branches moved by way of symbolic refs.
 */
export function applyFiveHundred(): Subject {
  const { cwd, first, second } = repository();
  const put = (from: number, to: number, oid: string) => {
    const lines = Array.from({ length: to - from }, (_, i) => `update refs/heads/many/${from + i} ${oid}\n`);
    gitText(["update-ref", "--stdin"], cwd, lines.join(""));
  };
  put(0, 200, first);
  gitText(["pack-refs", "--all"], cwd);
  put(50, 100, second); // now both packed and loose
  put(200, 250, second);
  for (const name of ["one", "two"]) {
    gitText(["update-ref", `refs/heads/aim/${name}`, first], cwd);
    gitText(["symbolic-ref", `refs/heads/alias/${name}`, `refs/heads/aim/${name}`], cwd);
  }
  const lines = [
    ...Array.from({ length: 398 }, (_, i) => {
      const ref = `refs/heads/many/${i}`;
      if (i < 100 || (i >= 200 && i < 225)) return JSON.stringify({ ref, new: null });
      return JSON.stringify({ ref, new: i < 200 ? second : first });
    }),
    ...Array.from({ length: 100 }, (_, i) => documentLine(`many/${i}`, first)),
    JSON.stringify({ ref: "refs/heads/alias/one", old: first, new: second }),
    JSON.stringify({ ref: "refs/heads/alias/two", old: first, new: second }),
  ];
  assert.equal(lines.length, 500);
  return subjectOf({ name: "apply of 500", template: cwd, args: ["apply"], stdin: lines.join("\n") });
}

/** `git pack-refs --all` of packed and loose refs. No ref has another value afterwards. */
export function packAll(): Subject {
  const { cwd, first, second } = repository();
  gitText(["tag", "-a", "-m", "v1", "v1"], cwd);
  gitText(["pack-refs", "--all"], cwd);
  gitText(["update-ref", "refs/heads/side", first], cwd);
  gitText(["update-ref", "refs/heads/deep/er", second], cwd);
  stored(cwd, [documentLine("topic", first)]);
  return subjectOf({ name: "git pack-refs", template: cwd, args: ["git", "pack-refs", "--all"] });
}

/** `git reflog expire` of every line of every reflog. No ref has another value afterwards. */
export function expireAll(): Subject {
  const { cwd, first } = repository();
  stored(cwd, [documentLine("topic", first)]);
  const args = ["git", "reflog", "expire", "--expire=now", "--all"];
  return subjectOf({ name: "git reflog expire", template: cwd, args });
}

/** `undo` of {@link applyFive}. */
export function undoFive(): Subject {
  return undoOf(applyFive());
}

/** `undo` of {@link applyFiveHundred}. */
export function undoFiveHundred(): Subject {
  return undoOf(applyFiveHundred());
}

function undoOf(done: Subject): Subject {
  const cwd = done.fresh();
  const ended = lattice(done.args, { cwd, stdin: done.stdin });
  assert.equal(ended.exit, 0, ended.stderr);
  return subjectOf({ name: done.name.replace("apply", "undo"), template: cwd, args: ["undo"] });
}

/**
 * `recover` after {@link applyFive} was killed when some of its refs had changed.
 *
 * Killed before its second rename onto a ref; recovery may itself be killed anywhere.
 */
export function recoverFive(): Subject {
  const { name, cwd, five } = halfAppliedFive();
  return subjectOf({ name, template: cwd, args: ["recover"], before: five.before });
}

/** The same after {@link applyFiveHundred} was killed at its hundredth rename onto a ref. */
export function recoverFiveHundred(): Subject {
  const all = applyFiveHundred();
  const cwd = halfApplied(all, 99);
  return subjectOf({ name: "recover after a half applied 500", template: cwd, args: ["recover"], before: all.before });
}

/** A repository in which {@link applyFive} was killed after its first rename onto a ref. */
export function halfAppliedFive(): { name: string; cwd: string; five: Subject } {
  const five = applyFive();
  return { name: "recover after a half applied 5", cwd: halfApplied(five, 1), five };
}

/** A repository in which a command was killed after so many renames onto a ref. */
function halfApplied(subject: Subject, renamed: number): string {
  const renames = subject.calls.filter(({ name, text }) =>
    name.startsWith("rename") && /, "[^"]*\/\.git\/refs\/(?!lattice\/)/.test(text)
  );
  const next = renames[renamed];
  assert.ok(next !== undefined, `${subject.name} renames onto more than ${renamed} refs`);
  const cwd = subject.fresh();
  disturbed(next, "signal=KILL", subject.args, { cwd, stdin: subject.stdin });
  const refs = refsIn(cwd);
  assert.ok(refs !== subject.before && refs !== subject.after, "the kill did not come in the middle");
  return cwd;
}

/** `hook pre-push` of a push that may pass. It only reads. */
export function soundPush(): Subject {
  const { folder } = pushedRepository();
  return subjectOf({
    name: "hook pre-push, a sound push",
    template: folder,
    args: ["hook", "pre-push", "origin", "../hub.git"],
    stdin: `refs/heads/a ${gitText(["rev-parse", "a"], folder)} refs/heads/a ${"0".repeat(40)}\n`,
  });
}

/** `hook pre-push` of a push that must be refused: by a rule, for a document, for an operation. It only reads. */
export function refusedPushes(): Subject[] {
  const push = (folder: string, exit: number, name: string) => {
    const tip = gitText(["rev-parse", "b"], folder);
    return subjectOf({
      name: `hook pre-push, ${name}`,
      template: folder,
      args: ["hook", "pre-push", "origin", "../hub.git"],
      stdin: `refs/heads/b ${tip} refs/heads/b ${"0".repeat(40)}\n`,
      exit,
    });
  };
  const parentless = pushedRepository().folder;
  const damaged = pushedRepository().folder;
  writeFileSync(join(damaged, "damaged"), "{");
  const blob = gitText(["hash-object", "-w", "damaged"], damaged);
  gitText(["update-ref", "refs/branch-metadata/b", blob], damaged);
  return [push(parentless, 1, "a rule broken"), push(damaged, 6, "a damaged document")];
}

/** `hook pre-push` while an operation is under way. Afterwards the operation is aborted, for the next look. */
export function pushDuringOperation(): Subject {
  const { folder } = pushedRepository();
  run(folder, "op", "begin", "steps");
  return subjectOf({
    name: "hook pre-push, an operation under way",
    template: folder,
    args: ["hook", "pre-push", "origin", "../hub.git"],
    stdin: `refs/heads/a ${gitText(["rev-parse", "a"], folder)} refs/heads/a ${"0".repeat(40)}\n`,
    exit: 5,
    next: (cwd) => void run(cwd, "abort"),
  });
}
