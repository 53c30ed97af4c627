/**
 * Runs a command line: understands it, loads its command, reports what goes wrong.
 *
 * @module
 */
import { createContext, inDirectory } from "./context.ts";
import { likelyDefinitions } from "./definitions/by_word.ts";
import { reportFailure } from "./failure.ts";
import { createOutput, usesColor } from "./output.ts";
import { type CommandLine, type CommandTable, parseCommandLine, reportingOptions } from "./parse.ts";
import { EXIT_CODES, EXIT_OK } from "./exit_codes.ts";
import { VERSION } from "./version_number.ts";
import { LatticeError } from "../platform/errors.ts";
import type { GlobalOptions } from "./global_options.ts";
import type { Streams } from "../platform/streams.ts";
import type { System } from "../platform/system.ts";

/**
 * Runs a command line.
 *
 * @param args The arguments after the name of the program.
 * @returns The exit code; nothing is thrown.
 */
export async function runCommandLine(args: readonly string[], system: System, streams: Streams): Promise<number> {
  let global: GlobalOptions | undefined;
  try {
    const line = await understand(args);
    global = line.global;
    return await dispatch(line, args, system, streams);
  } catch (error) {
    const { json, color } = global ?? reportingOptions(args);
    return reportFailure(error, streams, {
      json,
      color: usesColor(color, system, streams, 2),
      debug: system.env["LATTICE_DEBUG"] === "1",
    });
  }
}

/** @throws {LatticeError} `usage`. */
async function understand(args: readonly string[]): Promise<CommandLine> {
  const likely = await likelyDefinitions(args);
  if (likely !== null) {
    try {
      const line = parseCommandLine(args, { commands: likely });
      if (line.invocation.kind === "command" || line.invocation.kind === "git") return line;
    } catch (error) {
      if (!(error instanceof LatticeError)) throw error; // the same again, with all commands that there are to be named
    }
  }
  return parseCommandLine(args, await loadTable());
}

async function loadTable(): Promise<CommandTable> {
  return { commands: (await import("./definitions/mod.ts")).COMMANDS };
}

async function dispatch(
  { global, invocation }: CommandLine,
  args: readonly string[],
  system: System,
  streams: Streams,
): Promise<number> {
  switch (invocation.kind) {
    case "version": {
      if (global.json) {
        const { run } = await import("./commands/version.ts");
        return await run(createContext(system, streams, global, loadTable, args));
      }
      createOutput(streams, global.json).text(`lattice ${VERSION}\n`);
      return EXIT_OK;
    }
    case "help": {
      const { renderHelp } = await import("./help.ts");
      createOutput(streams, global.json).text(renderHelp(invocation.topic, await loadTable()));
      return EXIT_OK;
    }
    case "nothing": {
      if (global.json) {
        throw new LatticeError("usage", "no command is given", { hint: "lattice help lists the commands" });
      }
      const { renderHelp } = await import("./help.ts");
      streams.writeError(renderHelp([], await loadTable()));
      return EXIT_CODES.usage;
    }
    case "git": {
      const { runGitCommandLine } = await import("./git/dispatch.ts");
      return await runGitCommandLine(invocation.args, inDirectory(system, global.directories), streams, {
        gitDir: global.gitDir,
        lockTimeoutMs: global.lockTimeoutMs,
      });
    }
    case "command": {
      const context = createContext(system, streams, global, loadTable, args);
      const { run } = await invocation.command.load();
      return await run(context, invocation.parsed);
    }
  }
}
