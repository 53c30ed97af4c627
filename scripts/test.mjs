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
import process from "node:process";
import { Run } from "./test/run.mjs";
import { staticChecks } from "./test/static_checks.mjs";
import { filesWith, testFiles } from "./test/test_files.mjs";

const parts = process.argv.slice(2);
const run = new Run();
run.setUp();
const files = run.able(filesWith(parts, testFiles()));
const jobs = [...(parts.length === 0 ? staticChecks() : []), ...files.flatMap((file) => run.jobsOf(file))];
console.log(`running ${jobs.length} jobs`);
await run.all(jobs);
run.end();
