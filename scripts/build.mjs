/**
 * `npm run build`: compiles `dist/lattice` for this machine.
 *
 * - `--bytecode` and `--minify` together halve the time to start; with `--splitting` a command loads what it imports
 *   only, so that `--version` costs no more than a program that prints a line.
 * - The four `--no-compile-autoload-*` options are for security: without them the binary would obey `.env` and
 *   `bunfig.toml` of the folder it is called in, which belongs to whoever wrote the repository.
 */
import { mkdirSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { isStarted, prepare, root, run, tool } from "./setup.mjs";

/** Path of the binary for this machine. */
export const binary = join(root, "dist", process.platform === "win32" ? "lattice.exe" : "lattice");

/**
 * Compiles the executable; the packages must be installed.
 *
 * @param outfile Path of the executable; it is replaced at once, so that a running one is not disturbed.
 * @param more Further options of `bun build`, such as `--target`.
 * @param entry Path of the program; the benchmark compiles another one in the same way.
 */
export function compile(outfile, more = [], entry = join(root, "src", "main.ts")) {
  const folder = join(outfile, "..");
  const unfinished = join(folder, `.unfinished-${process.pid}${outfile.endsWith(".exe") ? ".exe" : ""}`);
  mkdirSync(folder, { recursive: true });
  run(tool("bun"), [
    "build",
    "--compile",
    "--minify",
    "--bytecode",
    "--format=esm",
    "--splitting",
    "--sourcemap=none",
    "--no-compile-autoload-dotenv",
    "--no-compile-autoload-bunfig",
    "--no-compile-autoload-tsconfig",
    "--no-compile-autoload-package-json",
    ...more,
    `--outfile=${unfinished}`,
    entry,
  ], { stdio: ["ignore", "ignore", "inherit"] });
  renameSync(unfinished, outfile);
}

if (isStarted(import.meta.url)) {
  prepare();
  compile(binary);
  console.log(`dist/lattice: ${(statSync(binary).size / 1e6).toFixed(1)} MB`);
}
