/** The binary's lease commands on a SQLite file, killed and refused by the system at their system calls. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openSqlite } from "../../src/platform/sqlite.ts";
import { test } from "../harness.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { seedOr, type Tried } from "../thoroughness.ts";
import { type Ended, lattice } from "./binary.ts";
import { disturbAtCalls, ERRORS, type Judge, type StoreSubject, storeSubject } from "./store_subjects.ts";

const SEED = seedOr(20_261_121);
const STORE = ["--store", "sqlite:./leases.db"];
const HELD = "00000000-0000-4000-8000-000000000001";

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

function subject(name: string, args: readonly string[]): StoreSubject {
  const kept = readFileSync(join(storeFolder(), "leases.db"));
  const prepare = (cwd: string): void => writeFileSync(join(cwd, "leases.db"), kept);
  const untouched = temporaryFolder();
  prepare(untouched);
  const about = { name, args: ["lease", ...args, ...STORE], stdin: "", before: stateOf(untouched), after: null };
  const one = storeSubject(about, prepare, "leases.db");
  const cwd = one.fresh();
  run(cwd, ...args);
  return { ...one, after: stateOf(cwd) };
}

const SUBJECTS = [
  subject("lease acquire", ["acquire", "s", "new", "--owner", "b", "--client", "c"]),
  subject("lease release", ["release", HELD]),
  subject("lease epoch --bump --drop-stale", ["epoch", "--bump", "--drop-stale"]),
];

/** The store is sound, holds the old or the new, and the next command works by itself. */
function expectSettled({ before, after }: StoreSubject, cwd: string): void {
  const found = stateOf(cwd);
  assert.ok(found === before || found === after, `neither old nor new: ${found}`);
  run(cwd, "acquire", "s", "next", "--owner", "n", "--client", "c");
  const connection = openSqlite(join(cwd, "leases.db"));
  assert.deepEqual(connection.all("pragma integrity_check").map((row) => Object.values(row)), [["ok"]]);
  connection.close();
}

const atCalls = (kind: Tried, count: number, effects: readonly string[], judge: Judge): void =>
  disturbAtCalls(SUBJECTS, { kind, count, seed: SEED, effects }, judge, expectSettled);

test("binary killed at each call of a lease command leaves the store sound, old or new", () => {
  atCalls("kill points", 10, ["signal=KILL"], ({ after }, cwd, ended) => {
    const found = stateOf(cwd);
    if (ended.end !== "killed by SIGKILL") {
      assert.deepEqual([ended.exit, found], [0, after], ended.stderr);
      return false;
    }
    if (ended.stdout !== "") assert.equal(found, after, "an answer was given for what did not happen");
    return true;
  });
});

test("binary whose calls fail in a lease command says so, and leaves the store sound, old or new", () => {
  atCalls("failing calls", 14, ERRORS, ({ after }, cwd, ended, call) => {
    if (ended.exit === 0) {
      assert.equal(stateOf(cwd), after, ended.stderr);
      return false;
    }
    assert.equal(ended.exit, 7, ended.stderr);
    const isSilenced = call.text.startsWith("write(2,"); // it was the message that could not be written
    if (!isSilenced) assert.match(ended.stderr, /^error: .*\n(?:hint: .*\n)?$/);
    return true;
  });
});
