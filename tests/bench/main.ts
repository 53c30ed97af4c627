/**
 * The benchmark: runs workloads and prints the table.
 *
 *     main.ts <lattice binary> <hello-world binary> <disk-calls binary> <libgit2 program> [workload…]
 *
 * The last of the programs need not exist; then its rows are left out.
 *
 * Exit code 0 when every result was right, 1 when one was wrong, 2 for a workload that there is not. A missed budget
 * is told in the table only: on a busy machine it proves nothing.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { cpus, loadavg, release } from "node:os";
import process from "node:process";
import { gitText } from "../git_oracle.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { apply1000, apply10000 } from "./apply.ts";
import { cacheWorkloads } from "./cache.ts";
import { contention } from "./contention.ts";
import { hashLarge } from "./hash_large.ts";
import { hashMany } from "./hash_many.ts";
import { largeGet, largeSet } from "./large_repository.ts";
import { leaseWorkloads } from "./lease.ts";
import { metaExport } from "./meta_export.ts";
import { metaGet } from "./meta_get.ts";
import { metaSet } from "./meta_set.ts";
import { observedGit } from "./observed_git.ts";
import { opRun, opRun200 } from "./op_run.ts";
import { packedCas } from "./packed_cas.ts";
import { packedDelete } from "./packed_delete.ts";
import { prePush } from "./pre_push.ts";
import { longHistory, recoverLocked, recoverLoose, recoverRenamed } from "./recovery.ts";
import { runContest } from "./runner/contest.ts";
import { renderHeading, renderLeftOut, renderRow, rowsOf, verdictOf } from "./runner/table.ts";
import type { Bench, Workload } from "./runner/workload.ts";
import { stateWorkloads } from "./state.ts";
import { version } from "./version.ts";

/** In the order of the table: those that write most come last, so that they disturb no other. */
const WORKLOADS: readonly Workload[] = [
  version,
  metaGet,
  prePush,
  metaSet,
  longHistory,
  observedGit,
  opRun,
  packedCas,
  packedDelete,
  largeGet,
  largeSet,
  hashLarge,
  hashMany,
  metaExport,
  ...cacheWorkloads,
  ...stateWorkloads,
  ...leaseWorkloads,
  opRun200,
  contention,
  apply1000,
  apply10000,
  recoverLocked,
  recoverRenamed,
  recoverLoose,
];

process.exitCode = main(process.argv.slice(2));

function main([lattice, helloWorld, diskCalls, libgit2, ...names]: readonly string[]): number {
  const unknown = names.find((name) => WORKLOADS.every((workload) => workload.name !== name));
  const programs = [lattice, helloWorld, diskCalls, libgit2];
  if (programs.includes(undefined) || unknown !== undefined) {
    const known = WORKLOADS.map(({ name }) => name).join(", ");
    console.error(
      `error: ${unknown === undefined ? "four programs are needed" : `no workload "${unknown}"`}; there are ${known}`,
    );
    return 2;
  }
  const bench: Bench = {
    lattice: lattice!,
    helloWorld: helloWorld!,
    diskCalls: diskCalls!,
    libgit2: existsSync(libgit2!) ? libgit2! : null,
    folder: temporaryFolder,
  };
  console.log(describeMachine());
  console.log(renderHeading());
  const verdicts: Record<string, number> = {};
  let wrong = 0;
  let absent = 0;
  for (const workload of WORKLOADS) {
    if (names.length > 0 && !names.includes(workload.name)) continue;
    try {
      const { scores, leftOut } = runContest(workload, bench);
      for (const row of rowsOf(workload.work, scores)) {
        console.log(renderRow(row));
        const verdict = verdictOf(row);
        verdicts[verdict] = (verdicts[verdict] ?? 0) + 1;
      }
      for (const competitor of leftOut) console.log(renderLeftOut(workload.work, competitor));
      absent += leftOut.length;
    } catch (error) {
      wrong++;
      console.log(`${workload.work}: WRONG: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const { reached = 0, missed = 0 } = verdicts;
  console.log(`${reached} budgets reached, ${missed} missed, ${wrong} wrong results, ${absent} rows left out`);
  return wrong > 0 ? 1 : 0;
}

/** What the numbers depend on. */
function describeMachine(): string {
  const processors = cpus();
  const load = loadavg()[0]!.toFixed(1);
  return `${processors.length} x ${processors[0]?.model ?? "unknown"}, Linux ${release()}, ${
    gitText(["--version"], "/")
  }; ` +
    `load ${load}\nmedians of turns taken side by side; flushes: lattice / other, of one turn; peak: of the largest process`;
}
