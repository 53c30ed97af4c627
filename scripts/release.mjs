/**
 * `npm run release`: compiles the binary for every platform into `dist/release/`, with `SHA256SUMS` and an SBOM.
 *
 * The runtimes of the other platforms come from the npm registry, each checked against the digest that
 * `package-lock.json` pins, and stay in `node_modules/.cache/`. Binaries for other platforms are made, not run, here.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { Buffer } from "node:buffer";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { compile } from "./build.mjs";
import { npm, prepare, root, run } from "./setup.mjs";

/** Name of each binary's platform, the target of `bun build`, the package that has the runtime. */
const TARGETS = [
  { platform: "linux-x64", target: "bun-linux-x64", runtime: "@oven/bun-linux-x64" },
  { platform: "linux-arm64", target: "bun-linux-arm64", runtime: "@oven/bun-linux-aarch64" },
  { platform: "linux-x64-musl", target: "bun-linux-x64-musl", runtime: "@oven/bun-linux-x64-musl" },
  { platform: "linux-arm64-musl", target: "bun-linux-arm64-musl", runtime: "@oven/bun-linux-aarch64-musl" },
  { platform: "darwin-x64", target: "bun-darwin-x64", runtime: "@oven/bun-darwin-x64" },
  { platform: "darwin-arm64", target: "bun-darwin-arm64", runtime: "@oven/bun-darwin-aarch64" },
  { platform: "windows-x64", target: "bun-windows-x64", runtime: "@oven/bun-windows-x64" },
];

const folder = join(root, "dist", "release");
const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

prepare();
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const sums = [];
for (const { platform, target, runtime } of TARGETS) {
  const name = `lattice-${version}-${platform}${platform.startsWith("windows") ? ".exe" : ""}`;
  const path = join(folder, name);
  compile(path, [`--target=${target}`, `--compile-executable-path=${runtimeOf(runtime)}`]);
  const digest = createHash("sha256").update(readFileSync(path)).digest("hex");
  sums.push(`${digest}  ${name}\n`);
  console.log(`${name}: ${(statSync(path).size / 1e6).toFixed(1)} MB`);
}
const materials = `${JSON.stringify(billOfMaterials(), null, 2)}\n`;
writeFileSync(join(folder, `lattice-${version}.cdx.json`), materials);
sums.push(`${createHash("sha256").update(materials).digest("hex")}  lattice-${version}.cdx.json\n`);
writeFileSync(join(folder, "SHA256SUMS"), sums.join(""));
console.log(`dist/release: ${TARGETS.length} binaries, SHA256SUMS, SBOM`);

/** What the lock file says of a package. */
function locked(name) {
  const entry = lock[`node_modules/${name}`];
  if (entry === undefined) throw new Error(`package-lock.json does not pin ${name}`);
  return entry;
}

/** Calls npm and gives what it printed. */
function npmOutput(args, cwd = root) {
  const [program, first] = npm();
  const ended = spawnSync(program, [...first, ...args], { cwd, encoding: "utf8", maxBuffer: 1 << 26 });
  if (ended.error !== undefined) throw ended.error;
  if (ended.status !== 0) throw new Error(`npm ${args.join(" ")} ended with ${ended.status}: ${ended.stderr}`);
  return ended.stdout;
}

/** Path of a platform's runtime; fetched when it is not there yet. */
function runtimeOf(name) {
  const { version: wanted, integrity } = locked(name);
  const cached = join(root, "node_modules", ".cache", "runtimes", `${name.replace("/", "-")}-${wanted}`);
  const program = join(cached, "package", "bin", name.includes("windows") ? "bun.exe" : "bun");
  if (existsSync(program)) return program;
  const unfinished = `${cached}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  const [{ filename }] = JSON.parse(npmOutput(["pack", `${name}@${wanted}`, "--json"], unfinished));
  const archive = join(unfinished, filename);
  const algorithm = integrity.slice(0, integrity.indexOf("-"));
  const actual = createHash(algorithm).update(readFileSync(archive)).digest("base64");
  if (actual !== integrity.slice(algorithm.length + 1)) {
    throw new Error(`${name}@${wanted} has digest ${actual}, package-lock.json pins ${integrity}`);
  }
  run("tar", ["-xzf", archive, "-C", unfinished]);
  rmSync(archive);
  rmSync(cached, { recursive: true, force: true });
  renameSync(unfinished, cached);
  return program;
}

/** The packages in the binary, from npm's own CycloneDX writer, and the runtime around them. */
function billOfMaterials() {
  const bill = JSON.parse(npmOutput(["sbom", "--sbom-format", "cyclonedx", "--omit", "dev", "--package-lock-only"]));
  const { version: runtimeVersion, integrity, license } = locked("bun");
  const reference = `bun@${runtimeVersion}`;
  bill.metadata.component = { ...bill.metadata.component, type: "application", name: "lattice" };
  bill.components.push({
    "bom-ref": reference,
    type: "platform",
    name: "bun",
    version: runtimeVersion,
    scope: "required",
    purl: `pkg:npm/${reference}`,
    hashes: [{ alg: "SHA-512", content: Buffer.from(integrity.slice("sha512-".length), "base64").toString("hex") }],
    licenses: [{ license: { id: license } }],
  });
  bill.dependencies.find(({ ref }) => ref === bill.metadata.component["bom-ref"]).dependsOn.push(reference);
  bill.dependencies.push({ ref: reference, dependsOn: [] });
  return bill;
}
