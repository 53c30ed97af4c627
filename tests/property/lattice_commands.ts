/**
 * A simulated process that runs command lines of lattice, one after the other, and tells what it asked and what it was
 * told.
 *
 * @module
 */
import { runCommandLine } from "../../src/cli/run.ts";
import type { System } from "../../src/platform/system.ts";
import { keptStreams } from "../cli/command_line.ts";
import type { SimulatedProcess } from "../simulation/together.ts";

/** A command line. */
export interface Command {
  readonly args: readonly string[];
  readonly stdin?: string;
}

/** What such a process tells: before a command, and behind it. */
export type CommandFact =
  | { readonly kind: "asks"; readonly command: Command }
  | { readonly kind: "answered"; readonly exit: number; readonly output: unknown; readonly error: unknown };

/** Runs the commands. */
export async function runCommands({ system, tell }: SimulatedProcess, commands: readonly Command[]): Promise<void> {
  for (const command of commands) {
    tell({ kind: "asks", command });
    const kept = keptStreams({ stdin: command.stdin ?? "" });
    const exit = await runCommandLine(["--json", ...command.args], system as System, kept.streams);
    const { stdout, stderr } = kept.ended(exit);
    tell({ kind: "answered", exit, output: json(stdout), error: json(stderr) });
  }
}

/** The last line, as JSON; the whole text where it is none. */
function json(text: string): unknown {
  const line = text.trimEnd().split("\n").at(-1) ?? "";
  try {
    return JSON.parse(line) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}
