/**
 * `lattice apply` of new documents, all in one, into an empty repository, against git's own way of writing many, and
 * against two libraries that do so one by one.
 *
 * @module
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { gitText } from "../git_oracle.ts";
import { blobNames, branchName, documentOf, makeRepository, METADATA_PREFIX, writeFiles } from "./runner/repository.ts";
import type { Competitor, LeftOut, Workload } from "./runner/workload.ts";

/** `$1` holds the documents' paths, `$2` the instructions that still lack the oids. */
const SCRIPT = `git hash-object -w --stdin-paths < "$1" | paste -d ' ' "$2" - | git update-ref --stdin`;

const ISOMORPHIC = fileURLToPath(new URL("competitors/isomorphic_apply.ts", import.meta.url));

const NO_LIBGIT2: LeftOut = {
  name: "libgit2",
  reason: "it could not be compiled here (see the lines above the table)",
};

function applyOf(
  count: number,
  { rounds, slowRounds }: { rounds: number; slowRounds: number },
  budgets: { flushNothing: number; flushAll: number },
): Workload {
  return {
    name: `apply-${count}`,
    work: `apply of ${count.toLocaleString("en")} documents`,
    rounds,
    prepare({ lattice, diskCalls, libgit2, folder }) {
      const branches = Array.from({ length: count }, (_, number) => branchName(number));
      const texts = branches.map((branch) => documentOf(branch));
      const input = folder();
      const paths = writeFiles(join(input, "documents"), texts);
      const oids = blobNames(paths);
      const refs = branches.map((branch) => METADATA_PREFIX + branch);
      const expected = refs.map((ref, index) => `${oids[index]} ${ref}`).join("\n");
      const [lines, names, created, creates] = ["lines", "names", "created", "creates"].map((name) =>
        join(input, name)
      ) as [string, string, string, string];
      const ofBranch = branches.map((branch, index) =>
        `{"branch":"${branch}","expect":null,"metadata":${texts[index]}}`
      );
      writeFileSync(lines, `${ofBranch.join("\n")}\n`);
      writeFileSync(names, `${paths.join("\n")}\n`);
      writeFileSync(created, refs.map((ref) => `${ref}\n`).join(""));
      writeFileSync(creates, refs.map((ref) => `create ${ref}\n`).join(""));

      function competitor(
        limits: Pick<Competitor, "name" | "ratioMax" | "rounds">,
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
                assert.ok(stored === expected, "git reads other refs than those that were to be written");
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
        {
          name: "its disk calls alone",
          turn() {
            const repository = makeRepository(folder());
            return {
              command: {
                program: diskCalls,
                args: [join(repository, ".git"), "apply", String(count)],
                cwd: repository,
              },
              verify: (stdout) => assert.equal(stdout, "done\n"),
            };
          },
        },
        libgit2 === null
          ? NO_LIBGIT2
          : competitor({ name: "libgit2" }, false, { program: libgit2, args: [names, created] }),
        competitor({ name: "isomorphic-git", rounds: slowRounds }, false, {
          program: process.execPath,
          args: [ISOMORPHIC, names, created],
        }),
      ];
    },
  };
}

/** A thousand documents. */
export const apply1000: Workload = applyOf(1_000, { rounds: 9, slowRounds: 3 }, { flushNothing: 5, flushAll: 15 });

/** Ten thousand documents. */
export const apply10000: Workload = applyOf(10_000, { rounds: 3, slowRounds: 1 }, { flushNothing: 7, flushAll: 20 });
