/**
 * `lattice hook pre-push`, as git calls it for a push of one tracked branch whose parent is at the remote.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { gitText, runProgram } from "../git_oracle.ts";
import { makeCommits, makeRepository, writeFiles } from "./runner/repository.ts";
import type { Workload } from "./runner/workload.ts";

const NOWHERE = "0".repeat(40);
const EXIT_REFUSED = 1;

/** The workload. */
export const prePush: Workload = {
  name: "pre-push",
  work: "pre-push hook, one branch",
  rounds: 61,
  prepare({ lattice, helloWorld, folder }) {
    const repository = makeRepository(folder());
    const url = join(folder(), "hub.git");
    const [main, topic, upper] = makeCommits(repository, 3) as [string, string, string];
    for (const [name, oid] of Object.entries({ main, topic, upper })) {
      gitText(["update-ref", `refs/heads/${name}`, oid], repository);
    }
    gitText(["remote", "add", "origin", url], repository);
    gitText(["update-ref", "refs/remotes/origin/main", main], repository);
    for (const [branch, parent] of [["topic", "main"], ["upper", "topic"]] as const) {
      const tracked = runProgram(lattice, ["track", branch, "--parent", parent], repository);
      assert.equal(tracked.exit, 0, tracked.stderr);
    }
    const [allowed, refused] = [["topic", topic], ["upper", upper]].map(([branch, oid]) =>
      `refs/heads/${branch} ${oid} refs/heads/${branch} ${NOWHERE}\n`
    ) as [string, string];
    const [stdin] = writeFiles(folder(), [allowed]);
    const args = ["hook", "pre-push", "origin", url];
    const judged = runProgram(lattice, args, repository, { stdin: refused });
    assert.equal(judged.exit, EXIT_REFUSED, "a branch whose parent is not at the remote was to be refused");
    const refs = gitText(["for-each-ref"], repository);
    return [
      {
        name: "lattice",
        turn: () => ({
          command: { program: lattice, args, cwd: repository, stdin: stdin! },
          verify(stdout) {
            assert.equal(stdout, "");
            assert.equal(gitText(["for-each-ref"], repository), refs);
          },
        }),
      },
      {
        name: "hello-world binary",
        ratioMax: 3,
        turn: () => ({
          command: { program: helloWorld, args: [], cwd: repository },
          verify: (stdout) => assert.equal(stdout, "hello world\n"),
        }),
      },
    ];
  },
};
