/**
 * Deletion of one packed ref among 100,000, for which `packed-refs` must be written anew.
 *
 * @module
 */
import assert from "node:assert/strict";
import { gitText } from "../git_oracle.ts";
import { branchName, makeRepository, refValue, storeBlobs, writeFiles, writePackedRefs } from "./runner/repository.ts";
import type { Competitor, Workload } from "./runner/workload.ts";

const COUNT = 100_000;

/** The workload. */
export const packedDelete: Workload = {
  name: "packed-delete",
  work: "git update-ref -d, 1 of 100,000 packed refs",
  rounds: 9,
  prepare({ lattice, folder }) {
    const files = writeFiles(folder(), ["content\n"]);
    function competitor(
      limits: Pick<Competitor, "name" | "ratioMax">,
      program: string[],
      flushAll: boolean,
    ): Competitor {
      const repository = makeRepository(folder(), flushAll);
      const [oid] = storeBlobs(repository, files);
      const names = Array.from({ length: COUNT }, (_, number) => `refs/notes/${branchName(number)}`);
      writePackedRefs(repository, new Map(names.map((name) => [name, oid!])));
      return {
        ...limits,
        turn(round) {
          const name = names[Math.floor(COUNT / 2) + round]!;
          return {
            command: {
              program: program[0]!,
              args: [...program.slice(1), "update-ref", "-d", name, oid!],
              cwd: repository,
            },
            verify() {
              assert.equal(refValue(repository, name), "");
              const left = gitText(["for-each-ref", "--format=%(refname)"], repository).split("\n");
              assert.equal(left.length, COUNT - round - 1);
            },
          };
        },
      };
    }
    return [
      competitor({ name: "lattice" }, [lattice, "git"], false),
      competitor({ name: "git, default", ratioMax: 1 }, ["git"], false),
      competitor({ name: "git, all flushed" }, ["git"], true),
    ];
  },
};
