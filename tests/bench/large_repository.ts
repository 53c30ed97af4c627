/**
 * One document of a large repository against one of a small one: what a command costs must not depend on how much
 * else is there.
 *
 * @module
 */
import assert from "node:assert/strict";
import { gitText } from "../git_oracle.ts";
import { type LargeRepository, makeLargeRepository, type Size } from "./runner/large_repository.ts";
import { branchName, documentOf, METADATA_PREFIX, refLines, writeFiles } from "./runner/repository.ts";
import type { Turn, Workload } from "./runner/workload.ts";

const LARGE: Size = { packs: 50, documentsAPack: 2_000 };
const SMALL: Size = { packs: 1, documentsAPack: 64 };

/** Each branch has one turn, for a ref that was written is packed no longer: fewer than documents in the small one. */
const ROUNDS = 41;

/** What is done to the document of a branch, in the repository that has it. */
type Work = (repository: LargeRepository, branch: string, oid: string) => Turn;

function largeOf(name: string, work: string, makeWork: (lattice: string, folder: string) => Work): Workload {
  return {
    name,
    work: `${work}, 100,000 refs, 50 packs`,
    rounds: ROUNDS,
    prepare({ lattice, folder }) {
      const workOn = makeWork(lattice, folder());
      function competitor(size: Size) {
        const repository = makeLargeRepository(folder(), size);
        return (round: number) => {
          // One pack after the other, and at the same place in it as in the small repository: the same deltas.
          const number = (round % size.packs) * size.documentsAPack + round;
          return workOn(repository, branchName(number), repository.oids[number]!);
        };
      }
      return [
        { name: "lattice", turn: competitor(LARGE) },
        { name: "the same among 64, 1 pack", ratioMax: 1.3, turn: competitor(SMALL) },
      ];
    },
  };
}

/** A document is read. */
export const largeGet: Workload = largeOf("large-get", "meta get", (lattice) => ({ path }, branch, oid) => ({
  command: { program: lattice, args: ["meta", "get", branch], cwd: path },
  verify(stdout) {
    assert.equal(refLines(path, METADATA_PREFIX + branch), `${oid} ${METADATA_PREFIX}${branch}`);
    assert.equal(stdout, `${gitText(["cat-file", "blob", oid], path)}\n`);
  },
}));

/** A document is swapped for another. */
export const largeSet: Workload = largeOf(
  "large-set",
  "meta set --expect",
  (lattice, folder) => ({ path }, branch, oid) => {
    const document = documentOf(branch, 1);
    const [file] = writeFiles(`${folder}/${branch}`, [document]);
    return {
      command: { program: lattice, args: ["meta", "set", branch, "--file", file!, "--expect", oid], cwd: path },
      verify(stdout) {
        assert.equal(refLines(path, METADATA_PREFIX + branch), `${stdout.trim()} ${METADATA_PREFIX}${branch}`);
        assert.equal(gitText(["cat-file", "blob", METADATA_PREFIX + branch], path), document);
      },
    };
  },
);
