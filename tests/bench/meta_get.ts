/**
 * `lattice meta get`: the document of one branch, from a loose ref and a loose object.
 *
 * @module
 */
import assert from "node:assert/strict";
import { gitText } from "../git_oracle.ts";
import {
  branchName,
  documentOf,
  makeRepository,
  METADATA_PREFIX,
  storeBlobs,
  writeFiles,
} from "./runner/repository.ts";
import type { Workload } from "./runner/workload.ts";

/** The workload. */
export const metaGet: Workload = {
  name: "meta-get",
  work: "meta get, one branch",
  rounds: 61,
  prepare({ lattice, helloWorld, folder }) {
    const repository = makeRepository(folder());
    const branch = branchName(1);
    const document = documentOf(branch);
    const [oid] = storeBlobs(repository, writeFiles(folder(), [document]));
    gitText(["update-ref", METADATA_PREFIX + branch, oid!], repository);
    return [
      {
        name: "lattice",
        turn: () => ({
          command: { program: lattice, args: ["meta", "get", branch], cwd: repository },
          verify: (stdout) => assert.equal(stdout, `${document}\n`),
        }),
      },
      {
        name: "hello-world binary",
        ratioMax: 2,
        turn: () => ({
          command: { program: helloWorld, args: [], cwd: repository },
          verify: (stdout) => assert.equal(stdout, "hello world\n"),
        }),
      },
    ];
  },
};
