/**
 * Every fixture with one bit flipped, in any file of any of its repositories: what is asked is answered as git answers
 * it, or refused.
 *
 * @module
 */
import assert from "node:assert/strict";
import { chmodSync, lstatSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { latticeGit } from "../cli/git/against_git.ts";
import type { Ended } from "../cli/command_line.ts";
import { type Fixture, type FixtureRepository, fixtures, freshFixtureFolder } from "../fixtures.ts";
import { EXCEPTION } from "../fuzz/judge.ts";
import { runProgram } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { type SeededRandom, seededRandom } from "../simulation/random.ts";
import { seedOr, torture, tried } from "../thoroughness.ts";

const seed = seedOr(20260115);

/** How many bits of a fixture are flipped in `npm test`; in `npm run torture` one of every byte. */
const FLIPS = 3;

/** Git runs away on some of this: it gets 2 GB and two seconds of a processor. */
const LIMITED_GIT = 'ulimit -v 2000000; ulimit -t 2; exec git "$@"';

/** Files that neither lattice nor git 2.39 reads: reftables are refused by name, the others are for dumb transports. */
const UNREAD = /\/(?:reftable\/.*|info\/refs|objects\/info\/packs)$/;

/** A file of a fixture, and the repository that it belongs to. */
interface Target {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly repository: FixtureRepository;
}

/** The files of a fixture that are read. */
function targetsOf(fixture: Fixture, folder: string): Target[] {
  const owner = (path: string) =>
    fixture.repositories.filter(({ gitdir }) => path.startsWith(`${gitdir}/`))
      .sort((a, b) => b.gitdir.length - a.gitdir.length)[0] ?? fixture.repositories[0]!;
  return filesBelow(folder).filter((path) => !UNREAD.test(`/${path}`)).map((path) => ({
    path: join(folder, path),
    bytes: new Uint8Array(readFileSync(join(folder, path))),
    repository: owner(path),
  })).filter(({ bytes }) => bytes.length > 0);
}

/** All files but those whose names are not UTF-8, which the runtimes do not open by the names that they give. */
function filesBelow(folder: string, prefix = ""): string[] {
  return readdirSync(join(folder, prefix)).sort().flatMap((name) => {
    const stat = lstatSync(join(folder, prefix, name), { throwIfNoEntry: false });
    if (stat?.isDirectory() === true) return filesBelow(folder, `${prefix}${name}/`);
    return stat?.isFile() === true ? [prefix + name] : [];
  });
}

/** Where a bit is flipped. */
interface Flip {
  readonly target: Target;
  readonly at: number;
  readonly bit: number;
}

function* flipsOf(targets: readonly Target[], random: SeededRandom): Generator<Flip> {
  if (torture) {
    for (const target of targets) {
      for (let at = 0; at < target.bytes.length; at++) yield { target, at, bit: random.below(8) };
    }
  } else {
    for (let count = 0; count < FLIPS; count++) {
      const target = targets[random.below(targets.length)]!;
      yield { target, at: random.below(target.bytes.length), bit: random.below(8) };
    }
  }
}

/** What to ask so that the file is read. */
function questionsAbout({ path, repository }: Target, random: SeededRandom): string[][] {
  const [, fan, rest] = /\/objects\/([0-9a-f]{2})\/([0-9a-f]+)$/.exec(path) ?? [];
  if (rest !== undefined) return [["cat-file", "-p", `${fan}${rest}`], ["cat-file", "-t", `${fan}${rest}`]];
  const log = /\/logs\/(.*)$/.exec(path)?.[1];
  if (log !== undefined) return [["reflog", "show", log], ["rev-parse", `${log}@{1}`]];
  if (path.includes("/objects/")) {
    const { all, sample } = repository.objects ?? {};
    const known = all ?? sample ?? [];
    const one = known.length === 0 ? [] : [["cat-file", "-p", known[random.below(known.length)]!.oid]];
    return [["cat-file", "--batch-all-objects", "--batch-check"], ...one];
  }
  return [["for-each-ref"], ["rev-parse", "HEAD"]];
}

/** How often git and we did what. */
const tally = { same: 0, refused: 0, answered: 0, both: 0 };

/** What lattice makes of a damaged file; it must not have run into what nobody meant. */
async function ask(args: readonly string[], cwd: string, place: string): Promise<Ended> {
  const ended = await latticeGit(args, cwd);
  assert.doesNotMatch(ended.stdout.slice(0, 100) + ended.stderr, EXCEPTION, `${place}: ${ended.stderr}`);
  assert.ok([0, 1, 128, 129].includes(ended.exit), `${place}: exit ${ended.exit}: ${ended.stderr}`);
  return ended;
}

/** Holds what lattice answered to what git answers. */
function compare(ours: Ended, args: readonly string[], cwd: string, place: string): void {
  const theirs = runProgram("/bin/sh", ["-c", LIMITED_GIT, "sh", ...args], cwd);
  if (theirs.exit !== 0) tally[ours.exit === 0 ? "answered" : "both"]++;
  else tally[ours.exit === 0 ? "same" : "refused"]++;
  if (theirs.exit !== 0 || ours.exit !== 0) return;
  const [mine, gits] = withoutMissing(printable(ours.stdoutBytes), printable(theirs.stdout));
  if (!ours.stderr.includes("warning:")) {
    assert.equal(mine, gits, `${place}: we say ${ours.stderr}, git ${theirs.stderr}`);
  } else { // a line that we left out with a warning may be missing
    const lines = new Set(gits.split("\n"));
    for (const line of mine.split("\n")) assert.ok(lines.has(line), `${place}: ${line}`);
  }
}

/** Without objects that git calls missing, as it does with damaged ones; what we read of them has the right hash. */
function withoutMissing(mine: string, gits: string): [string, string] {
  const missing = new Set([...gits.matchAll(/^([0-9a-f]+) missing$/gm)].map(([, oid]) => oid));
  if (missing.size === 0) return [mine, gits];
  const rest = (text: string) => text.split("\n").filter((line) => !missing.has(line.split(" ")[0]!)).join("\n");
  return [rest(mine), rest(gits)];
}

function printable(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

/** Size and time of every file: whoever writes changes it. */
function stateOf(folder: string): string {
  return filesBelow(folder).map((path) => {
    const { size, mtimeMs, ino } = lstatSync(join(folder, path));
    return `${path} ${size} ${mtimeMs} ${ino}`;
  }).join("\n");
}

/** Flips a bit, asks, and puts the file back. */
async function tryFlip(folder: string, { target, at, bit }: Flip, random: SeededRandom): Promise<void> {
  const { path, bytes, repository } = target;
  const cwd = join(folder, repository.path);
  const gitDir = join(folder, repository.gitdir);
  const damage = `${path.slice(folder.length)} byte ${at} bit ${bit} (seed ${seed})`;
  chmodSync(path, 0o644);
  writeFileSync(path, bytes.map((byte, index) => index === at ? byte ^ 1 << bit : byte));
  const before = stateOf(gitDir);
  const asked = [];
  for (const args of questionsAbout(target, random)) {
    const place = `${damage}: git ${args.join(" ")}`;
    asked.push({ args, place, ours: await ask(args, cwd, place) });
  }
  assert.equal(stateOf(gitDir), before, damage);
  // Only now, since git writes: it notes in a partial clone's configuration that it is one.
  for (const { args, place, ours } of asked) compare(ours, args, cwd, place);
  writeFileSync(path, bytes);
}

test("one bit flipped in any file of any fixture: lattice git answers what git answers, or refuses, and writes nothing", async () => {
  const random = seededRandom(seed);
  let [made, all] = [0, 0];
  for (const name of Object.keys(fixtures)) {
    const folder = freshFixtureFolder(name);
    const targets = targetsOf(fixtures[name]!, folder);
    all += targets.reduce((sum, { bytes }) => sum + bytes.length, 0);
    for (const flip of flipsOf(targets, random)) {
      await tryFlip(folder, flip, random);
      made++;
    }
  }
  assert.ok(
    tally.same > made / 3,
    `git and we answered alike too seldom for this to say much: ${JSON.stringify(tally)}`,
  );
  tried(`flipped bits of fixtures, ${JSON.stringify(tally)}`, { "fuzz inputs": [made, all] }, seed);
});
