/**
 * What every script needs before it can do its own work: the packages of `package-lock.json`, the generated kernels,
 * and the paths of the tools that came with the packages.
 *
 * Runs on plain Node.js with nothing installed.
 */
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** The folder of the project. */
export const root = fileURLToPath(new URL("..", import.meta.url));

/** Path of a program that came with the packages: `bun`, `deno`, `tsc`. */
export function tool(name) {
  return join(root, "node_modules", ".bin", name);
}

/** Runs a program in the project's folder with its output on the terminal; throws when it fails. */
export function run(program, args, options = {}) {
  const result = spawnSync(program, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"], ...options });
  if (result.error !== undefined) throw result.error;
  if (result.status !== 0) {
    throw new Error(`"${program} ${args.join(" ")}" ended with ${result.status ?? result.signal}`);
  }
}

/** Program and first arguments that call npm: the one that started this script, else the one in PATH. */
export function npm() {
  const started = process.env.npm_execpath;
  return started !== undefined && /npm-cli\.c?js$/.test(started) ? [process.execPath, [started]] : ["npm", []];
}

/** Installs the packages when they are missing or older than `package-lock.json`, and generates the kernels. */
export function prepare() {
  const installed = join(root, "node_modules", ".package-lock.json"); // written by npm when it has finished
  const wanted = join(root, "package-lock.json");
  if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(wanted).mtimeMs) {
    console.log("installing the packages of package-lock.json: npm ci");
    const [program, first] = npm();
    run(program, [...first, "ci"]);
  }
  run(process.execPath, [join(root, "scripts", "extract_kernels.mjs")]);
}

/** Whether the file at this `import.meta.url` is the script that was started. */
export function isStarted(url) {
  return process.argv[1] === fileURLToPath(url);
}
