/**
 * One process of the test run: started with a folder of its own for temporary files, ended when it takes too long,
 * its results counted.
 */
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { binary } from "../build.mjs";
import { root } from "../setup.mjs";

/** Longest time that one test file or check may take, where the job says nothing else. */
const JOB_TIMEOUT_MS = 10 * 60 * 1000;

/** Most of a job's output that is kept, in characters; what is printed beyond is dropped. */
const OUTPUT_CHARACTERS_MAX = 4_000_000;

const running = new Set();

/** Those that were ended from outside. */
const ended = new WeakSet();

/** Ends all jobs that still run, with everything that they started; no result of theirs counts. */
export function endAll() {
  for (const child of running) {
    ended.add(child);
    endGroup(child);
  }
}

function endGroup(child) {
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch (error) {
    if (error.code !== "ESRCH") throw error; // it may have ended by itself just now
  }
}

/**
 * Runs a job.
 *
 * @param job `title`, `program`, `args`; `junit`: where it writes its results, when it counts tests itself; `env`: what is
 *   added to the environment; `timeoutMs`.
 * @param scratch Folder of the whole run.
 * @returns Counts, whether it was ended by {@link endAll}, the output, what the tests printed (`notes`), how long it took in milliseconds; `trouble` says what
 *   went wrong beyond failing tests, else it is null.
 */
export async function runJob(job, scratch) {
  const temporary = join(scratch, String(job.index));
  mkdirSync(temporary, { recursive: true, mode: 0o755 });
  const startedMs = Date.now();
  const timeoutMs = job.timeoutMs ?? JOB_TIMEOUT_MS;
  const child = spawn(job.program, job.args, {
    cwd: root,
    env: { ...process.env, TMPDIR: temporary, LATTICE_BINARY: binary, NO_COLOR: "1", NO_UPDATE_CHECK: "1", ...job.env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true, // a group of its own, so that its children end with it
  });
  running.add(child);
  let output = "";
  let printed = "";
  const keep = (text) => {
    if (output.length < OUTPUT_CHARACTERS_MAX) output += text;
  };
  child.stdout.setEncoding("utf8").on("data", (text) => {
    printed += text;
    keep(text);
  });
  child.stderr.setEncoding("utf8").on("data", keep);
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    endGroup(child);
  }, timeoutMs);
  let refused = null; // why it did not start at all
  const [status, signal] = await new Promise((resolve) => {
    child.on("error", (error) => {
      refused = error.message;
      resolve([null, null]);
    });
    child.on("close", (...how) => resolve(how));
  });
  clearTimeout(timer);
  running.delete(child);
  const counts = job.junit === undefined ? null : countTests(job.junit);
  const trouble = refused !== null
    ? refused
    : timedOut
    ? `still running after ${timeoutMs / 1000} s`
    : signal !== null
    ? `killed by ${signal}`
    : job.junit === undefined
    ? status === 0 ? null : `exit code ${status}`
    : counts === null
    ? `exit code ${status}, and no results were written`
    : status !== 0 && counts.failed === 0
    ? `exit code ${status}, though no test failed`
    : counts.passed + counts.failed + counts.skipped === 0
    ? "no test ran"
    : null;
  const { passed, failed, skipped } = counts ?? { passed: trouble === null ? 1 : 0, failed: 0, skipped: 0 };
  return {
    passed,
    failed: failed + (trouble === null ? 0 : 1),
    skipped,
    ended: ended.has(child),
    trouble,
    output,
    notes: job.junit === undefined ? [] : notesIn(printed),
    tookMs: Date.now() - startedMs,
  };
}

/** Counts in a JUnit report; `null` when there is none. Texts in it are escaped, so elements can be told by `<`. */
function countTests(path) {
  let report;
  try {
    report = readFileSync(path, "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return null;
    throw error;
  }
  if (!report.includes("</testsuites>")) return null;
  const count = (pattern) => report.match(pattern)?.length ?? 0;
  const failed = count(/<(?:failure|error)\b/g);
  const skipped = count(/<skipped\b/g);
  return { passed: count(/<testcase\b/g) - failed - skipped, failed, skipped };
}

/** What the tests themselves printed: how many points and inputs they tried. */
function notesIn(printed) {
  const notes = [];
  let inTest = /^bun test /.test(printed); // Deno marks the output of tests, Bun prints nothing else here
  for (const line of printed.split("\n")) {
    if (line.startsWith("------- ") && line.includes("output -------")) inTest = true;
    else if (line.startsWith("----- ") && line.includes("output end -----")) inTest = false;
    else if (inTest && line.trim() !== "" && !line.startsWith("bun test ")) notes.push(line);
  }
  return notes;
}
