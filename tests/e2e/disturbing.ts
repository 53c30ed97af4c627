/**
 * Disturbs a command at its system calls, one in each run: it is killed there, gets a signal, or the call fails.
 *
 * @module
 */
import assert from "node:assert/strict";
import process from "node:process";
import { seededRandom } from "../simulation/random.ts";
import { runs, type Tried, tried } from "../thoroughness.ts";
import { expectOneEnd, expectSound, expectTidy, settled } from "./aftermath.ts";
import { sampleOf } from "./sample.ts";
import { refsIn, type Subject } from "./subject.ts";
import { type Disturbed, disturbed, type SystemCall } from "./system_calls.ts";

/** What a call is made to fail with. */
export const ERRORS = ["ENOSPC", "EIO", "EACCES", "EINTR", "EMFILE", "EROFS", "EDQUOT"] as const;

/** How a command says that a call failed: by its exit code, and by a message that begins so. */
const REFUSALS = { lattice: { exit: 7, message: /^error: .+/m }, git: { exit: 128, message: /^fatal: .+/m } };

/** The signals that ask a program to end, and its exit code then. */
const SIGNALS = { INT: 130, TERM: 143 } as const;

/** Calls that make durable what was written. */
const FLUSHES = new Set(["fsync", "fdatasync", "syncfs"]);

/** Names the one call at which a command is to be disturbed, as a failing test prints it. */
const POINT_VARIABLE = "LATTICE_POINT";

/** The test file that runs, as Bun tells it, which runs all of those that disturb. */
const TEST_FILE = /\btests\/e2e\/[\w.]+$/.exec(process.argv[1] ?? "")?.[0] ?? "tests/e2e";

/** Which calls are tried. */
export interface Sample {
  readonly seed: number;
  /** How many in `npm test`; in `npm run torture` all of them. */
  readonly count: number;
}

/** Kills a command at its calls. Whatever comes next finds all of it done, or nothing. */
export function killAtCalls(subject: Subject, sample: Sample): void {
  everyPoint(subject, sample, "kill points", ["signal=KILL"], (cwd, ended, call) => {
    expectSound(subject, cwd);
    if (subject.way === "at once") expectOneEnd(subject, cwd);
    const refs = settled(subject, cwd, call.when);
    if (ended.end !== "killed by SIGKILL") return expectUndisturbed(subject, ended, refs);
    if (ended.stdout !== "" && subject.ends === null && subject.exit === 0 && subject.way !== "by git") {
      assert.equal(refs, subject.after, "an answer was given for what did not happen");
    }
    return true;
  });
}

/**
 * Sends a command a signal at its calls. It ends with the signal's exit code, or did everything; either way it has
 * tidied up, and nothing waits to be recovered. Until it listens, the signal ends it as it ends any program.
 */
export function signalAtCalls(subject: Subject, sample: Sample): void {
  const effects = Object.keys(SIGNALS).map((name) => `signal=${name}`);
  everyPoint(subject, sample, "signal points", effects, (cwd, ended, call, effect) => {
    const name = effect.replace("signal=", "") as keyof typeof SIGNALS;
    const refs = refsIn(cwd);
    if (refs !== subject.start) expectOneEnd(subject, cwd);
    if (subject.exit === 0 && (refs !== subject.start || refs === subject.before)) expectTidy(cwd);
    settled(subject, cwd, call.when);
    const isEnded = ended.end === `killed by SIG${name}` || ended.exit === SIGNALS[name];
    if (!isEnded) return expectUndisturbed(subject, ended, refs);
    assert.ok(ended.end !== `killed by SIG${name}` || refs === subject.start, "it was not listening any more");
    return true;
  });
}

/** Makes the calls of a command fail, in each of the ways. What it says is right, and it did everything or nothing. */
export function failAtCalls(subject: Subject, sample: Sample): void {
  const effects = ERRORS.map((error) => `error=${error}`);
  everyPoint(subject, sample, "failing calls", effects, (cwd, ended, call) => failed(subject, cwd, ended, call));
}

/** Makes one call fail. */
export function failAt(subject: Subject, call: SystemCall, error: string): void {
  const cwd = subject.fresh();
  failed(subject, cwd, disturbed(call, `error=${error}`, subject.args, { ...subject, cwd }), call);
}

/** @returns Whether the command noticed. */
function failed(subject: Subject, cwd: string, ended: Disturbed, call: SystemCall): boolean {
  const { exit, stderr } = ended;
  const refusal = REFUSALS[subject.args[0] === "git" ? "git" : "lattice"];
  assert.ok(exit === subject.exit || exit === refusal.exit, `exit code ${exit}: ${stderr}`);
  const isSilenced = call.text.startsWith("write(2,"); // it was the message that could not be written
  if (exit !== 0 && !isSilenced) assert.match(stderr, refusal.message, "a failure says what failed");
  if (exit === 0 && FLUSHES.has(call.name)) expectFlushedAgain(subject, ended.trace);
  expectSound(subject, cwd);
  if (exit === 0 && subject.exit === 0) {
    assert.equal(refsIn(cwd), subject.after, "exit code 0, but the refs are not new");
  }
  const refs = settled(subject, cwd, call.when);
  return exit !== subject.exit || !expectUndisturbed(subject, ended, refs);
}

/** It ended as if nothing had happened, and then everything has happened. */
function expectUndisturbed(subject: Subject, ended: Disturbed, refs: string): false {
  assert.equal(ended.exit, subject.exit, `${ended.end}: ${ended.stderr}`);
  if (subject.ends === null) assert.equal(refs, subject.after, "it said that it was done, but it was taken back");
  return false;
}

/**
 * What could not be flushed at first was flushed later, or replaced by a file that was; `0` must not be said of anything
 * else. Recovery leaves a reflog as it is that the disk refuses, rather than every ref. The journal's last record and the marker's removal need no flush: without them recovery finds by the refs that
 * all was done.
 */
function expectFlushedAgain({ args }: Subject, trace: readonly string[]): void {
  const failed = trace.findIndex((line) => line.includes("(INJECTED)"));
  if (failed === -1) return; // this time there were fewer such calls
  const path = /<(.*)>\)/.exec(trace[failed] ?? "")?.[1];
  assert.ok(path !== undefined, "strace names what was to be flushed");
  if (/\/\.git\/lattice(?:\/ops\/[^/]+)?$/.test(path)) return;
  if (args[0] === "recover" && /\/\.git\/logs(?:\/|$)/.test(path)) return;
  const later = trace.slice(failed + 1).filter((line) => line.endsWith("= 0"));
  const isFlushed = (file: string) => later.some((line) => line.includes("sync(") && line.includes(`<${file}>`));
  const replacement = later.map((line) => /rename\("(.*)", "(.*)"\)/.exec(line)).find((match) => match?.[2] === path);
  const again = isFlushed(path) || (replacement !== undefined && isFlushed(replacement![1]!));
  assert.ok(again, `exit code 0, though ${path} was never flushed`);
}

/**
 * Disturbs a command at each call of a sample, in one way each, in turn; where all calls are tried, in every way.
 *
 * @param judge Judges what came of it; says whether the command was stopped by it.
 */
function everyPoint(
  subject: Subject,
  { seed, count }: Sample,
  kind: Tried,
  effects: readonly string[],
  judge: (cwd: string, ended: Disturbed, call: SystemCall, effect: string) => boolean,
): void {
  const only = process.env[POINT_VARIABLE];
  const pointOf = ({ name, when }: SystemCall, effect: string) => `${subject.name}: ${effect} ${name} ${when}`;
  const isAsked = (call: SystemCall) => effects.some((effect) => pointOf(call, effect) === only);
  const random = seededRandom(seed);
  const points = only === undefined ? sampleOf(subject.calls, runs(count), random) : subject.calls.filter(isAsked);
  const first = random.below(effects.length);
  const isWhole = points.length === subject.calls.length;
  const wrong: string[] = [];
  let [all, stopped] = [0, 0];
  for (const [index, call] of points.entries()) {
    for (const effect of isWhole || only !== undefined ? effects : [effects[(first + index) % effects.length]!]) {
      if (only !== undefined && pointOf(call, effect) !== only) continue;
      const cwd = subject.fresh();
      all++;
      try {
        const ended = disturbed(call, effect, subject.args, { ...subject, cwd });
        if (judge(cwd, ended, call, effect)) stopped++;
      } catch (error) {
        const again = `to have it again: ${POINT_VARIABLE}='${pointOf(call, effect)}' npm test -- ${TEST_FILE}`;
        wrong.push(`${effect} at ${call.name} number ${call.when}, ${call.text}: ${String(error)}; ${again}`);
        console.log(`wrong: ${wrong.at(-1)}`); // now, since all of them may take hours
      }
      subject.discard(cwd);
    }
  }
  const whole = subject.calls.length * effects.length;
  tried(`${subject.name}, of which ${stopped} stopped it`, { [kind]: [all, whole] }, seed);
  assert.deepEqual(wrong, [], `${subject.name}: ${wrong.length} went wrong (seed ${seed})`);
  if (only !== undefined) return;
  if (kind === "signal points") return; // the answer waits until all is done, but for the first calls
  assert.ok(stopped > 0, `${subject.name}: nothing stopped it`);
  if (kind === "kill points") assert.ok(stopped > all / 2, `only ${stopped} points were reached`);
}
