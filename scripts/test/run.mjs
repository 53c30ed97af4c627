/** A run of tests: set up, jobs side by side, sums. `npm test` and `npm run torture` are such runs. */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { binary, compile } from "../build.mjs";
import { prepare, tool } from "../setup.mjs";
import { endAll, runJob } from "./job.mjs";
import { installSystemPackages } from "./system_packages.mjs";
import { reasonToSkip } from "./test_files.mjs";
import { Tally } from "./tried.mjs";

/** How what was ended before it wrote its results has said that something is wrong. */
const WRONG_ALREADY = /^(?:\(fail\)|wrong:) |\.\.\. FAILED/m;

export class Run {
  #startedMs = Date.now();
  #total = { passed: 0, failed: 0, skipped: 0 };
  #failures = [];
  #tally = new Tally();
  #jobs = 0;
  #scratch = mkdtempSync(join(tmpdir(), "lattice-run-")); // whatever tests leave behind goes with it

  constructor() {
    chmodSync(this.#scratch, 0o755); // some tests open folders in it for another user
    process.on("exit", () => {
      endAll();
      rmSync(this.#scratch, { recursive: true, force: true, maxRetries: 3 });
    });
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.exit(1));
  }

  /** Installs what is missing and builds the binary. What fails counts as a failed test; the others show what it means. */
  setUp() {
    this.#attempt("setting up", () => {
      prepare();
      installSystemPackages();
    });
    console.log("building dist/lattice");
    this.#attempt("building dist/lattice", () => {
      try {
        compile(binary);
      } catch (error) {
        rmSync(binary, { force: true }); // no old one is judged in place of one that does not build
        throw error;
      }
    });
  }

  /** Of some test files those that can run here. Of each other one it is said, and counted as skipped, why not. */
  able(files) {
    return files.filter((file) => {
      const reason = reasonToSkip(file);
      if (reason !== null) this.skip(file, reason);
      return reason === null;
    });
  }

  /** One job for each runtime that a test file is for; `rest` is added to each. */
  jobsOf(file, rest = {}) {
    const jobs = [{
      title: `bun   ${file}`,
      program: tool("bun"),
      args: (junit) => ["test", "--reporter=junit", `--reporter-outfile=${junit}`, `./${file}`],
    }, {
      title: `deno  ${file}`,
      program: tool("deno"),
      args: (junit) => ["test", "-A", "--no-check", `--junit-path=${junit}`, file],
    }];
    const wanted = file.startsWith("tests/e2e/") ? jobs.slice(0, 1) : jobs; // the binary is judged once
    return wanted.map(({ title, program, args }) => {
      const junit = join(this.#scratch, `${this.#jobs++}.xml`);
      return { title, program, args: args(junit), junit, ...rest };
    });
  }

  /**
   * Runs jobs, as many at a time as there are cores.
   *
   * @param jobs The jobs; more may be added while they run, as long as some are left.
   * @param untilMs When no new one is started, in milliseconds since 1970.
   */
  async all(jobs, untilMs = Infinity) {
    const iterator = jobs[Symbol.iterator]();
    await Promise.all(Array.from({ length: availableParallelism() }, async () => {
      while (Date.now() < untilMs) {
        const { value: job, done } = iterator.next();
        if (done) break;
        this.#report(job, await runJob({ ...job, index: this.#jobs++ }, this.#scratch));
      }
    }));
  }

  /** Counts something that was not run as skipped, and says why. */
  skip(title, reason) {
    console.log(`skip  ${title}: ${reason}`);
    this.#total.skipped++;
  }

  /** Prints what came of it, `N passed, N failed, N skipped` last, and ends the process. */
  end() {
    const { passed, failed, skipped } = this.#total;
    if (failed > 0) console.log(`\nfailed:\n${this.#failures.map((title) => `  ${title}`).join("\n")}`);
    if (this.#tally.line() !== null) console.log(this.#tally.line());
    console.log(`took ${Math.round((Date.now() - this.#startedMs) / 1000)} s`);
    console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
    process.exit(failed > 0 ? 1 : 0);
  }

  #attempt(title, work) {
    try {
      work();
    } catch (error) {
      console.log(`FAIL  ${title}: ${error.message}`);
      this.#failures.push(title);
      this.#total.failed++;
    }
  }

  /** Adds up a job's result and prints it: a line when it passed, everything when it failed. */
  #report(job, result) {
    for (const line of result.notes) this.#tally.add(line);
    if (result.ended && !WRONG_ALREADY.test(result.output)) {
      this.skip(job.title, "the time was up before it ended");
      for (const line of result.notes) console.log(`        ${line}`);
      return;
    }
    for (const key of Object.keys(this.#total)) this.#total[key] += result[key];
    const seconds = (result.tookMs / 1000).toFixed(1);
    const counts = `${result.passed} passed` +
      (result.failed > 0 ? `, ${result.failed} failed` : "") +
      (result.skipped > 0 ? `, ${result.skipped} skipped` : "");
    console.log(`${result.failed > 0 ? "FAIL" : "ok  "}  ${job.title}: ${counts} (${seconds} s)`);
    if (result.failed === 0) {
      for (const line of result.notes) console.log(`        ${line}`);
      return;
    }
    const again = job.replay === undefined ? "" : `; again: ${job.replay}`;
    this.#failures.push(job.title + (result.trouble === null ? "" : ` (${result.trouble})`) + again);
    if (result.trouble !== null) console.log(`----- ${result.trouble}`);
    console.log(`----- ${job.program} ${job.args.join(" ")}\n${result.output.trimEnd()}\n-----`);
    if (job.replay !== undefined) console.log(`again: ${job.replay}`);
  }
}
