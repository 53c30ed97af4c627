/**
 * Runs a command line on this machine.
 *
 * @module
 */
import { realStreams } from "../platform/streams.ts";
import { realSystem } from "../platform/real_system.ts";
import { runCommandLine } from "./run.ts";

/** Runs the arguments of this process. @returns The exit code. */
export function start(args: readonly string[]): Promise<number> {
  return runCommandLine(args, realSystem, realStreams);
}
