/**
 * Runs `lattice doctor` in the test's own process and takes its JSON apart.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type Ended, lattice, type Surroundings } from "../cli/command_line.ts";
import { git } from "../git_oracle.ts";

/** A finding as `--json` prints it. */
export interface Told {
  id: string;
  severity: "error" | "warning" | "note";
  subject: string;
  evidence: string;
  fix: string | null;
  fixed: boolean;
}

/** What the command printed. */
export interface Look extends Ended {
  findings: Told[];
}

/** The keys of a finding, in their order: they are a contract. */
const KEYS = ["id", "severity", "subject", "evidence", "fix", "fixed"];

/** Looks, and mends what is named. */
export async function doctor(cwd: string, ids: readonly string[] = [], more: Surroundings = {}): Promise<Look> {
  const args = ["doctor", "--json", ...(ids.length === 0 ? [] : ["--fix", ...ids])];
  const ended = await lattice(args, { ...more, cwd });
  assert.ok(ended.exit === 0 || ended.exit === 1, `doctor ended with ${ended.exit}: ${ended.stderr}`);
  const findings = JSON.parse(ended.stdout) as Told[];
  for (const finding of findings) assert.deepEqual(Object.keys(finding), KEYS);
  assert.equal(ended.exit, findings.every(({ fixed }) => fixed) ? 0 : 1, "exit 1 while findings remain");
  return { ...ended, findings };
}

/** Ids of findings, as they stand. */
export function idsOf(findings: readonly Told[]): string[] {
  return findings.map(({ id }) => id);
}

/** Mends everything that has a fix. Gives the ids that remain. */
export async function mendAll(cwd: string, more: Surroundings = {}): Promise<string[]> {
  const { findings } = await doctor(cwd, [], more);
  const fixable = idsOf(findings.filter(({ fix }) => fix !== null));
  if (fixable.length > 0) {
    const mended = await doctor(cwd, fixable, more);
    const stayed = mended.findings.filter(({ id, fixed }) => fixable.includes(id) && !fixed);
    assert.deepEqual(stayed.map(({ id, evidence }) => `${id}: ${evidence}`), [], "what has a fix is fixed by it");
  }
  return idsOf((await doctor(cwd, [], more)).findings);
}

/** Real git lists the refs without a complaint, and finds nothing wrong. */
export function assertGitIsHappy(cwd: string): void {
  for (const args of [["for-each-ref"], ["fsck", "--no-dangling", "--no-progress"]]) {
    const { exit, stderr } = git(args, cwd);
    assert.deepEqual({ args, exit, stderr: withoutNotices(stderr) }, { args, exit: 0, stderr: "" });
  }
}

/** `git fsck` remarks on a branch that has no commit yet; that is no damage. */
function withoutNotices(stderr: string): string {
  return stderr.split("\n").filter((line) => !/^notice: /.test(line)).join("\n");
}
