/**
 * The commands of operations of several steps that are killed and disturbed.
 *
 * @module
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gitText } from "../git_oracle.ts";
import { binary, documentOf } from "./binary.ts";
import { must, stage } from "./op_stage.ts";
import { abortIfPaused, copyOf, refsIn, type Subject, subjectOf } from "./subject.ts";

/** What `apply` is given: the file `lines` of {@link withLines}. */
export const APPLY = ["apply", "--file", "lines"];

/** A repository with three changes for one transaction: a document, a branch moved, a packed one deleted. */
export function withLines(): string {
  const cwd = stage();
  const [tip, base] = [gitText(["rev-parse", "main~1"], cwd), gitText(["rev-parse", "main"], cwd)];
  const lines = [
    { branch: "feat", metadata: JSON.parse(documentOf("feat", base)) },
    { ref: "refs/heads/other", old: base, new: tip },
    { ref: "refs/heads/gone", new: null },
  ];
  gitText(["branch", "gone"], cwd);
  gitText(["pack-refs", "--all"], cwd);
  gitText(["branch", "other"], cwd);
  writeFileSync(join(cwd, "lines"), lines.map((line) => JSON.stringify(line)).join("\n"));
  return cwd;
}

/** A begun operation in which something was done. */
function begun(): { template: string; env: Record<string, string>; before: string } {
  const template = withLines();
  const before = refsIn(template);
  const env = { LATTICE_OP: must(["op", "begin", "steps"], template) };
  gitText(["branch", "-m", "feat", "feat/sub"], template);
  return { template, env, before };
}

/** The refs once a command was run undisturbed. */
export function refsAfter(template: string, args: readonly string[], env: Record<string, string> = {}): string {
  const copy = copyOf(template);
  must(args, copy, env);
  return refsIn(copy);
}

/** `op begin`, which is aborted where it came to pass. */
export function opBegin(): Subject {
  return subjectOf({ name: "op begin", template: withLines(), args: ["op", "begin", "x"], next: abortIfPaused });
}

/** `apply` that joins an operation; `op commit` follows. */
export function joinedThenCommit(): Subject {
  const { template, env } = begun();
  const next = (cwd: string) => void must(["op", "commit"], cwd);
  return subjectOf({ name: "a joined apply, then op commit", template, args: APPLY, env, next });
}

/** `apply` that joins an operation; `abort` follows. */
export function joinedThenAbort(): Subject {
  const { template, env, before } = begun();
  const name = "a joined apply, then abort";
  return subjectOf({ name, template, args: APPLY, env, ends: [before], next: abortIfPaused });
}

/** `op commit`; where it did not come to pass, `abort` follows. */
export function opCommit(): Subject {
  const { template, before } = begun();
  const after = refsIn(template);
  const args = ["op", "commit"];
  return subjectOf({ name: "op commit", template, args, before, ends: [before, after], next: abortIfPaused });
}

/** `abort`, which is repeated where it did not come to pass. */
export function opAbort(): Subject {
  const { template, before } = begun();
  return subjectOf({ name: "abort", template, args: ["abort"], ends: [before], next: abortIfPaused });
}

/** `op run` of a program that moves branches by git, by lattice, and commits. */
export function opRunProgram(): Subject {
  const script = `git branch -m feat feat/sub; "$LATTICE" ${APPLY.join(" ")}; git commit -q --amend -m changed`;
  return subjectOf({
    name: "op run",
    template: withLines(),
    args: ["op", "run", "--", "sh", "-ec", script],
    env: { LATTICE: binary },
    way: "by git",
    next: (cwd) => void must(["recover"], cwd),
  });
}
