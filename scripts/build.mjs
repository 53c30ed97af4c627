/**
 * `npm run build`: compiles `dist/lattice` for this machine.
 *
 * - `--bytecode` and `--minify` together halve the time to start; with `--splitting` a command loads what it imports
 *   only, so that `--version` costs no more than a program that prints a line.
 * - `--min-chunk-size` puts what several commands share into the same file where it is small: each file costs time, too.
 * - `--bytecode-order` puts the bytecode that a command needs on few pages: see `bytecode_profile.mjs`.
 * - `--compile-jit-policy`: most commands end before code that was translated for speed has paid for its translation.
 * - The four `--no-compile-autoload-*` options are for security: without them the binary would obey `.env` and
 *   `bunfig.toml` of the folder it is called in, which belongs to whoever wrote the repository.
 */
import { mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { recordProfiles } from "./bytecode_profile.mjs";
import { isStarted, prepare, root, run, tool } from "./setup.mjs";

/** Path of the binary for this machine. */
export const binary = join(root, "dist", process.platform === "win32" ? "lattice.exe" : "lattice");

/**
 * How many times more often than usual a function has to run before it is compiled for speed. Measured: 1 makes short
 * commands and `apply` of 1,000 documents slower, 20 makes those that go through ten thousand things slower.
 */
const JIT_POLICY = 5;

let profiles;

/**
 * Compiles the executable; the packages must be installed.
 *
 * @param outfile Path of the executable; it is replaced at once, so that a running one is not disturbed.
 * @param more Further options of `bun build`, such as `--target`.
 */
export function compile(outfile, more = []) {
  profiles ??= profilesOfThisMachine();
  compileProgram(join(root, "src", "main.ts"), outfile, [`--bytecode-order=${profiles.join(",")}`, ...more]);
}

/** Compiles for this machine without profiles, and records them; those of other platforms are the same. */
function profilesOfThisMachine() {
  const folder = join(root, "dist", "profile");
  const program = join(folder, process.platform === "win32" ? "lattice.exe" : "lattice");
  compileProgram(join(root, "src", "main.ts"), program);
  try {
    return recordProfiles(program, folder);
  } finally {
    rmSync(program);
  }
}

/** Compiles any program in the way of the executable; the benchmark compares with one. */
export function compileProgram(entry, outfile, more = []) {
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
    "--min-chunk-size=16384",
    `--compile-jit-policy=${JIT_POLICY}`,
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
