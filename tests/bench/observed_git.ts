/**
 * A git command in a repository with lattice's `reference-transaction` hook, which journals it, against the same
 * command without the hook.
 *
 * @module
 */
import assert from "node:assert/strict";
import { gitText, runProgram } from "../git_oracle.ts";
import { keptCommits, makeCommits, makeRepository, refValue } from "./runner/repository.ts";
import type { Workload } from "./runner/workload.ts";

const REF = "refs/heads/topic";
const ROUNDS = 31;

/** The workload. */
export const observedGit: Workload = {
  name: "observed-git",
  work: "git update-ref, journaled by the hook",
  rounds: ROUNDS,
  prepare({ lattice, folder }) {
    function competitor(name: string, isObserved: boolean) {
      const repository = makeRepository(folder());
      const commits = makeCommits(repository, ROUNDS + 3);
      gitText(["update-ref", REF, commits[0]!], repository);
      if (isObserved) {
        const installed = runProgram(lattice, ["hook", "install", "reference-transaction"], repository);
        assert.equal(installed.exit, 0, installed.stderr);
      }
      return {
        name,
        turn(round: number) {
          const [old, now] = [commits[round]!, commits[round + 1]!];
          return {
            command: { program: "git", args: ["update-ref", REF, now, old], cwd: repository },
            verify() {
              assert.equal(refValue(repository, REF), now);
              const replaced = isObserved ? commits.slice(0, round + 1).map((commit) => [commit]) : [];
              assert.deepEqual(keptCommits(repository), replaced);
            },
          };
        },
      };
    }
    return [competitor("lattice", true), competitor("git without the hook", false)];
  },
};
