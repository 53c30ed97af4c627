/** Questions about history, with `git merge-base` and `git rev-list` as the judges. */
import assert from "node:assert/strict";
import { unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openRepository } from "../../../src/git/open.ts";
import { openAncestry } from "../../../src/git/objects/ancestry.ts";
import { fixtureFolder, fixtures } from "../../fixtures.ts";
import { git, gitText } from "../../git_oracle.ts";
import { test } from "../../harness.ts";
import { systemOf } from "../system_of.ts";
import { type Clock, type GeneratedHistory, generateHistory, randomNumbers } from "./generated_history.ts";

const CLOCKS: readonly Clock[] = ["right", "equal", "coarse", "wrong"];

function ancestryOf(folder: string) {
  return openAncestry(openRepository(systemOf(folder)));
}

/** Pairs of commits, some near, some far. */
function somePairs(history: GeneratedHistory, seed: number, count: number): [number, number][] {
  const random = randomNumbers(seed);
  const length = history.oids.length;
  return Array.from({ length: count }, () => {
    const one = random(length);
    return [one, random(2) === 0 ? random(length) : Math.max(0, one - random(8))];
  });
}

function alone(history: GeneratedHistory, one: number, two: number): number {
  return [...history.ancestors[one]!].filter((i) => !history.ancestors[two]!.has(i)).length;
}

test("isAncestor() and countAheadBehind() are right in every generated history, whatever its clocks", () => {
  let asked = 0;
  for (const clock of CLOCKS) {
    for (let seed = 1; seed <= 4; seed++) {
      const history = generateHistory(seed, 60, clock);
      const ancestry = ancestryOf(history.folder);
      history.oids.forEach((one, i) =>
        history.oids.forEach((two, j) => {
          const where = `clock ${clock}, seed ${seed}, ${i} and ${j}`;
          const expected = history.ancestors[j]!.has(i) ? "yes" : "no";
          assert.equal(ancestry.isAncestor(one, two), expected, where);
          const counts = { ahead: alone(history, i, j), behind: alone(history, j, i) };
          assert.deepEqual(ancestry.countAheadBehind(one, two), counts, where);
          asked++;
        })
      );
    }
  }
  assert.equal(asked, 4 * 4 * 60 * 60);
});

test("each commit is read once, however many questions are asked", () => {
  const history = generateHistory(3, 60, "wrong");
  const repository = openRepository(systemOf(history.folder));
  const read = new Map<string, number>();
  const readReplaced: typeof repository.objects.readReplaced = (oid) => {
    read.set(oid, (read.get(oid) ?? 0) + 1);
    return repository.objects.readReplaced(oid);
  };
  const objects = { value: Object.create(repository.objects, { readReplaced: { value: readReplaced } }) };
  const ancestry = openAncestry(Object.create(repository, { objects }) as typeof repository);
  for (const [i, j] of somePairs(history, 1, 300)) {
    ancestry.isAncestor(history.oids[i]!, history.oids[j]!);
    ancestry.countAheadBehind(history.oids[i]!, history.oids[j]!);
    ancestry.mergeBase(history.oids[i]!, history.oids[j]!);
  }
  assert.equal(read.size, 60);
  assert.deepEqual([...new Set(read.values())], [1]);
});

test("mergeBase() and visibleMergeBases() give what git merge-base gives", () => {
  let several = 0;
  for (const clock of CLOCKS) {
    const history = generateHistory(11, 80, clock);
    const ancestry = ancestryOf(history.folder);
    for (const [i, j] of somePairs(history, 5, 60)) {
      const [one, two] = [history.oids[i]!, history.oids[j]!];
      const outcome = git(["merge-base", "--all", one, two], history.folder);
      const bases = new TextDecoder().decode(outcome.stdout).split("\n").filter((line) => line !== "");
      assert.deepEqual(ancestry.visibleMergeBases(one, two), bases, `${clock} ${i} ${j}`);
      assert.equal(ancestry.mergeBase(one, two), bases[0] ?? null);
      if (bases.length > 1) several++;
      const isAncestor = git(["merge-base", "--is-ancestor", one, two], history.folder).exit === 0 ? "yes" : "no";
      assert.equal(ancestry.isAncestor(one, two), isAncestor);
    }
  }
  assert.ok(several > 10, `${several} pairs with more than one base`);
});

test("countAheadBehind() gives what git rev-list --left-right --count gives", () => {
  for (const clock of ["right", "coarse"] as const) {
    const history = generateHistory(21, 300, clock);
    const ancestry = ancestryOf(history.folder);
    for (const [i, j] of somePairs(history, 6, 60)) {
      const range = `${history.oids[i]}...${history.oids[j]}`;
      const counted = gitText(["rev-list", "--left-right", "--count", range], history.folder);
      const counts = ancestry.countAheadBehind(history.oids[i]!, history.oids[j]!)!;
      assert.equal(`${counts.ahead}\t${counts.behind}`, counted, `${clock} ${i} ${j}`);
      assert.deepEqual(ancestry.countVisible(history.oids[i]!, history.oids[j]!), counts);
    }
  }
});

/** What is asked of a history of which a part is hidden, and what the whole history answers. */
function compareWithWhole(history: GeneratedHistory, hidden: ReadonlySet<number>): Record<string, number> {
  const { folder, oids } = history;
  const whole = generateHistory(31, oids.length, "right");
  assert.deepEqual(whole.oids, oids);
  const [ours, theirs] = [ancestryOf(folder), ancestryOf(whole.folder)];
  const seen = { certain: 0, unknown: 0 };
  const compare = (answer: unknown, truth: unknown, isUnknown: boolean, where: string) => {
    if (isUnknown) seen.unknown++;
    else seen.certain++;
    if (!isUnknown) assert.deepEqual(answer, truth, where);
  };
  oids.forEach((one, i) =>
    oids.forEach((two, j) => {
      if (hidden.has(i) || hidden.has(j)) return;
      const where = `${i} and ${j}`;
      const isAncestor = ours.isAncestor(one, two);
      compare(isAncestor, theirs.isAncestor(one, two), isAncestor === "unknown", `isAncestor ${where}`);
      const counts = ours.countAheadBehind(one, two);
      compare(counts, theirs.countAheadBehind(one, two), counts === null, `countAheadBehind ${where}`);
      const base = ours.mergeBase(one, two);
      compare(base, theirs.mergeBase(one, two), base === null, `mergeBase ${where}`);
    })
  );
  return seen;
}

test("what is certain in a shallow clone is true in the whole history", () => {
  const history = generateHistory(31, 70, "right");
  const boundary = [20, 21, 22, 23, 40].map((i) => history.oids[i]!);
  writeFileSync(join(history.folder, ".git/shallow"), boundary.map((oid) => `${oid}\n`).join(""));
  const seen = compareWithWhole(history, new Set());
  assert.ok(seen["unknown"]! > 500 && seen["certain"]! > 500, JSON.stringify(seen));
});

test("what is certain where commits are missing is true in the whole history", () => {
  const history = generateHistory(31, 70, "right");
  const missing = [18, 33, 34, 50];
  for (const oid of missing.map((i) => history.oids[i]!)) {
    unlinkSync(join(history.folder, ".git/objects", oid.slice(0, 2), oid.slice(2)));
  }
  const seen = compareWithWhole(history, new Set(missing));
  assert.ok(seen["unknown"]! > 500 && seen["certain"]! > 500, JSON.stringify(seen));
});

test("a commit that is not here can be known as an ancestor, and otherwise is unknown or none", () => {
  const history = generateHistory(31, 70, "right");
  const ancestry = ancestryOf(history.folder);
  const absent = "1".repeat(40);
  assert.equal(ancestry.isAncestor(absent, history.oids[60]!), "no"); // all that leads up to it is here
  assert.equal(ancestry.isAncestor(history.oids[60]!, absent), "unknown");
  assert.equal(ancestry.countAheadBehind(history.oids[60]!, absent), null);
  assert.equal(ancestry.mergeBase(history.oids[60]!, absent), null);
  assert.throws(() => ancestry.countVisible(history.oids[60]!, absent), { code: "not_found" });
  assert.throws(() => ancestry.visibleMergeBases(history.oids[60]!, absent), { code: "not_found" });
  const tree = gitText(["rev-parse", "c60^{tree}"], history.folder);
  assert.throws(() => ancestry.isAncestor(tree, history.oids[60]!), { code: "invalid_data" });
});

test("the fixtures' histories, grafted, shallow and replaced ones among them, are as git sees them", () => {
  let asked = 0;
  for (const name of ["shallow", "packs", "packs-companions", "sha256-files", "alternates"]) {
    for (const { gitdir, ref_format } of fixtures[name]!.repositories) {
      const gitDir = join(fixtureFolder(name), gitdir);
      if (ref_format !== "files" || git([`--git-dir=${gitDir}`, "rev-list", "--all"], gitDir).exit !== 0) continue;
      const oids = gitText([`--git-dir=${gitDir}`, "rev-list", "--all", "--max-count=10"], gitDir).split("\n")
        .filter((line) => line !== "");
      const ancestry = openAncestry(openRepository(systemOf(gitDir), { gitDir }));
      for (const one of oids) {
        for (const two of oids) {
          const range = `${one}...${two}`;
          const counted = gitText([`--git-dir=${gitDir}`, "rev-list", "--left-right", "--count", range], gitDir);
          const { ahead, behind } = ancestry.countVisible(one, two);
          assert.equal(`${ahead}\t${behind}`, counted, `${name} ${gitdir} ${range}`);
          const bases = git([`--git-dir=${gitDir}`, "merge-base", "--all", one, two], gitDir);
          assert.equal(ancestry.visibleMergeBases(one, two).map((oid) => `${oid}\n`).join(""), String(bases.stdout));
          const isAncestor = git([`--git-dir=${gitDir}`, "merge-base", "--is-ancestor", one, two], gitDir).exit === 0;
          assert.equal(ancestry.isAncestor(one, two) === "yes", isAncestor);
          asked++;
        }
      }
    }
  }
  assert.ok(asked > 300, String(asked));
});
