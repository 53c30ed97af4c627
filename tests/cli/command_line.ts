/**
 * Runs command lines within the test's own process, on the real disk, with streams that are kept.
 *
 * @module
 */
import { runCommandLine } from "../../src/cli/run.ts";
import { ClosedOutputError, type Streams } from "../../src/platform/streams.ts";
import { realSystem } from "../../src/platform/real_system.ts";
import type { System } from "../../src/platform/system.ts";
import { concatBytes, utf8 } from "../../src/platform/text.ts";
import { gitEnvironment } from "../git_oracle.ts";

/** How a command line ended. */
export interface Ended {
  exit: number;
  stdout: string;
  stderr: string;
  stdoutBytes: Uint8Array;
}

/** What a command line meets. */
export interface Surroundings {
  cwd?: string;
  env?: Record<string, string>;
  stdin?: string | Uint8Array;
  /** Which of the streams are terminals. */
  terminals?: readonly number[];
  /** Thrown by every write to standard output. */
  writeFailure?: Error;
}

/** Streams of which everything is kept. */
export function keptStreams(surroundings: Surroundings): { streams: Streams; ended(exit: number): Ended } {
  const output: Uint8Array[] = [];
  let stderr = "";
  const stdin = surroundings.stdin ?? "";
  let rest: Uint8Array | null = typeof stdin === "string" ? utf8(stdin) : stdin;
  return {
    streams: {
      read() {
        const bytes = rest;
        rest = null;
        return bytes === null || bytes.length === 0 ? null : bytes;
      },
      readLater() {
        return Promise.resolve(this.read());
      },
      write(bytes) {
        if (surroundings.writeFailure !== undefined) throw surroundings.writeFailure;
        output.push(new Uint8Array(bytes));
      },
      writeError: (text) => {
        stderr += text;
      },
      isTerminal: (stream) => surroundings.terminals?.includes(stream) ?? false,
      hideTyping: () => () => {},
    },
    ended(exit) {
      const stdoutBytes = concatBytes(output);
      return { exit, stdout: new TextDecoder().decode(stdoutBytes), stderr, stdoutBytes };
    },
  };
}

/** The real system, with another folder and environment. */
export function systemIn(surroundings: Surroundings): System {
  const host = Object.create(realSystem.host, {
    workingDirectory: { value: surroundings.cwd ?? realSystem.host.workingDirectory },
  });
  return Object.create(realSystem, {
    host: { value: host },
    env: { value: { ...gitEnvironment, ...surroundings.env } },
  }) as System;
}

/** Runs a command line. */
export async function lattice(args: readonly string[], surroundings: Surroundings = {}): Promise<Ended> {
  const kept = keptStreams(surroundings);
  return kept.ended(await runCommandLine(args, systemIn(surroundings), kept.streams));
}

/** What a write to a closed pipe throws. */
export const closedOutput: Error = new ClosedOutputError();
