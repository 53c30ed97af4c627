/**
 * A program for the tests: `work_on_state.ts write <store> <count>` counts a document up so often, by compare-and-swap;
 * `work_on_state.ts replace <store> <count>` saves and deletes it so often; `work_on_state.ts read <store>` reads it until its input ends. Whoever reads judges what it read.
 *
 * @module
 */
import process from "node:process";
import { ExpectationFailed } from "../../src/state/errors.ts";
import { openStateRepository } from "../../src/state/open.ts";
import type { StateSchema } from "../../src/state/repository.ts";

/** How often the count stands in a document: in a torn one it would not be the same everywhere. */
const COPIES = 2000;

interface Counted {
  count: number;
  /** How often each process has counted. */
  by: Record<string, number>;
  copies: number[];
}

/** By hand: thirty processes that load zod would do little else. */
const COUNTED: StateSchema<Counted> = {
  safeParse(value) {
    const data = value as Counted;
    const isWhole = data.copies.length === COPIES && data.copies.every((copy) => copy === data.count);
    const sum = Object.values(data.by).reduce((total, one) => total + one, 0);
    return isWhole && sum === data.count
      ? { success: true, data }
      : { success: false, error: new Error("torn, or lost") };
  },
};

const [work, store, times] = process.argv.slice(2) as [string, string, string];
const states = openStateRepository(store, COUNTED, { command: work, lockTimeoutMs: 120_000 });
const me = String(process.pid);

if (work === "write") {
  let refused = 0;
  for (let done = 0; done < Number(times);) {
    const seen = await states.read("shared");
    const count = (seen?.value.count ?? 0) + 1;
    const by = { ...seen?.value.by, [me]: (seen?.value.by[me] ?? 0) + 1 };
    try {
      await states.save("shared", { count, by, copies: new Array<number>(COPIES).fill(count) }, seen?.digest ?? null);
      done++;
    } catch (error) {
      if (!(error instanceof ExpectationFailed)) throw error;
      refused++;
    }
  }
  console.log(JSON.stringify({ done: Number(times), refused }));
} else if (work === "replace") {
  for (let done = 0; done < Number(times); done++) {
    await states.save("shared", { count: 0, by: {}, copies: new Array<number>(COPIES).fill(0) });
    await states.load("shared");
    await states.delete("shared");
  }
  console.log(JSON.stringify({ done: Number(times) }));
} else {
  let [reads, last] = [0, 0];
  let ended = false;
  process.stdin.on("end", () => ended = true).resume();
  while (!ended) {
    const { count } = await states.load("shared") ?? { count: 0 };
    if (count < last) throw new Error(`${count} came after ${last}`);
    last = count;
    reads++;
    await new Promise((resolve) => setTimeout(resolve, 5)); // lets the end of the input be heard, and others work
  }
  console.log(JSON.stringify({ reads, last }));
}
