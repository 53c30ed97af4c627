/**
 * `npm run bench [<workload>…]`: builds the binary and prints the table of `tests/bench/`. Takes some minutes; the
 * machine should do nothing else. Needs git and bash, and `strace` to count flushes.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { binary, compile, compileProgram } from "./build.mjs";
import { prepare, root, tool } from "./setup.mjs";

prepare();
console.log("building dist/lattice and a hello-world binary");
compile(binary);
const helloWorld = join(root, "dist", "hello-world");
compileProgram(join(root, "tests", "bench", "hello_world.ts"), helloWorld);
const args = [join(root, "tests", "bench", "main.ts"), binary, helloWorld, ...process.argv.slice(2)];
const { status, error } = spawnSync(tool("bun"), args, { stdio: "inherit" });
if (error !== undefined) throw error;
process.exit(status ?? 1);
