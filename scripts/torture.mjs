/**
 * `npm run torture [-- --minutes <n>] [--whole] [--seed <n>] [<part of a path>…]`: the tests that choose what they try.
 *
 * - Without `--minutes` each of them once, with everything that it can try: every call killed, every call failing in
 *   every way. That takes many hours.
 * - With `--minutes` in rounds until the time is up: what `npm test` takes, by a new seed in each round. No work is
 *   started then, and what has not ended a minute later is ended and counts as skipped.
 * - With `--minutes` and `--whole` as without `--minutes`, as far as one comes. What is ended says what it tried.
 *
 * Of what fails, the command is printed that does it again. The last line is `N passed, N failed, N skipped`.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { endAll } from "./test/job.mjs";
import { Run } from "./test/run.mjs";
import { filesWith, isSampling, testFiles } from "./test/test_files.mjs";

/** How long what still runs may go on once the time is up, in milliseconds. */
const GRACE_MS = 60_000;

/** Longest time of a test file that tries everything, in milliseconds. */
const WHOLE_TIMEOUT_MS = 24 * 60 * 60 * 1000;

/** Seeds are below this, so that any of them can be typed, and taken by every test. */
const SEEDS = 1_000_000_000;

const { minutes, whole, seed, parts } = asked();
const run = new Run();
run.setUp();
const files = run.able(filesWith(parts, testFiles()).filter(isSampling));
const untilMs = minutes === null ? Infinity : Date.now() + minutes * 60_000;
const stop = minutes === null ? undefined : setTimeout(endAll, minutes * 60_000 + GRACE_MS);
if (minutes === null || whole) await everything();
else await rounds();
clearTimeout(stop);
run.end();

/** Each file once, whole. */
async function everything() {
  const env = { LATTICE_TORTURE: "1", ...(seed === null ? {} : { LATTICE_SEED: String(seed) }) };
  const replay = `npm run torture -- ${seed === null ? "" : `--seed ${seed} `}`;
  console.log(`running ${files.length} test files, whole`);
  await run.all(
    files.flatMap((file) => run.jobsOf(file, { env, timeoutMs: WHOLE_TIMEOUT_MS, replay: replay + file })),
    untilMs,
  );
}

/** Round after round, until the time is up. */
async function rounds() {
  const first = seed ?? Date.now() % SEEDS;
  console.log(`running ${files.length} test files for ${minutes} minutes, the first round with seed ${first}`);
  await run.all(jobsForEver(first), untilMs);
}

/** The jobs of all rounds; each begins with another file, so that a short time does not always try the same ones. */
function* jobsForEver(first) {
  for (let round = 0; files.length > 0; round++) {
    const own = (first + round) % SEEDS;
    const start = own % files.length;
    for (const file of [...files.slice(start), ...files.slice(0, start)]) {
      const env = { LATTICE_SEED: String(own) };
      for (const job of run.jobsOf(file, { env, replay: `LATTICE_SEED=${own} npm test -- ${file}` })) {
        yield { ...job, title: `${job.title} (seed ${own})` };
      }
    }
  }
}

/** What was typed. */
function asked() {
  const options = { minutes: { type: "string" }, whole: { type: "boolean" }, seed: { type: "string" } };
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    const [minutes, seed] = [numberOf("minutes", values, 1e5), numberOf("seed", values, SEEDS)];
    return { minutes, whole: values.whole === true, seed, parts: positionals };
  } catch (error) {
    console.error(`error: ${error.message}`);
    process.exit(2);
  }
}

function numberOf(name, values, limit) {
  const text = values[name];
  if (text === undefined) return null;
  const number = Number(text);
  if (/^\d+(?:\.\d+)?$/.test(text) && number < limit && (name === "minutes" || Number.isInteger(number))) return number;
  throw new Error(`--${name} must be a number below ${limit}, not ${JSON.stringify(text)}`);
}
