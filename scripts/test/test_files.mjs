/** Which test files there are, and which of them cannot run here. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import process from "node:process";
import { root } from "../setup.mjs";

/** Folders whose tests take longest; they start first, so that no core waits for one at the end. */
const SLOW_FIRST = ["tests/crash/", "tests/e2e/", "tests/property/", "tests/simulation/", "tests/interop/"];

/** All test files, relative to the project, the slow ones first. */
export function testFiles() {
  const rank = (file) => {
    const index = SLOW_FIRST.findIndex((folder) => file.startsWith(folder));
    return index === -1 ? SLOW_FIRST.length : index;
  };
  return readdirSync(join(root, "tests"), { recursive: true })
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => join("tests", file))
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

/** Of some files those whose path contains one of the parts, all of them without parts. Ends the process when none does. */
export function filesWith(parts, files) {
  const wanted = files.filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)));
  if (wanted.length > 0) return wanted;
  console.error(`error: no test file's path contains ${parts.map((part) => JSON.stringify(part)).join(" or ")}`);
  process.exit(2);
}

/** Whether the tests of a file choose what they try: by a seed, or how much of it. */
export function isSampling(file) {
  return /^import .*\/(?:thoroughness|property|report)\.ts";$/m.test(text(file));
}

/** What lies beside the checkout, and how a test file that needs it can be told. */
const BESIDE = [
  { path: "../shared/fixtures/manifest.json", isNeededBy: (file) => usesFixtures(file) },
  { path: "../shared/tools/modern-git", isNeededBy: (file) => /\bmodernGit\(/.test(text(file)) },
];

/** Why a test file cannot run here; `null` when it can. */
export function reasonToSkip(file) {
  const missing = BESIDE.find(({ path, isNeededBy }) => !existsSync(join(root, path)) && isNeededBy(file));
  if (missing !== undefined) return `it needs ${missing.path}, which is not beside this checkout`;
  if (text(file).includes('"--propagation"')) return reasonNotToMount();
  return text(file).includes("network_hosts.ts") ? reasonNotToLink() : null;
}

/** Why this process may make no network namespace; `null` when it may. */
function reasonNotToLink() {
  const name = `lattice-probe-${process.pid}`;
  const tried = spawnSync("ip", ["netns", "add", name], { encoding: "utf8" });
  if (tried.status !== 0) {
    return `it needs network namespaces, which are refused here: ${tried.stderr ?? tried.error}`.trim();
  }
  spawnSync("ip", ["netns", "del", name]);
  return null;
}

/** Why this process may not mount anything in a namespace of its own; `null` when it may. */
function reasonNotToMount() {
  const script = "mount -t tmpfs tmpfs /mnt";
  const tried = spawnSync("unshare", ["--mount", "--propagation", "private", "--", "sh", "-c", script]);
  return tried.status === 0 ? null : `it needs to mount, which is refused here: ${tried.stderr ?? tried.error}`.trim();
}

function text(file) {
  return readFileSync(join(root, file), "utf8");
}

/** Whether a file uses a fixture, by itself or through files that it imports; anybody may borrow `temporaryFolder`. */
function usesFixtures(file, seen = new Set()) {
  if (seen.has(file)) return false;
  seen.add(file);
  return imports(file).some(({ names, path }) =>
    path === "tests/fixtures.ts" ? names !== "{ temporaryFolder }" : usesFixtures(path, seen)
  );
}

/** What a file of the tests imports at run time from other files of the tests. */
function imports(file) {
  return [...text(file).matchAll(/^(?:import(?! type)|export) ([^;]*?) from "(\.[^"]+)";/gms)]
    .map(([, names, from]) => ({ names, path: relative(root, join(root, dirname(file), from)) }))
    .filter(({ path }) => path.startsWith("tests/") && existsSync(join(root, path)));
}
