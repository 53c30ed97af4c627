/** Commit-graphs that git wrote: what they say, where they are not used, and what damage does. */
import assert from "node:assert/strict";
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SHA1 } from "../../../src/git/object_format.ts";
import { openRepository } from "../../../src/git/open.ts";
import { type Ancestry, openAncestry } from "../../../src/git/objects/ancestry.ts";
import { openCommitGraph } from "../../../src/git/objects/commit_graph.ts";
import { hash } from "../../../src/platform/hash.ts";
import { realSystem } from "../../../src/platform/real_system.ts";
import { fixtureFolder, fixtures, temporaryFolder } from "../../fixtures.ts";
import { git, gitText, modernGit, runProgram } from "../../git_oracle.ts";
import { test } from "../../harness.ts";
import { systemOf } from "../system_of.ts";
import { type GeneratedHistory, generateHistory, randomNumbers } from "./generated_history.ts";

/** Ancestry that counts the commits whose objects are read. */
function counting(folder: string): { ancestry: Ancestry; reads(): number } {
  const repository = openRepository(systemOf(folder));
  let reads = 0;
  const readReplaced: typeof repository.objects.readReplaced = (oid) => {
    reads++;
    return repository.objects.readReplaced(oid);
  };
  const objects = Object.create(repository.objects, { readReplaced: { value: readReplaced } });
  const counted = Object.create(repository, { objects: { value: objects } }) as typeof repository;
  return { ancestry: openAncestry(counted), reads: () => reads };
}

function assertRight(history: GeneratedHistory, ancestry: Ancestry, where: string, step = 1): void {
  const alone = (one: number, two: number) =>
    [...history.ancestors[one]!].filter((i) => !history.ancestors[two]!.has(i)).length;
  for (let i = 0; i < history.oids.length; i += step) {
    for (let j = 0; j < history.oids.length; j++) {
      const [one, two] = [history.oids[i]!, history.oids[j]!];
      const expected = history.ancestors[j]!.has(i) ? "yes" : "no";
      assert.equal(ancestry.isAncestor(one, two), expected, `${where}, ${i} and ${j}`);
      const counts = { ahead: alone(i, j), behind: alone(j, i) };
      assert.deepEqual(ancestry.countAheadBehind(one, two), counts, `${where}, ${i} and ${j}`);
    }
  }
}

function assertBases(history: GeneratedHistory, ancestry: Ancestry, where: string): void {
  const random = randomNumbers(9);
  for (let n = 0; n < 25; n++) {
    const [one, two] = [random(history.oids.length), random(history.oids.length)].map((i) => history.oids[i]!);
    const outcome = git(["merge-base", "--all", one!, two!], history.folder);
    assert.equal(
      ancestry.visibleMergeBases(one!, two!).map((oid) => `${oid}\n`).join(""),
      String(outcome.stdout),
      where,
    );
  }
}

/** Ways in which git writes graphs. */
const WRITERS: Record<string, (folder: string, last: number) => void> = {
  "one file": (folder) => void gitText(["commit-graph", "write", "--reachable"], folder),
  "levels alone": (folder) =>
    void gitText(["-c", "commitGraph.generationVersion=1", "commit-graph", "write", "--reachable"], folder),
  "a chain": (folder, last) => {
    for (const tip of [20, 45, last]) {
      const args = ["commit-graph", "write", "--split=no-merge", "--stdin-commits"];
      gitText(args, folder, `${gitText(["rev-parse", `c${tip}`], folder)}\n`);
    }
  },
  "a chain with levels below": (folder, last) => {
    const args = ["commit-graph", "write", "--split=no-merge", "--stdin-commits"];
    gitText(["-c", "commitGraph.generationVersion=1", ...args], folder, `${gitText(["rev-parse", "c30"], folder)}\n`);
    gitText(args, folder, `${gitText(["rev-parse", `c${last}`], folder)}\n`);
  },
  "a part": (folder) =>
    void gitText(["commit-graph", "write", "--stdin-commits"], folder, gitText(["rev-parse", "c40"], folder) + "\n"),
};

test("answers are the same with every kind of commit-graph, and no commit in it is read", () => {
  for (const clock of ["right", "equal", "wrong"] as const) {
    for (const [kind, write] of Object.entries(WRITERS)) {
      const history = generateHistory(41, 70, clock);
      write(history.folder, 69);
      const { ancestry, reads } = counting(history.folder);
      assertRight(history, ancestry, `${clock}, ${kind}`, 4);
      assertBases(history, ancestry, `${clock}, ${kind}`);
      const layers = gitText(["rev-list", "--all", "--count"], history.folder);
      assert.ok(reads() < Number(layers), `${kind}: ${reads()} of ${layers} commits were read`);
      if (kind === "one file" || kind === "levels alone") assert.equal(reads(), 0, kind);
    }
  }
});

test("with generations, an answer takes few commits, however long the history is", () => {
  const history = generateHistory(43, 3, "right");
  const stream: string[] = [];
  for (let i = 0; i < 6_000; i++) {
    stream.push(
      `commit refs/heads/long\nmark :${i + 1}\ncommitter A <a@example.com> ${1_700_000_000 + i} +0000\ndata 0\n`,
    );
    stream.push(i === 0 ? "" : `from :${i}\n`);
  }
  gitText(["fast-import", "--quiet", "--date-format=raw"], history.folder, stream.join("\n"));
  gitText(["commit-graph", "write", "--reachable"], history.folder);
  const [tip, old, near] = ["long", "long~5900", "long~5"].map((name) => gitText(["rev-parse", name], history.folder));
  const { ancestry, reads } = counting(history.folder);
  assert.equal(ancestry.isAncestor(old!, tip!), "yes");
  assert.equal(ancestry.isAncestor(tip!, old!), "no");
  assert.deepEqual(ancestry.countAheadBehind(near!, tip!), { ahead: 0, behind: 5 });
  assert.equal(ancestry.mergeBase(tip!, old!), old);
  assert.equal(reads(), 0);
});

test("a commit-graph is not used where git would not use it", () => {
  const meddling: Record<string, (history: GeneratedHistory) => void> = {
    "core.commitGraph": ({ folder }) => void gitText(["config", "core.commitGraph", "false"], folder),
    "a graft": ({ folder, oids }) => {
      mkdirSync(join(folder, ".git/info"), { recursive: true });
      writeFileSync(join(folder, ".git/info/grafts"), `${oids[60]} ${oids[2]}\n`);
    },
    "a replacement": ({ folder, oids }) => void gitText(["replace", "--graft", oids[60]!, oids[2]!], folder),
    "a shallow boundary": ({ folder, oids }) => writeFileSync(join(folder, ".git/shallow"), `${oids[50]}\n`),
  };
  for (const [what, meddle] of Object.entries(meddling)) {
    const history = generateHistory(41, 70, "right");
    gitText(["commit-graph", "write", "--reachable"], history.folder);
    meddle(history);
    const { ancestry, reads } = counting(history.folder);
    for (const [i, j] of [[60, 10], [69, 60], [62, 2], [69, 0]] as const) {
      const range = `${history.oids[i]}...${history.oids[j]}`;
      const counted = gitText(["rev-list", "--left-right", "--count", range], history.folder);
      const { ahead, behind } = ancestry.countVisible(history.oids[i]!, history.oids[j]!);
      assert.equal(`${ahead}\t${behind}`, counted, `${what}, ${i} and ${j}`);
    }
    assert.ok(reads() > 0, what);
  }
});

test("the commit-graphs of SHA-256 repositories, of an alternate and of a current git are read", () => {
  const history = generateHistory(41, 70, "right");
  gitText(["commit-graph", "write", "--reachable"], history.folder);
  const borrower = join(temporaryFolder(), "borrower");
  gitText(["clone", "-q", "--shared", "--no-checkout", "-b", "c69", history.folder, borrower], history.folder);
  const { ancestry, reads } = counting(borrower);
  assertRight(history, ancestry, "alternate", 7);
  assert.equal(reads(), 0);

  const folder = temporaryFolder();
  const modern = (...args: string[]) => {
    const outcome = runProgram(modernGit(), args, folder);
    assert.equal(outcome.exit, 0, outcome.stderr);
    return String(outcome.stdout).trim();
  };
  modern("init", "-q", "-b", "main", "--object-format=sha256", "--ref-format=files");
  for (let i = 0; i < 6; i++) modern("commit", "-q", "--allow-empty", "-m", String(i));
  modern("commit-graph", "write", "--reachable", "--changed-paths");
  const counted = counting(folder);
  const [tip, root] = [modern("rev-parse", "main"), modern("rev-parse", "main~5")];
  assert.deepEqual(counted.ancestry.countAheadBehind(tip, root), { ahead: 5, behind: 0 });
  assert.equal(counted.ancestry.isAncestor(root, tip), "yes");
  assert.equal(counted.reads(), 0);
  for (const { gitdir } of fixtures["packs-companions"]!.repositories) {
    const objects = join(fixtureFolder("packs-companions"), gitdir, "objects");
    assert.notEqual(openCommitGraph(realSystem.disk, [objects], SHA1, false), null);
  }
});

/** The file of a graph, writable. */
function graphFile(folder: string): string {
  const path = join(folder, ".git/objects/info/commit-graph");
  chmodSync(path, 0o644);
  return path;
}

test("a damaged commit-graph never makes an answer wrong: it is left aside", () => {
  const history = generateHistory(47, 30, "right");
  gitText(["commit-graph", "write", "--reachable"], history.folder);
  const path = graphFile(history.folder);
  const sound = readFileSync(path);
  for (let at = 0; at < sound.length; at += 11) {
    const bytes = Uint8Array.from(sound);
    bytes[at]! ^= 1 << at % 8;
    writeFileSync(path, bytes);
    assertRight(history, counting(history.folder).ancestry, `byte ${at}`, 29);
  }
  for (const length of [0, 1, 7, 8, 100, sound.length - 21, sound.length - 1]) {
    writeFileSync(path, sound.subarray(0, length));
    assertRight(history, counting(history.folder).ancestry, `${length} bytes`, 29);
  }
});

test("whatever a commit-graph with a right checksum holds, questions end, and nothing but answers comes out", () => {
  const history = generateHistory(47, 30, "right");
  gitText(["commit-graph", "write", "--reachable"], history.folder);
  const path = graphFile(history.folder);
  const sound = readFileSync(path);
  const random = randomNumbers(3);
  const seen = new Set<string>();
  for (let n = 0; n < 150; n++) {
    const bytes = Uint8Array.from(sound);
    const body = bytes.subarray(0, bytes.length - 20);
    for (let times = 0; times <= random(3); times++) {
      body[random(body.length)] = [0, 0xff, 0x80, random(256)][random(4)]!;
    }
    bytes.set(hash("sha1", body), body.length);
    writeFileSync(path, bytes);
    const { ancestry } = counting(history.folder);
    for (let pair = 0; pair < 6; pair++) {
      const [one, two] = [history.oids[random(30)]!, history.oids[random(30)]!];
      try {
        seen.add(ancestry.isAncestor(one, two));
        ancestry.countAheadBehind(one, two);
        ancestry.mergeBase(one, two);
      } catch (error) {
        assert.fail(`changed ${n} times: ${error instanceof Error ? error.stack : String(error)}`);
      }
    }
  }
  assert.ok(seen.has("yes") && seen.has("no"));
});

test("a chain that misses a layer, or names another below it, is left aside", () => {
  for (const damage of ["missing", "swapped", "garbage", "empty"]) {
    const history = generateHistory(41, 70, "right");
    WRITERS["a chain"]!(history.folder, 69);
    const folder = join(history.folder, ".git/objects/info/commit-graphs");
    const chain = join(folder, "commit-graph-chain");
    chmodSync(chain, 0o644);
    const lines = readFileSync(chain, "utf8").trim().split("\n");
    assert.equal(lines.length, 3);
    if (damage === "missing") rmSync(join(folder, `graph-${lines[0]}.graph`));
    if (damage === "swapped") writeFileSync(chain, `${[lines[1], lines[0], lines[2]].join("\n")}\n`);
    if (damage === "garbage") writeFileSync(chain, "../../../x\n");
    if (damage === "empty") writeFileSync(chain, "");
    const { ancestry, reads } = counting(history.folder);
    assertRight(history, ancestry, damage, 23);
    assert.ok(reads() > 0, damage);
  }
});

test("a commit-graph that is replaced while it is in use disturbs no answer", () => {
  const history = generateHistory(41, 70, "right");
  gitText(["commit-graph", "write", "--reachable"], history.folder);
  const path = graphFile(history.folder);
  cpSync(path, `${path}.old`);
  const { ancestry } = counting(history.folder);
  assertRight(history, ancestry, "before", 31);
  renameSync(`${path}.old`, path);
  assertRight(history, ancestry, "after", 31);
  assert.deepEqual(readdirSync(join(history.folder, ".git/objects/info")).includes("commit-graph"), true);
});
