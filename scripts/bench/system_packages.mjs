/**
 * What the benchmark takes from the system beside git and bash: installed where it is missing and can be. Without it
 * the table has fewer figures, and says which.
 */
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { canInstall, install, isThere } from "../apt.mjs";
import { root } from "../setup.mjs";

/** Program that looks at another, and the Debian package that has it. */
const OBSERVERS = { strace: "strace", time: "time" };

/** What libgit2's program is compiled with. */
const COMPILER_PACKAGES = ["gcc", "libc6-dev", "libgit2-dev"];

const SOURCE = join(root, "tests", "bench", "competitors", "libgit2_apply.c");

/** Makes sure of the programs that count flushes and measure memory, as far as that can be. */
export function installObservers() {
  const missing = Object.keys(OBSERVERS).filter((program) => !isThere(program));
  if (missing.length > 0 && !installed(missing.map((program) => OBSERVERS[program]))) {
    console.log(`without ${missing.join(" and ")}: what it would tell is a "?" in the table`);
  }
}

/** Compiles the program that does by libgit2 what `lattice apply` does; where that cannot be, there is none. */
export function compileLibgit2(outfile) {
  rmSync(outfile, { force: true });
  const compile = () => spawnSync("cc", ["-O2", "-o", outfile, SOURCE, "-lgit2"], { encoding: "utf8" });
  let { status, stderr, error } = compile();
  if (status !== 0 && installed(COMPILER_PACKAGES)) ({ status, stderr, error } = compile());
  if (status === 0) return;
  const reason = error?.message ?? stderr.split("\n").find((line) => line.includes("error")) ?? `cc gave ${status}`;
  console.log(`without libgit2 (Debian: ${COMPILER_PACKAGES.join(", ")}): ${reason}`);
}

/** Installs packages if that can be done; a failure is told and costs rows of the table, not the table. */
function installed(packages) {
  if (!canInstall()) return false;
  try {
    install(packages);
    return true;
  } catch (error) {
    console.log(error.message);
    return false;
  }
}
