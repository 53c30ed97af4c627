/**
 * `npm run build:wasm`: derives the conditions, writes the sources that are generated from them, and compiles the kernel
 * `wasm/sha1.wasm`. With `--check` nothing is written: it ends with exit code 1 where a committed file is another.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { bitConditions } from "./bit_conditions.ts";
import { conditionsSource, conditionsTable, vectorsSource } from "./sources.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const KERNEL = "wasm/sha1.ts";

const conditions = bitConditions();
const made = new Map<string, Uint8Array>([
  ["wasm/vectors.ts", new TextEncoder().encode(vectorsSource())],
  ["wasm/conditions.ts", new TextEncoder().encode(conditionsSource(conditions))],
  ["src/platform/sha1_conditions.ts", new TextEncoder().encode(conditionsTable(conditions))],
]);

const folder = mkdtempSync(join(tmpdir(), "lattice-wasm-"));
try {
  made.set("wasm/sha1.wasm", compiled());
} finally {
  rmSync(folder, { recursive: true });
}

if (process.argv.includes("--check")) {
  const others = [...made].filter(([path, bytes]) => !readFileSync(join(root, path)).equals(bytes));
  for (const [path] of others) console.error(`${path} is not what \`npm run build:wasm\` makes`);
  process.exitCode = others.length === 0 ? 0 : 1;
} else {
  for (const [path, bytes] of made) writeFileSync(join(root, path), bytes);
  console.log(`wasm/sha1.wasm: ${made.get("wasm/sha1.wasm")!.length} bytes, ${conditions.length} conditions`);
}

/** Compiles a copy of the sources, so that what is checked is made from what is generated here. */
function compiled(): Uint8Array {
  made.set(KERNEL, readFileSync(join(root, KERNEL)));
  for (const [path, bytes] of made) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
  made.delete(KERNEL);
  const outFile = join(folder, "sha1.wasm");
  const compiler = join(root, "node_modules", "assemblyscript", "bin", "asc.js");
  const options = ["-O3", "--runtime", "stub", "--use", "abort=", "--enable", "simd", "--outFile", outFile];
  const ended = spawnSync("node", [compiler, KERNEL, ...options], { cwd: folder, encoding: "utf8" });
  if (ended.error !== undefined) throw ended.error;
  if (ended.status !== 0) throw new Error(`the compiler ended with ${ended.status}:\n${ended.stdout}${ended.stderr}`);
  return readFileSync(outFile);
}
