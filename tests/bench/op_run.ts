/**
 * `lattice op run` around git commands against the same commands alone: what it costs to have them as one operation
 * that can be undone.
 *
 * @module
 */
import assert from "node:assert/strict";
import { gitText } from "../git_oracle.ts";
import { branchName, keptCommits, makeCommits, makeRepository, refLines } from "./runner/repository.ts";
import type { Workload } from "./runner/workload.ts";

/** `$1` is the new commit, `$2` the old one, the rest are refs: one git command for each. */
const SCRIPT = `set -e
new=$1 old=$2; shift 2
for ref; do git update-ref "$ref" "$new" "$old"; done
`;

function opRunOf(count: number, limits: Pick<Workload, "name" | "work" | "rounds">): Workload {
  return {
    ...limits,
    parts: count,
    prepare({ lattice, folder }) {
      const refs = Array.from({ length: count }, (_, number) => `refs/heads/${branchName(number)}`);
      const program = (from: string, to: string) =>
        count === 1 ? ["git", "update-ref", refs[0]!, to, from] : ["/bin/sh", "-c", SCRIPT, "sh", to, from, ...refs];

      function competitor(name: string, around: readonly string[], isOperation: boolean) {
        return {
          name,
          turn() {
            const repository = makeRepository(folder());
            const [from, to] = makeCommits(repository, 2) as [string, string];
            gitText(["update-ref", "--stdin"], repository, refs.map((ref) => `create ${ref} ${from}\n`).join(""));
            const [first, ...args] = [...around, ...program(from, to)];
            return {
              command: { program: first!, args, cwd: repository },
              verify() {
                assert.equal(refLines(repository, "refs/heads/"), refs.map((ref) => `${to} ${ref}`).join("\n"));
                assert.deepEqual(keptCommits(repository), isOperation ? [[from]] : []);
              },
            };
          },
        };
      }
      return [
        competitor("lattice", [lattice, "op", "run", "--"], true),
        competitor("git alone", [], false),
      ];
    },
  };
}

/** One command that changes one ref. */
export const opRun: Workload = opRunOf(1, { name: "op-run", work: "op run, around one git update-ref", rounds: 31 });

/** Many commands, each of which changes one ref. */
export const opRun200: Workload = opRunOf(200, {
  name: "op-run-200",
  work: "op run, around 200 git update-ref, for each",
  rounds: 3,
});
