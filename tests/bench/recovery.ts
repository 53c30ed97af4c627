/**
 * `lattice recover` after an `apply` of ten thousand documents was killed, against that `apply` undisturbed; and a
 * command in a repository with ten thousand finished operations against one with ten.
 *
 * @module
 */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pastJournals } from "../engine/past_operations.ts";
import { gitText } from "../git_oracle.ts";
import {
  blobNames,
  branchName,
  documentOf,
  makeRepository,
  METADATA_PREFIX,
  storeBlobs,
  writeFiles,
} from "./runner/repository.ts";
import type { Turn, Workload } from "./runner/workload.ts";

const DOCUMENTS = 10_000;

/** A command of lattice, and what it needs. */
interface Apply {
  readonly lattice: string;
  readonly lines: string;
}

/** Where an `apply` is killed: right before the first of its calls of a kind that names a path. */
interface KillPoint {
  readonly call: "rename" | "unlink";
  readonly path: RegExp;
}

/** Arguments of strace, behind which comes the command. */
function strace(call: string, ...more: string[]): string[] {
  return ["-f", "-e", `trace=${call}`, ...more];
}

/** Runs it once, to learn the how manyth call it is at which it is to be killed. */
function numberOf({ call, path }: KillPoint, { lattice, lines }: Apply, repository: string, trace: string): number {
  execFileSync("strace", [...strace(call, "-o", trace), lattice, "apply", "--file", lines], { cwd: repository });
  const calls = readFileSync(trace, "utf8").split("\n").filter((line) => line.includes(`${call}(`));
  const index = calls.findIndex((line) => path.test(line));
  assert.ok(index >= 0, `no ${call} of ${path} was made`);
  return index + 1;
}

function kill({ call }: KillPoint, when: number, { lattice, lines }: Apply, repository: string): void {
  const inject = `inject=${call}:signal=KILL:when=${when}`;
  const args = [...strace(call, "-e", inject, "-o", "/dev/null"), lattice, "apply", "--file", lines];
  spawnSync("strace", args, { cwd: repository, stdio: "ignore" });
  const status = spawnSync(lattice, ["op", "status"], { cwd: repository, encoding: "utf8" });
  assert.equal(status.status, 5, `the apply was to leave something unfinished: ${status.stdout}${status.stderr}`);
}

/**
 * @param isLoose Whether the refs have loose files, so that each is written for itself.
 * @param isDone Whether the refs are new afterwards.
 */
function recoveryOf(name: string, where: string, point: KillPoint, isLoose: boolean, isDone: boolean): Workload {
  return {
    name,
    work: `recover, apply of 10,000 killed ${where}`,
    rounds: isLoose ? 1 : 3, // ten thousand loose files take minutes to make
    prepare({ lattice, folder }) {
      const branches = Array.from({ length: DOCUMENTS }, (_, number) => branchName(number));
      const input = folder();
      const lines = join(input, "lines");
      const text = branches.map((branch) => `{"branch":"${branch}","metadata":${documentOf(branch, 1)}}\n`).join("");
      writeFileSync(lines, text);
      const apply: Apply = { lattice, lines };
      const firstDocuments = isLoose
        ? writeFiles(join(input, "first"), branches.map((branch) => documentOf(branch)))
        : [];

      function freshRepository(): string {
        const repository = makeRepository(folder());
        if (!isLoose) return repository;
        const oids = storeBlobs(repository, firstDocuments);
        const creates = branches.map((branch, index) => `create ${METADATA_PREFIX}${branch} ${oids[index]}\n`).join("");
        gitText(["update-ref", "--stdin"], repository, creates);
        return repository;
      }

      const expected = blobNames(writeFiles(join(input, "new"), branches.map((branch) => documentOf(branch, 1))));

      /** How many refs hold their new document. */
      function stored(repository: string): number {
        const found = gitText(["for-each-ref", "--format=%(objectname)", METADATA_PREFIX], repository).split("\n");
        return found.filter((oid, index) => oid === expected[index]).length;
      }

      const when = numberOf(point, apply, freshRepository(), join(input, "trace"));
      return [
        {
          name: "lattice recover",
          turn() {
            const repository = freshRepository();
            kill(point, when, apply, repository);
            return {
              command: { program: lattice, args: ["recover"], cwd: repository },
              verify: () => assert.equal(stored(repository), isDone ? DOCUMENTS : 0),
            };
          },
        },
        {
          name: "the apply, undisturbed",
          ratioMax: 2,
          turn() {
            const repository = freshRepository();
            return {
              command: { program: lattice, args: ["apply", "--file", lines], cwd: repository },
              verify: () => assert.equal(stored(repository), DOCUMENTS),
            };
          },
        },
      ];
    },
  };
}

/** All locks stand, nothing is visible yet. */
export const recoverLocked: Workload = recoveryOf(
  "recover-locked",
  "once all refs were locked",
  { call: "rename", path: /\/packed-refs"\)/ },
  false,
  false,
);

/** All refs are new, and all locks stand. */
export const recoverRenamed: Workload = recoveryOf(
  "recover-renamed",
  "behind the rename of packed-refs",
  { call: "unlink", path: /\/packed-refs\.lock"\)/ },
  false,
  true,
);

/** Loose refs, all of them still to be written. */
export const recoverLoose: Workload = recoveryOf(
  "recover-loose",
  "before the first of 10,000 loose refs",
  { call: "rename", path: /", "[^"]*\/refs\/branch-metadata\// },
  true,
  true,
);

const ROUNDS = 21;

/** A document is set where ten thousand operations have ended. */
export const longHistory: Workload = {
  name: "long-history",
  work: "meta set, 10,000 finished operations",
  rounds: ROUNDS,
  prepare({ lattice, folder }) {
    const texts = Array.from({ length: ROUNDS + 3 }, (_, version) => documentOf("topic", version));
    const paths = writeFiles(folder(), texts);

    function competitor(operations: number): (round: number) => Turn {
      const repository = makeRepository(folder());
      const ops = join(repository, ".git", "lattice", "ops");
      mkdirSync(ops, { recursive: true });
      for (const [name, bytes] of pastJournals(Array.from({ length: operations }, () => ({})))) {
        writeFileSync(join(ops, name), bytes);
      }
      // The first command after a start of the machine looks through them all; it is not what is measured.
      const set = ["meta", "set", "topic", "--file", paths[0]!];
      execFileSync(lattice, set, { cwd: repository, stdio: "ignore" });
      return (round) => ({
        command: { program: lattice, args: ["meta", "set", "topic", "--file", paths[round + 1]!], cwd: repository },
        verify: () =>
          assert.equal(gitText(["cat-file", "blob", `${METADATA_PREFIX}topic`], repository), texts[round + 1]),
      });
    }
    return [
      { name: "lattice", turn: competitor(10_000) },
      { name: "the same with 10", ratioMax: 1.1, turn: competitor(10) },
    ];
  },
};
