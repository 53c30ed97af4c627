/**
 * `npm test [<part of a path>…]`: installs what the tests need, builds, runs everything on both runtimes and on the
 * built binary, says how much was tried of what no run can try whole, and ends with one line: `N passed, N failed, N
 * skipped`.
 *
 * - Every test file runs in a process of its own, so that one that crashes, hangs or exits cannot hide the others;
 *   it then counts as one failed test. Each static check counts as one test.
 * - Files below `tests/e2e/` judge the binary and run once; all others run under Bun and under Deno.
 * - Given parts of paths, only test files whose path contains one of them run, and no static checks.
 */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { binary, compile } from "./build.mjs";
import { prepare, tool } from "./setup.mjs";
import { installSystemPackages } from "./test/system_packages.mjs";
import { endAll, runJob } from "./test/job.mjs";
import { staticChecks } from "./test/static_checks.mjs";
import { reasonToSkip, testFiles } from "./test/test_files.mjs";
import { Tally } from "./test/tried.mjs";

const startedMs = Date.now();
const parts = process.argv.slice(2);

const total = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
const tally = new Tally();

attempt("setting up", () => {
  prepare();
  installSystemPackages();
});
console.log("building dist/lattice");
attempt("building dist/lattice", () => {
  try {
    compile(binary);
  } catch (error) {
    rmSync(binary, { force: true }); // no old one is judged in place of one that does not build
    throw error;
  }
});

const scratch = mkdtempSync(join(tmpdir(), "lattice-run-")); // whatever tests leave behind goes with it
chmodSync(scratch, 0o755); // some tests open folders in it for another user
process.on("exit", () => {
  endAll();
  rmSync(scratch, { recursive: true, force: true, maxRetries: 3 });
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.exit(1));

const jobs = [...(parts.length === 0 ? staticChecks() : []), ...testJobs()];

console.log(`running ${jobs.length} jobs`);
const queue = jobs.map((job, index) => ({ ...job, index }));
await Promise.all(Array.from({ length: availableParallelism() }, async () => {
  for (let job = queue.shift(); job !== undefined; job = queue.shift()) report(job, await runJob(job, scratch));
}));

if (failures.length > 0) console.log(`\nfailed:\n${failures.map((title) => `  ${title}`).join("\n")}`);
if (tally.line() !== null) console.log(tally.line());
console.log(`took ${Math.round((Date.now() - startedMs) / 1000)} s`);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed > 0 ? 1 : 0);

/** Does what all tests build on; where it fails, that counts as a failed test, and the others show what it means. */
function attempt(title, work) {
  try {
    work();
  } catch (error) {
    console.log(`FAIL  ${title}: ${error.message}`);
    failures.push(title);
    total.failed++;
  }
}

/** One job for each test file and runtime that it is for. */
function testJobs() {
  const jobs = [];
  for (const file of testFiles()) {
    if (parts.length > 0 && !parts.some((part) => file.includes(part))) continue;
    const reason = reasonToSkip(file);
    if (reason !== null) {
      console.log(`skip  ${file}: ${reason}`);
      total.skipped++;
      continue;
    }
    const junit = (runtime) => join(scratch, `${runtime}-${file.replaceAll("/", "-")}.xml`);
    jobs.push({
      title: `bun   ${file}`,
      program: tool("bun"),
      args: ["test", "--reporter=junit", `--reporter-outfile=${junit("bun")}`, `./${file}`],
      junit: junit("bun"),
    });
    if (file.startsWith("tests/e2e/")) continue;
    jobs.push({
      title: `deno  ${file}`,
      program: tool("deno"),
      args: ["test", "-A", "--no-check", `--junit-path=${junit("deno")}`, file],
      junit: junit("deno"),
    });
  }
  if (jobs.length + total.skipped === 0) {
    console.error(`error: no test file's path contains ${parts.map((part) => JSON.stringify(part)).join(" or ")}`);
    process.exit(2);
  }
  return jobs;
}

/** Adds up a job's result and prints it: a line when it passed, everything when it failed. */
function report(job, result) {
  total.passed += result.passed;
  total.failed += result.failed;
  total.skipped += result.skipped;
  for (const line of result.notes) tally.add(line);
  const seconds = (result.tookMs / 1000).toFixed(1);
  const counts = `${result.passed} passed` +
    (result.failed > 0 ? `, ${result.failed} failed` : "") +
    (result.skipped > 0 ? `, ${result.skipped} skipped` : "");
  console.log(`${result.failed > 0 ? "FAIL" : "ok  "}  ${job.title}: ${counts} (${seconds} s)`);
  if (result.failed === 0) {
    for (const line of result.notes) console.log(`        ${line}`);
    return;
  }
  failures.push(job.title + (result.trouble === null ? "" : ` (${result.trouble})`));
  if (result.trouble !== null) console.log(`----- ${result.trouble}`);
  console.log(`----- ${job.program} ${job.args.join(" ")}\n${result.output.trimEnd()}\n-----`);
}
