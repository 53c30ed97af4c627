/**
 * `npm run bench [<workload>…]`: builds the binary and prints the table of `tests/bench/`. Takes some minutes; the
 * machine should do nothing else. Needs git and bash; installs what else it compares and measures with, where it can.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { compileLibgit2, installObservers } from "./bench/system_packages.mjs";
import { binary, compile, compileProgram } from "./build.mjs";
import { prepare, root, tool } from "./setup.mjs";

prepare();
installObservers();
console.log("building dist/lattice and the programs that it is compared with");
compile(binary);
const helloWorld = join(root, "dist", "hello-world");
compileProgram(join(root, "tests", "bench", "hello_world.ts"), helloWorld);
const diskCalls = join(root, "dist", "disk-calls");
compileProgram(join(root, "tests", "bench", "disk_calls.ts"), diskCalls);
const libgit2 = join(root, "dist", "libgit2-apply");
compileLibgit2(libgit2);
const programs = [binary, helloWorld, diskCalls, libgit2];
const args = [join(root, "tests", "bench", "main.ts"), ...programs, ...process.argv.slice(2)];
const { status, error } = spawnSync(tool("bun"), args, { stdio: "inherit" });
if (error !== undefined) throw error;
process.exit(status ?? 1);
