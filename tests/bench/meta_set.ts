/**
 * `lattice meta set --expect`: one durable compare-and-swap, against what a shell script types for it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { gitText } from "../git_oracle.ts";
import {
  blobNames,
  branchName,
  documentOf,
  makeRepository,
  METADATA_PREFIX,
  refValue,
  storeBlobs,
  writeFiles,
} from "./runner/repository.ts";
import type { Competitor, Workload } from "./runner/workload.ts";

const BRANCH = branchName(1);
const REF = METADATA_PREFIX + BRANCH;
const ROUNDS = 41;

/** What a script does: `$1` is the ref, `$2` the file. */
const SCRIPT = `set -e
new=$(git hash-object -w "$2")
old=$(git rev-parse --verify --quiet "$1")
git update-ref "$1" "$new" "$old"
`;

/** The calls to the disk alone: no ratio to lattice can be below that of these to git. */
function diskCallsAlone(repository: string, program: string): Competitor {
  return {
    name: "its disk calls alone",
    turn: () => ({
      command: { program, args: [join(repository, ".git"), "set"], cwd: repository },
      verify: (stdout) => assert.equal(stdout, "done\n"),
    }),
  };
}

/** The workload. */
export const metaSet: Workload = {
  name: "meta-set",
  work: "meta set, durable, compare-and-swap",
  rounds: ROUNDS,
  prepare({ lattice, diskCalls, folder }) {
    const texts = Array.from({ length: ROUNDS + 3 }, (_, version) => documentOf(BRANCH, version));
    const paths = writeFiles(folder(), texts);
    const oids = blobNames(paths);

    function competitor(
      limits: Pick<Competitor, "name" | "ratioMax">,
      repository: string,
      commandOf: (round: number) => { program: string; args: string[] },
    ): Competitor {
      const [first] = storeBlobs(repository, [paths[0]!]);
      gitText(["update-ref", REF, first!], repository);
      return {
        ...limits,
        turn: (round) => ({
          command: { ...commandOf(round), cwd: repository },
          verify() {
            assert.equal(refValue(repository, REF), oids[round + 1]);
            assert.equal(gitText(["cat-file", "blob", REF], repository), texts[round + 1]);
          },
        }),
      };
    }
    const script = (round: number) => ({ program: "/bin/sh", args: ["-c", SCRIPT, "sh", REF, paths[round + 1]!] });

    return [
      competitor({ name: "lattice" }, makeRepository(folder()), (round) => ({
        program: lattice,
        args: ["meta", "set", BRANCH, "--file", paths[round + 1]!, "--expect", oids[round]!],
      })),
      competitor({ name: "shell and git, all flushed", ratioMax: 1.5 }, makeRepository(folder(), true), script),
      diskCallsAlone(makeRepository(folder()), diskCalls),
    ];
  },
};
