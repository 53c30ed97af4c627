/**
 * `lattice meta export` of a repository whose refs and objects are packed, against git's two batch commands.
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
  writePackedRefs,
} from "./runner/repository.ts";
import type { Workload } from "./runner/workload.ts";

const COUNT = 10_000;

const SCRIPT = `git for-each-ref --format='%(objectname)' ${METADATA_PREFIX} | git cat-file --batch`;

/** The workload. */
export const metaExport: Workload = {
  name: "meta-export",
  work: `meta export of ${COUNT.toLocaleString("en")}, packed`,
  rounds: 9,
  prepare({ lattice, folder }) {
    const repository = makeRepository(folder());
    const branches = Array.from({ length: COUNT }, (_, number) => branchName(number));
    const texts = branches.map((branch) => documentOf(branch));
    const oids = storeBlobs(repository, writeFiles(folder(), texts));
    writePackedRefs(repository, new Map(branches.map((branch, index) => [METADATA_PREFIX + branch, oids[index]!])));
    gitText(["repack", "-a", "-q"], repository); // without -d: nothing is removed before the end
    const exported = branches.map((branch, index) =>
      `{"branch":"${branch}","oid":"${oids[index]}","metadata":${texts[index]}}\n`
    ).join("");
    const batch = oids.map((oid, index) => `${oid} blob ${texts[index]!.length}\n${texts[index]}\n`).join("");
    return [
      {
        name: "lattice",
        turn: () => ({
          command: { program: lattice, args: ["meta", "export"], cwd: repository },
          verify: (stdout) => assert.ok(stdout === exported, "other lines than the documents of git's blobs"),
        }),
      },
      {
        name: "git for-each-ref | cat-file",
        ratioMax: 2,
        turn: () => ({
          command: { program: "/bin/sh", args: ["-c", SCRIPT], cwd: repository },
          verify: (stdout) => assert.ok(stdout === batch, "other output than the blobs"),
        }),
      },
    ];
  },
};
