/**
 * One compare-and-swap of a packed ref among 100,000 against one among 10: it must not read what it does not need.
 *
 * @module
 */
import assert from "node:assert/strict";
import {
  blobNames,
  branchName,
  documentOf,
  makeRepository,
  METADATA_PREFIX,
  refValue,
  storeBlobs,
  writeFiles,
  writePackedRefs,
} from "./runner/repository.ts";
import type { Competitor, Workload } from "./runner/workload.ts";

/** Each is swapped once in a repository: the second time it would be a loose ref. */
const BRANCHES = Array.from({ length: 10 }, (_, number) => branchName(number));

/** The workload. */
export const packedCas: Workload = {
  name: "packed-cas",
  work: "meta set, among 100,000 packed refs",
  rounds: 31,
  prepare({ lattice, folder }) {
    const input = folder();
    const oldTexts = writeFiles(`${input}/old`, BRANCHES.map((branch) => documentOf(branch, 0)));
    const newTexts = writeFiles(`${input}/new`, BRANCHES.map((branch) => documentOf(branch, 1)));
    const oldOids = blobNames(oldTexts);
    const newOids = blobNames(newTexts);

    function competitor(limits: Pick<Competitor, "name" | "ratioMax">, count: number): Competitor {
      const refs = new Map(BRANCHES.map((branch, index) => [METADATA_PREFIX + branch, oldOids[index]!]));
      for (let number = refs.size; number < count; number++) refs.set(`refs/heads/${branchName(number)}`, oldOids[0]!);
      let repository = "";
      return {
        ...limits,
        turn(round) {
          const index = round % BRANCHES.length;
          if (index === 0) {
            repository = makeRepository(folder());
            storeBlobs(repository, oldTexts);
            writePackedRefs(repository, refs);
          }
          const place = repository;
          const branch = BRANCHES[index]!;
          const args = ["meta", "set", branch, "--file", newTexts[index]!, "--expect", oldOids[index]!];
          return {
            command: { program: lattice, args, cwd: place },
            verify: () => assert.equal(refValue(place, METADATA_PREFIX + branch), newOids[index]),
          };
        },
      };
    }
    return [
      competitor({ name: "lattice" }, 100_000),
      competitor({ name: "the same among 10", ratioMax: 1.3 }, 10),
    ];
  },
};
