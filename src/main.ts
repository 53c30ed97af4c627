/**
 * The executable: arguments in, exit code out.
 *
 * @module
 */
import { VERSION } from "./cli/version_number.ts";
import { commandLine, endProcess, printLine } from "./platform/process.ts";

const args = commandLine();
if (args.length === 1 && args[0] === "--version") {
  printLine(`lattice ${VERSION}`); // answered before anything else is loaded
} else {
  // No top-level await: the compiled bytecode is not a module.
  void import("./cli/start.ts").then(({ start }) => start(args)).then(endProcess);
}
