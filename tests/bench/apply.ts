/**
 * `lattice apply` of new documents, all in one, into an empty repository, against git's own way of writing many.
 *
 * @module
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gitText } from "../git_oracle.ts";
import { blobNames, branchName, documentOf, makeRepository, METADATA_PREFIX, writeFiles } from "./runner/repository.ts";
import type { Competitor, Workload } from "./runner/workload.ts";

/** `$1` holds the documents' paths, `$2` the instructions that still lack the oids. */
const SCRIPT = `git hash-object -w --stdin-paths < "$1" | paste -d ' ' "$2" - | git update-ref --stdin`;

function applyOf(count: number, rounds: number, budgets: { flushNothing: number; flushAll: number }): Workload {
  return {
    name: `apply-${count}`,
    work: `apply of ${count.toLocaleString("en")} documents`,
    rounds,
    prepare({ lattice, folder }) {
      const branches = Array.from({ length: count }, (_, number) => branchName(number));
      const texts = branches.map((branch) => documentOf(branch));
      const input = folder();
      const paths = writeFiles(join(input, "documents"), texts);
      const oids = blobNames(paths);
      const refs = branches.map((branch, index) => `${oids[index]} ${METADATA_PREFIX}${branch}`).join("\n");
      const [lines, names, creates] = ["lines", "names", "creates"].map((name) => join(input, name)) as [
        string,
        string,
        string,
      ];
      const ofBranch = branches.map((branch, index) =>
        `{"branch":"${branch}","expect":null,"metadata":${texts[index]}}`
      );
      writeFileSync(lines, `${ofBranch.join("\n")}\n`);
      writeFileSync(names, `${paths.join("\n")}\n`);
      writeFileSync(creates, branches.map((branch) => `create ${METADATA_PREFIX}${branch}\n`).join(""));

      function competitor(
        limits: Pick<Competitor, "name" | "ratioMax">,
        flushAll: boolean,
        command: { program: string; args: string[] },
      ): Competitor {
        return {
          ...limits,
          turn() {
            const repository = makeRepository(folder(), flushAll);
            return {
              command: { ...command, cwd: repository },
              verify() {
                const stored = gitText(
                  ["for-each-ref", "--format=%(objectname) %(refname)", METADATA_PREFIX],
                  repository,
                );
                assert.ok(stored === refs, "git reads other refs than those that were to be written");
                gitText(["fsck", "--full", "--strict", "--no-dangling"], repository);
              },
            };
          },
        };
      }
      const script = { program: "/bin/sh", args: ["-c", SCRIPT, "sh", names, creates] };
      return [
        competitor({ name: "lattice" }, false, { program: lattice, args: ["apply", "--file", lines] }),
        competitor({ name: "git, default", ratioMax: 1 / budgets.flushNothing }, false, script),
        competitor({ name: "git, all flushed", ratioMax: 1 / budgets.flushAll }, true, script),
      ];
    },
  };
}

/** A thousand documents. */
export const apply1000: Workload = applyOf(1_000, 9, { flushNothing: 5, flushAll: 15 });

/** Ten thousand documents. */
export const apply10000: Workload = applyOf(10_000, 3, { flushNothing: 7, flushAll: 20 });
