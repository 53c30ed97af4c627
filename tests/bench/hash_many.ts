/**
 * `lattice git hash-object --stdin-paths` of many small files.
 *
 * @module
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { blobNames, branchName, documentOf, makeRepository, writeFiles } from "./runner/repository.ts";
import type { Workload } from "./runner/workload.ts";

const COUNT = 20_000;
const FILES_A_FOLDER = 500;

/** The workload. */
export const hashMany: Workload = {
  name: "hash-many",
  work: `git hash-object --stdin-paths, ${COUNT.toLocaleString("en")} small`,
  rounds: 5,
  prepare({ lattice, folder }) {
    const repository = makeRepository(folder());
    const paths: string[] = [];
    for (let first = 0; first < COUNT; first += FILES_A_FOLDER) {
      const texts = Array.from({ length: FILES_A_FOLDER }, (_, index) => documentOf(branchName(first + index)));
      paths.push(...writeFiles(join(repository, String(first)), texts));
    }
    const stdin = join(repository, "paths");
    writeFileSync(stdin, `${paths.join("\n")}\n`);
    const oids = `${blobNames(paths).join("\n")}\n`;
    const verify = (stdout: string) => assert.ok(stdout === oids, "other names than git's");
    const args = ["hash-object", "--stdin-paths"];
    return [
      {
        name: "lattice",
        turn: () => ({ command: { program: lattice, args: ["git", ...args], cwd: repository, stdin }, verify }),
      },
      {
        name: "git",
        ratioMax: 1.5,
        turn: () => ({ command: { program: "git", args, cwd: repository, stdin }, verify }),
      },
    ];
  },
};
