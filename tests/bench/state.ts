/**
 * State documents saved and loaded by lattice as a library, on Bun, against `write-file-atomic` with `proper-lockfile`, on
 * Node and on Bun: in one process, many times over, whose start does not count. All check the same zod schema, both ways.
 *
 * A save of lattice flushes its lock, the file and the folder. The libraries flush the file alone; a row in which they flush
 * the folder too is the one at equal durability.
 *
 * @module
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Competitor, LeftOut, Workload } from "./runner/workload.ts";

const program = (name: string) => fileURLToPath(new URL(`competitors/${name}`, import.meta.url));
const [LATTICE, LIBRARIES] = ["state_lattice.ts", "state_libraries.mjs"].map(program) as [string, string];

const KILOBYTE = 1000;

function workloadOf(work: "save" | "load", bytes: number, count: number): Workload {
  const size = bytes < 1000 * KILOBYTE ? `${bytes / KILOBYTE} KB` : `${bytes / KILOBYTE / 1000} MB`;
  return {
    name: `state-${work}-${size.replace(" ", "").toLowerCase()}`,
    work: `${count.toLocaleString("en")} x state ${work} of ${size}, library`,
    rounds: 7,
    prepare({ folder }) {
      function competitor(
        limits: Pick<Competitor, "name" | "ratioMax">,
        [runtime, file]: readonly [string, string],
        how: string,
      ): Competitor {
        return {
          ...limits,
          turn() {
            const cwd = folder();
            return {
              command: { program: runtime, args: [file, how, cwd, String(bytes), String(count)], cwd },
              tookMs: (stdout) => Number(stdout),
              verify(stdout) {
                assert.ok(Number(stdout) > 0, stdout);
                const stored = JSON.parse(readFileSync(join(cwd, "production", "state.json"), "utf8")) as {
                  revision: number;
                };
                assert.equal(stored.revision, work === "save" ? count : 0);
              },
            };
          },
        };
      }
      const bun = process.execPath;
      const entered: (Competitor | LeftOut)[] = [];
      for (const [name, runtime] of [["Bun", bun], ["Node", "node"]] as const) {
        if (spawnSync(runtime, ["--version"]).status !== 0) {
          entered.push({ name: `libraries, ${name}`, reason: `${runtime} is not there` });
          continue;
        }
        const libraries = [runtime, LIBRARIES] as const;
        if (work === "load") entered.push(competitor({ name: `libraries, ${name}`, ratioMax: 1 }, libraries, work));
        else {
          entered.push(competitor({ name: `libraries, ${name}` }, libraries, work));
          entered.push(competitor({ name: `and the folder flushed`, ratioMax: 1 }, libraries, "save-flushed"));
        }
      }
      return [competitor({ name: "lattice" }, [bun, LATTICE], work), ...entered];
    },
  };
}

/** A small document saved, a large one, and each loaded. */
export const stateWorkloads: readonly Workload[] = [
  workloadOf("load", KILOBYTE, 5000),
  workloadOf("load", 1000 * KILOBYTE, 50),
  workloadOf("save", KILOBYTE, 100),
  workloadOf("save", 1000 * KILOBYTE, 20),
];
