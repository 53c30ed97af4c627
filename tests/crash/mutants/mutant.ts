/**
 * What a mutant is, and how it is tried.
 *
 * @module
 */
import { explore, type ExploreOptions, type Scenario } from "../../simulation/explore.ts";
import type { SimSystem } from "../../simulation/sim_system.ts";
import type { Mutation } from "./seam.ts";

/** A scenario in which other programs may be at work. */
export interface TestBed {
  readonly scenario: Scenario;
  /**
   * Acts before each call of the program, as another process.
   *
   * @param acknowledge Tells the check what was done.
   */
  readonly outsider?: (system: SimSystem, acknowledge: (fact: string) => void) => void;
  /** How much of it is tried. */
  readonly options: ExploreOptions;
}

/** A deliberately broken variant of the program, made by changing its calls. */
export interface Mutant {
  readonly name: string;
  /** What is wrong with it, in a sentence. */
  readonly breaks: string;
  /** Whose calls are changed. */
  readonly in: "program" | "recovery" | "both";
  readonly mutation: Mutation;
  /** In which test beds it must be caught, by name, and what must be said there. */
  readonly caughtIn: Readonly<Record<string, RegExp>>;
}

/** Explores a test bed, with a mutant in the place of the program, of its recovery, or of both. */
export async function exploreBed(bed: TestBed, mutant?: Mutant): Promise<void> {
  const { scenario } = bed;
  const mutate = (where: "program" | "recovery", system: SimSystem) =>
    mutant === undefined || (mutant.in !== where && mutant.in !== "both") ? system : mutant.mutation(system);
  await explore({
    ...scenario,
    name: scenario.name,
    program: (system, acknowledge) =>
      beside(bed, system, acknowledge, () => scenario.program(mutate("program", system), acknowledge)),
    recover: (system) => scenario.recover(mutate("recovery", system)),
  }, bed.options);
}

/** Runs the program with the outsider at work. */
async function beside(
  { outsider }: TestBed,
  system: SimSystem,
  acknowledge: (fact: string) => void,
  body: () => unknown,
): Promise<void> {
  if (outsider === undefined) {
    await body();
    return;
  }
  const neighbour = system.neighbour();
  const { gate } = system.disk;
  const tick = gate.onCall;
  gate.onCall = () => {
    tick();
    outsider(neighbour, acknowledge);
  };
  try {
    await body();
  } finally {
    gate.onCall = tick;
  }
}

/**
 * What a check found wrong, of an error of `explore`.
 *
 * @returns `null`: it is no complaint of a check or a recovery.
 */
export function complaintOf(error: unknown): string | null {
  const lines = error instanceof Error ? error.message.split("\n  disk: ")[0]!.split("\n") : [];
  return lines.findLast((line) => /^ {2}(?:check|recover|second recovery): /.test(line))?.trim() ?? null;
}
