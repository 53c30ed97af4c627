/**
 * Programs of simulated processes that work on one state document.
 *
 * @module
 */
import { ExpectationFailed } from "../../src/state/errors.ts";
import { openStateRepository } from "../../src/state/open.ts";
import type { StateRepository, StateSchema } from "../../src/state/repository.ts";
import type { SimulatedProcess } from "../simulation/together.ts";

interface Counted {
  readonly count: number;
}

const COUNTED: StateSchema<Counted> = {
  safeParse: (data) => ({ success: true, data: data as Counted }),
};

/** The repository of a simulated process; others are waited for. */
export function countedStates(system: SimulatedProcess["system"], lockTimeoutMs = 60_000): StateRepository<Counted> {
  return openStateRepository("/srv/data", COUNTED, { system, command: "count", lockTimeoutMs });
}

/** Counts the document up by compare-and-swap, and tells each time that it is done. */
export async function countUp({ system, tell }: SimulatedProcess, times: number): Promise<void> {
  const states = countedStates(system);
  for (let done = 0; done < times;) {
    const seen = await states.read("shared");
    try {
      await states.save("shared", { count: (seen?.value.count ?? 0) + 1 }, seen?.digest ?? null);
      tell("counted");
      done++;
    } catch (error) {
      if (!(error instanceof ExpectationFailed)) throw error;
    }
  }
}

/** Saves and deletes the document, and so makes and removes its folder. */
export async function saveAndDelete({ system }: SimulatedProcess, times: number): Promise<void> {
  const states = countedStates(system);
  for (let done = 0; done < times; done++) {
    await states.save("shared", { count: done });
    await states.load("shared");
    await states.delete("shared");
  }
}
