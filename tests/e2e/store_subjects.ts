/**
 * Commands on what is stored outside of repositories, disturbed at their system calls: killed, asked to end, refused by the
 * system. What is the same for every store stands here; what must be true of each is told by its tests.
 *
 * @module
 */
import assert from "node:assert/strict";
import { cpSync, rmSync } from "node:fs";
import { seededRandom } from "../simulation/random.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { runs, type Tried, tried } from "../thoroughness.ts";
import { sampleOf } from "./sample.ts";
import { callsOf, type Disturbed, disturbed, type SystemCall } from "./system_calls.ts";

/** A command, and what it makes of what is stored; `null`: nothing is there. */
export interface StoreSubject {
  readonly name: string;
  readonly args: readonly string[];
  readonly stdin: string;
  readonly before: string | null;
  readonly after: string | null;
  /** What it finds in its environment. */
  readonly env: Record<string, string>;
  /** Its calls when nothing disturbs it. */
  readonly calls: readonly SystemCall[];
  /** Makes a folder in which it has not run yet. */
  fresh(): string;
}

/** Commands make more calls than this, or strace saw none of theirs. */
const CALLS_MIN = 15;

/**
 * A command with its calls.
 *
 * @param prepare Puts into an empty folder what the command finds.
 * @param place What it works on, relative to that folder: its calls count from the first one that names it.
 */
export function storeSubject(
  about: Omit<StoreSubject, "calls" | "fresh" | "env"> & Partial<Pick<StoreSubject, "env">>,
  prepare: (cwd: string) => void,
  place: string,
): StoreSubject {
  const { env = {} } = about;
  const template = temporaryFolder();
  prepare(template);
  const fresh = () => {
    const cwd = temporaryFolder();
    cpSync(template, cwd, { recursive: true, preserveTimestamps: true });
    return cwd;
  };
  const { calls, ended } = callsOf(about.args, { cwd: fresh(), stdin: about.stdin, env }, place);
  assert.equal(ended.exit, 0, ended.stderr);
  assert.ok(calls.length > CALLS_MIN, `strace saw hardly any call: ${calls.length}`);
  return { ...about, env, calls, fresh };
}

/** How commands are disturbed. */
export interface Disturbance {
  /** As what it is counted. */
  readonly kind: Tried;
  /** How many calls of each command in `npm test`; all of them in torture. */
  readonly count: number;
  readonly seed: number;
  /** What strace does, as `signal=KILL`: one each in turn; where all calls are tried, every one at every call. */
  readonly effects: readonly string[];
}

/** The errors that the system is made to give. */
export const ERRORS: readonly string[] = ["ENOSPC", "EIO", "EACCES", "EDQUOT", "EROFS", "EINTR", "EMFILE"].map((
  errno,
) => `error=${errno}`);

/** Says what must be true of how a command ended. @returns Whether it was stopped. */
export type Judge = (subject: StoreSubject, cwd: string, ended: Disturbed, call: SystemCall) => boolean;

/**
 * Disturbs each command at calls of a sample.
 *
 * @param expectSettled Says, after that, what the next commands must find.
 */
export function disturbAtCalls(
  subjects: readonly StoreSubject[],
  { kind, count, seed, effects }: Disturbance,
  judge: Judge,
  expectSettled: (subject: StoreSubject, cwd: string) => void,
): void {
  for (const subject of subjects) {
    // A close that is said to fail has closed nevertheless, but strace leaves it out: a pipe would have no end then.
    const calls = subject.calls.filter(({ name }) => kind !== "failing calls" || name !== "close");
    const points = sampleOf(calls, runs(count), seededRandom(seed));
    const isWhole = points.length === calls.length;
    const wrong: string[] = [];
    let [all, stopped] = [0, 0];
    for (const [index, call] of points.entries()) {
      for (const effect of isWhole ? effects : [effects[index % effects.length]!]) {
        const cwd = subject.fresh();
        all++;
        try {
          const ended = disturbed(call, effect, subject.args, { cwd, stdin: subject.stdin, env: subject.env });
          if (judge(subject, cwd, ended, call)) stopped++;
          expectSettled(subject, cwd);
        } catch (error) {
          wrong.push(`${effect} at ${call.name} number ${call.when}, ${call.text}: ${String(error)}`);
        }
        rmSync(cwd, { recursive: true });
      }
    }
    const whole = calls.length * effects.length;
    tried(`${subject.name}, of which ${stopped} stopped it`, { [kind]: [all, whole] }, seed);
    assert.deepEqual(wrong, [], `${subject.name}: ${wrong.length} went wrong (seed ${seed})`);
    if (kind === "signal points") continue; // the answer may wait until all is done
    assert.ok(stopped > 0, `${subject.name}: nothing stopped it`);
  }
}
