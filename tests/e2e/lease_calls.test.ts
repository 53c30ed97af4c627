/** The binary's lease commands on a SQLite file, killed and refused by the system at their system calls. */
import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openSqlite } from "../../src/platform/sqlite.ts";
import { test } from "../harness.ts";
import { seededRandom } from "../simulation/random.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { runs, seedOr, type Tried, tried } from "../thoroughness.ts";
import { type Ended, lattice } from "./binary.ts";
import { sampleOf } from "./sample.ts";
import { callsOf, type Disturbed, disturbed, type SystemCall } from "./system_calls.ts";

const SEED = seedOr(20_261_121);
const STORE = ["--store", "sqlite:./leases.db"];
const HELD = "00000000-0000-4000-8000-000000000001";

/** A command, and what it makes of the store. */
interface Subject {
  readonly name: string;
  readonly args: readonly string[];
  readonly calls: readonly SystemCall[];
  /** What {@link stateOf} says before and after it. */
  readonly before: string;
  readonly after: string;
  fresh(): string;
}

function run(cwd: string, ...args: string[]): Ended {
  const ended = lattice(["lease", ...args, ...STORE], { cwd });
  assert.equal(ended.exit, 0, `lease ${args.join(" ")}: ${ended.stderr}`);
  return ended;
}

/** Who holds what, and the epoch: the ids of new locks are by chance, so they are not a part of it. */
function stateOf(cwd: string): string {
  const locks = JSON.parse(run(cwd, "list", "--json").stdout) as {
    owner: string;
    file: string;
    fencing_token: string;
  }[];
  const held = locks.map(({ owner, file, fencing_token }) => `${owner} ${file} ${fencing_token}`).sort();
  return JSON.stringify([held, run(cwd, "epoch").stdout.trim()]);
}

/** A folder with a store in which one lock is held, by an id that is known. */
function storeFolder(): string {
  const cwd = temporaryFolder();
  run(cwd, "acquire", "s", "held", "--owner", "a", "--client", "c");
  const connection = openSqlite(join(cwd, "leases.db"));
  connection.run("update locks set id = ?", HELD);
  connection.close();
  return cwd;
}

function subject(name: string, args: readonly string[]): Subject {
  const kept = storeFolder();
  const files = ["leases.db"].map((file) => [file, readFileSync(join(kept, file))] as const);
  const fresh = (): string => {
    const cwd = temporaryFolder();
    for (const [file, bytes] of files) writeFileSync(join(cwd, file), bytes);
    return cwd;
  };
  const before = stateOf(fresh());
  const cwd = fresh();
  const all = ["lease", ...args, ...STORE];
  const { calls, ended } = callsOf(all, { cwd }, "leases.db");
  assert.equal(ended.exit, 0, ended.stderr);
  assert.ok(calls.length > 20, `${calls.length} calls`);
  return { name, args: all, calls, before, after: stateOf(cwd), fresh };
}

const SUBJECTS = [
  subject("lease acquire", ["acquire", "s", "new", "--owner", "b", "--client", "c"]),
  subject("lease release", ["release", HELD]),
  subject("lease epoch --bump --drop-stale", ["epoch", "--bump", "--drop-stale"]),
];

/** The store is sound, holds the old or the new, and the next command works by itself. */
function expectSettled({ before, after }: Subject, cwd: string): string {
  const found = stateOf(cwd);
  assert.ok(found === before || found === after, `neither old nor new: ${found}`);
  run(cwd, "acquire", "s", "next", "--owner", "n", "--client", "c");
  const connection = openSqlite(join(cwd, "leases.db"));
  assert.deepEqual(connection.all("pragma integrity_check").map((row) => Object.values(row)), [["ok"]]);
  connection.close();
  return found;
}

/** Disturbs each command at calls of a sample, in one way each in turn; where all are tried, in every way. */
function atCalls(
  kind: Tried,
  count: number,
  effects: readonly string[],
  judge: (subject: Subject, found: string, ended: Disturbed, call: SystemCall) => boolean,
): void {
  for (const one of SUBJECTS) {
    const points = sampleOf(one.calls, runs(count), seededRandom(SEED));
    const isWhole = points.length === one.calls.length;
    const wrong: string[] = [];
    let [all, stopped] = [0, 0];
    for (const [index, call] of points.entries()) {
      for (const effect of isWhole ? effects : [effects[index % effects.length]!]) {
        const cwd = one.fresh();
        all++;
        try {
          const ended = disturbed(call, effect, one.args, { cwd });
          if (judge(one, expectSettled(one, cwd), ended, call)) stopped++;
        } catch (error) {
          wrong.push(`${effect} at ${call.name} number ${call.when}, ${call.text}: ${String(error)}`);
        }
        rmSync(cwd, { recursive: true });
      }
    }
    tried(`${one.name}, of which ${stopped} stopped it`, { [kind]: [all, one.calls.length * effects.length] }, SEED);
    assert.deepEqual(wrong, [], `${one.name}: ${wrong.length} went wrong (seed ${SEED})`);
    assert.ok(stopped > 0, `${one.name}: nothing stopped it`);
  }
}

test("binary killed at each call of a lease command leaves the store sound, old or new", () => {
  atCalls("kill points", 14, ["signal=KILL"], ({ after }, found, ended) => {
    if (ended.end !== "killed by SIGKILL") {
      assert.deepEqual([ended.exit, found], [0, after], ended.stderr);
      return false;
    }
    if (ended.stdout !== "") assert.equal(found, after, "an answer was given for what did not happen");
    return true;
  });
});

test("binary whose calls fail in a lease command says so, and leaves the store sound, old or new", () => {
  const effects = ["ENOSPC", "EIO", "EACCES", "EDQUOT", "EROFS", "EINTR", "EMFILE"].map((errno) => `error=${errno}`);
  atCalls("failing calls", 21, effects, ({ after }, found, ended, call) => {
    if (ended.exit === 0) {
      assert.equal(found, after, ended.stderr);
      return false;
    }
    assert.equal(ended.exit, 7, ended.stderr);
    const isSilenced = call.text.startsWith("write(2,"); // it was the message that could not be written
    if (!isSilenced) assert.match(ended.stderr, /^error: .*\n(?:hint: .*\n)?$/);
    return true;
  });
});
