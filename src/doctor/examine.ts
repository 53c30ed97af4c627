/**
 * A whole look at a repository.
 *
 * Nothing that is wrong with the repository ends the look: what cannot be opened, read or followed is a finding.
 *
 * @module
 */
import { LatticeError } from "../platform/errors.ts";
import type { System } from "../platform/system.ts";
import { beginExamination, type Check, type Examination } from "./examination.ts";
import { type Finding, findingId } from "./finding.ts";
import { openForExamination } from "./open.ts";
import { CHECKS } from "./registry.ts";

/** What a look found. */
export interface Look {
  /** Each id once, in the order in which the checks stand. */
  readonly findings: readonly Finding[];
  /** The git directory whose lock a repair takes; `null`: nothing can be mended. */
  readonly commonDir: string | null;
}

/** What a caller may say. */
export interface LookOptions {
  /** The git directory that the user named, absolute; without it, it is searched from the working folder. */
  readonly gitDir?: string;
  /** Name of the trunk, where one is configured. */
  readonly trunk?: string;
}

/**
 * Looks at a repository without changing anything.
 *
 * @throws {LatticeError} `not_a_repository`: there is none, nor what is left of one.
 */
export function examine(system: System, { gitDir, trunk }: LookOptions = {}): Look {
  const { repository, commonDir, findings } = openForExamination(system, gitDir);
  const byId = new Map<string, Finding>();
  const add = (found: Iterable<Finding>) => {
    for (const finding of found) if (!byId.has(finding.id)) byId.set(finding.id, finding);
  };
  add(findings);
  if (repository !== null) {
    const examination = beginExamination(repository, trunk);
    for (const check of CHECKS) add(runCheck(check, examination));
  }
  return { findings: [...byId.values()], commonDir };
}

function runCheck(check: Check, examination: Examination): Finding[] {
  const findings: Finding[] = [];
  try {
    for (const finding of check.examine(examination)) findings.push(finding);
  } catch (error) {
    if (!(error instanceof LatticeError) || error.code === "internal") throw error;
    if (check.listsRefs === true && examination.packed().flawCount > 0) return []; // once that is mended
    findings.push({
      id: findingId("check.failed", check.name),
      severity: "error",
      subject: check.name,
      evidence: `the check ended early: ${error.message}${error.hint === undefined ? "" : `; ${error.hint}`}`,
      fix: null,
    });
  }
  return findings;
}
