/**
 * The executable: arguments in, exit code out.
 *
 * @module
 */
import { VERSION } from "./cli/version_number.ts";
import { commandLine, endProcess, printLine } from "./platform/process.ts";

const args = commandLine();
if (args.length === 1 && args[0] === "--version") {
  // Answered before anything else is loaded; where that fails, the ordinary way says why.
  void printLine(`lattice ${VERSION}`).then((failure) => failure === null ? undefined : startCommand());
} else {
  void startCommand();
}

/** No top-level await: the compiled bytecode is not a module. */
async function startCommand(): Promise<void> {
  const { start } = await import("./cli/start.ts");
  endProcess(await start(args));
}
