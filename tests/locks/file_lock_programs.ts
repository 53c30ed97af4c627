/**
 * Programs of simulated processes that lock a file.
 *
 * @module
 */
import { FileLock } from "../../src/locks/file_lock.ts";
import { LatticeError } from "../../src/platform/errors.ts";
import { utf8 } from "../../src/platform/text.ts";
import type { SimulatedProcess } from "../simulation/together.ts";

/** What {@link countUnderLock} is to do. */
export interface CountInput {
  readonly backend: "flock" | "pid";
  readonly times: number;
  readonly timeoutMs: number;
}

/**
 * Counts a number up under a lock, as often as is said; a write that does not look before loses others' counts.
 *
 * @returns How often it got the lock.
 */
export async function countUnderLock(
  { system, tell }: SimulatedProcess,
  { backend, times, timeoutMs }: CountInput,
): Promise<number> {
  const { disk } = system;
  let counted = 0;
  for (let i = 0; i < times; i++) {
    const lock = new FileLock("/d/number", { backend, command: "count", timeoutMs }, system);
    try {
      await lock.acquire();
    } catch (error) {
      if (error instanceof LatticeError && error.code === "locked") continue;
      throw error;
    }
    tell("in");
    const value = Number(new TextDecoder().decode(disk.readFile("/d/number")!)) + 1;
    const next = `/d/new-${system.host.pid}`;
    {
      using file = disk.create(next);
      file.write(utf8(`${value}`));
    }
    disk.rename(next, "/d/number");
    counted++;
    tell("out");
    lock.release();
  }
  return counted;
}
