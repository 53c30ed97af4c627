/**
 * A seeded choice of the calls at which the binary is disturbed.
 *
 * @module
 */
import type { SeededRandom } from "../simulation/random.ts";
import type { SystemCall } from "./system_calls.ts";

/** Of the calls that are tried, at least this part changes something. */
const CHANGING_PART = 0.8;

/**
 * Chooses calls: mostly such as change something, each kind of call represented.
 *
 * @param count How many; all of them where there are no more.
 */
export function sampleOf(calls: readonly SystemCall[], count: number, random: SeededRandom): SystemCall[] {
  if (calls.length <= count) return [...calls];
  const changing = shuffled(calls.filter(({ changes }) => changes), random);
  const others = shuffled(calls.filter(({ changes }) => !changes), random);
  const wanted = Math.min(changing.length, Math.max(Math.ceil(count * CHANGING_PART), count - others.length));
  return [...oneOfEachFirst(changing).slice(0, wanted), ...oneOfEachFirst(others).slice(0, count - wanted)];
}

function shuffled(calls: SystemCall[], random: SeededRandom): SystemCall[] {
  for (let last = calls.length - 1; last > 0; last--) {
    const other = random.below(last + 1);
    [calls[last], calls[other]] = [calls[other] as SystemCall, calls[last] as SystemCall];
  }
  return calls;
}

function oneOfEachFirst(calls: readonly SystemCall[]): SystemCall[] {
  const seen = new Set<string>();
  const first = calls.filter(({ name }) => !seen.has(name) && seen.add(name));
  return [...first, ...calls.filter((call) => !first.includes(call))];
}
