/**
 * Small programs by which the interleaving of simulated processes is tested.
 *
 * @module
 */
import { isDiskError } from "../../src/platform/disk.ts";
import { utf8 } from "../../src/platform/text.ts";
import type { SimulatedProcess } from "./together.ts";

/** Appends lines to a file, one write each. */
export function appendLines({ system, tell }: SimulatedProcess, lines: readonly string[]): void {
  using file = system.disk.openAppend("/d/lines")!;
  for (const line of lines) {
    file.write(utf8(`${line}\n`));
    tell(line);
  }
}

/** Counts a number up that stands in a file, under a lock file if it is told so. Says what it made of it. */
export function countUp({ system }: SimulatedProcess, { locks }: { locks: boolean }): number {
  const { disk } = system;
  while (locks && !createsLock(system)) system.clock.sleepSync(1);
  const value = Number(new TextDecoder().decode(disk.readFile("/d/number")!)) + 1;
  {
    using file = disk.create(`/d/new${value}${locks ? "" : system.host.pid}`);
    file.write(utf8(`${value}`));
    disk.rename(file.path, "/d/number");
  }
  if (locks) disk.unlink("/d/number.lock");
  return value;
}

function createsLock({ disk }: SimulatedProcess["system"]): boolean {
  try {
    disk.create("/d/number.lock").close();
    return true;
  } catch (error) {
    if (!isDiskError(error, "EEXIST")) throw error;
    return false;
  }
}

/** Takes a flock, waiting for it, and holds it while it runs a program. */
export function runUnderFlock({ system, tell }: SimulatedProcess, command: string[]): number {
  using file = system.openLockable("/d/flock", 0o666)!;
  while (file.tryLock() !== true) system.clock.sleepSync(2);
  tell("locked");
  return system.run(command, { inherit: file, env: { HELLO: "world" } }).exitCode;
}

/** Does the same, and goes on for a while when that program has ended. */
export function lingerUnderFlock({ system, tell }: SimulatedProcess, command: string[]): number {
  using file = system.openLockable("/d/flock", 0o666)!;
  while (file.tryLock() !== true) system.clock.sleepSync(2);
  const { exitCode } = system.run(command, { inherit: file });
  system.clock.sleepSync(50);
  tell("lets go");
  return exitCode;
}

/** Says whether the flock is free, and how long it waited for it. */
export function waitForFlock({ system, tell }: SimulatedProcess): number {
  using file = system.openLockable("/d/flock", 0o666)!;
  const startMs = system.clock.monotonicMs();
  while (file.tryLock() !== true) system.clock.sleepSync(2);
  tell("taken over");
  return system.clock.monotonicMs() - startMs;
}

/** Sleeps, and ends with an exit code. */
export async function sleepAndExit(
  { system, tell }: SimulatedProcess,
  { ms, exitCode }: { ms: number; exitCode: number },
): Promise<{ exitCode: number; env: string | undefined }> {
  await system.clock.sleep(ms);
  tell("slept");
  return { exitCode, env: system.env["HELLO"] };
}

/** Fails. */
export function fail(): never {
  throw new Error("as it should");
}
