/**
 * Generated histories: random graphs of commits with clocks that are right, that stand still, or that are wrong.
 *
 * @module
 */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../fixtures.ts";
import { gitText } from "../../git_oracle.ts";

/** How the dates of commits come about. */
export type Clock = "right" | "equal" | "coarse" | "wrong";

/** A repository and its commits, in an order in which parents come first. */
export interface GeneratedHistory {
  readonly folder: string;
  readonly oids: readonly string[];
  /** Numbers of the parents of each commit. */
  readonly parents: readonly (readonly number[])[];
  /** Commits that each commit leads to, itself included. */
  readonly ancestors: readonly ReadonlySet<number>[];
}

/** Numbers from 0 up to a bound, from a seed (a linear congruential generator). */
export function randomNumbers(seed: number): (bound: number) => number {
  let state = seed * 2654435761 % 2 ** 31;
  return (bound) => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return Math.floor(state / 2 ** 31 * bound);
  };
}

/** Makes a repository with so many commits; several roots, merges of two and three, criss-crosses. */
export function generateHistory(seed: number, count: number, clock: Clock): GeneratedHistory {
  const random = randomNumbers(seed);
  const parents: number[][] = [];
  const stream: string[] = [];
  for (let i = 0; i < count; i++) {
    const wanted = i === 0 || random(25) === 0 ? 0 : [1, 1, 1, 2, 2, 3][random(6)]!;
    const chosen = new Set<number>();
    for (let n = 0; n < wanted; n++) chosen.add(Math.max(0, i - 1 - random(random(4) === 0 ? i : Math.min(i, 6))));
    parents.push([...chosen]);
    stream.push(`commit refs/heads/c${i}`, `mark :${i + 1}`);
    stream.push(`committer A <a@example.com> ${secondsOf(clock, i, random)} +0000`, "data <<END", `${i}`, "END");
    parents[i]!.forEach((parent, n) => stream.push(`${n === 0 ? "from" : "merge"} :${parent + 1}`));
    stream.push("");
  }
  const folder = temporaryFolder();
  mkdirSync(folder, { recursive: true });
  gitText(["init", "-q", "-b", "main"], folder);
  gitText(["fast-import", "--quiet", "--date-format=raw", "--export-marks=marks"], folder, stream.join("\n"));
  const oids: string[] = [];
  for (const line of readFileSync(join(folder, "marks"), "utf8").trim().split("\n")) {
    const [mark, oid] = line.split(" ");
    oids[Number(mark!.slice(1)) - 1] = oid!;
  }
  return { folder, oids, parents, ancestors: ancestorSets(parents) };
}

function secondsOf(clock: Clock, i: number, random: (bound: number) => number): number {
  const start = 1_700_000_000;
  switch (clock) {
    case "right":
      return start + i * 60;
    case "equal":
      return start;
    case "coarse":
      return start + Math.floor(i / 5) * 3600;
    case "wrong":
      return random(3) === 0 ? random(2) * 2_000_000_000 + random(1000) : start + random(10_000_000);
  }
}

function ancestorSets(parents: readonly (readonly number[])[]): Set<number>[] {
  const sets: Set<number>[] = [];
  parents.forEach((of, i) => sets.push(new Set([i, ...of.flatMap((parent) => [...sets[parent]!])])));
  return sets;
}
