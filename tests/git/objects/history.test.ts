/** Commits, tags and trees as git understands them, on fixtures and on odd content. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { SHA1 } from "../../../src/git/object_format.ts";
import { parseCommit, parseCommitLinks } from "../../../src/git/objects/commit.ts";
import { openHistory, readGrafts } from "../../../src/git/objects/history.ts";
import { peelTag, peelTo } from "../../../src/git/objects/peel.ts";
import { parseTag } from "../../../src/git/objects/tag.ts";
import { treeEntries } from "../../../src/git/objects/tree.ts";
import { realSystem } from "../../../src/platform/real_system.ts";
import { bytesToName, nameToBytes, utf8 } from "../../../src/platform/text.ts";
import { fixtureFolder, fixtures, freshFixtureFolder, temporaryFolder } from "../../fixtures.ts";
import { git, gitText } from "../../git_oracle.ts";
import { test } from "../../harness.ts";
import { formatNamed, openObjects } from "./open_fixture.ts";

/** Repositories that the system's git opens. */
const READABLE = Object.entries(fixtures).filter(([name]) => !/^corrupt|reftable/.test(name)).flatMap((
  [name, fixture],
) =>
  fixture.repositories.filter((repository) => repository.objects !== undefined && repository.ref_format === "files")
    .map((repository) => ({ name, repository }))
);

test("commitParents() gives what git's rev-list gives on shallow clones, grafts and replacements", () => {
  let commits = 0;
  const sources = new Set<string>();
  for (
    const { name, repository } of READABLE.filter(({ name }) => ["shallow", "packs", "sha256-files"].includes(name))
  ) {
    const gitDir = join(fixtureFolder(name), repository.gitdir);
    using objects = openObjects(gitDir, { format: formatNamed(repository.object_format) });
    const history = openHistory(realSystem.disk, gitDir, objects);
    const listed = gitText([`--git-dir=${gitDir}`, "rev-list", "--all", "--parents"], gitDir);
    for (const line of listed.split("\n").filter((text) => text !== "")) {
      const [oid, ...parents] = line.split(" ");
      const ours = history.commitParents(oid!);
      assert.deepEqual(ours.parents, parents, `${repository.path} ${oid}`);
      sources.add(ours.source);
      commits++;
    }
    const boundary = repository["shallow"] as string[] | undefined;
    assert.deepEqual([...history.shallowCommits()].sort(), boundary ?? []);
  }
  assert.deepEqual([...sources].sort(), ["commit", "graft", "shallow"]);
  assert.ok(commits > 50, String(commits));
});

test("commitParents() says what is wrong with a commit that is missing or none", () => {
  const gitDir = join(fixtureFolder("packs"), "repo/.git");
  using objects = openObjects(gitDir);
  const history = openHistory(realSystem.disk, gitDir, objects);
  assert.throws(() => history.commitParents("1".repeat(40)), { code: "not_found" });
  const tree = gitText(["rev-parse", "HEAD^{tree}"], gitDir);
  assert.throws(() => history.commitParents(tree), { code: "invalid_data" });
});

test("readGrafts() keeps the first of two grafts and ignores other lines", () => {
  const folder = temporaryFolder();
  const [a, b, c] = ["a", "b", "c"].map((digit) => digit.repeat(40));
  realSystem.disk.makeDirectory(`${folder}/info`);
  using file = realSystem.disk.create(`${folder}/info/grafts`);
  file.write(utf8(`# ${a} ${b}\n\n${a} ${b}\n${a} ${c}\n${b}\nbad ${c}\n${c} ${a} ${b} \n`));
  assert.deepEqual([...readGrafts(realSystem.disk, folder, SHA1)], [[a, [b]], [b, []], [c, [a, b]]]);
});

test("treeEntries() gives what git ls-tree gives", () => {
  let trees = 0;
  for (const { name, repository } of READABLE) {
    const format = formatNamed(repository.object_format);
    const gitDir = join(fixtureFolder(name), repository.gitdir);
    using objects = openObjects(gitDir, { format });
    for (const oid of objects.allOids()) {
      if (trees > 150 || objects.info(oid)!.type !== "tree") continue;
      const outcome = git([`--git-dir=${gitDir}`, "ls-tree", "-z", oid], gitDir);
      assert.equal(outcome.exit, 0, outcome.stderr);
      const ours = [...treeEntries(format, objects.read(oid)!.content)].map((entry) =>
        `${entry.mode.toString(8).padStart(6, "0")} ${entry.type} ${entry.oid}\t${entry.name}\0`
      );
      assert.deepEqual(nameToBytes(ours.join("")), new Uint8Array(outcome.stdout));
      trees++;
    }
  }
  assert.ok(trees > 100, String(trees));
});

test("treeEntries() refuses the malformed trees among the damaged objects", () => {
  const [repository] = fixtures["corrupt/loose-objects"]!.repositories;
  using objects = openObjects(join(fixtureFolder("corrupt/loose-objects"), repository!.gitdir));
  const parsers: Record<string, (content: Uint8Array) => unknown> = {
    tree: (content) => [...treeEntries(SHA1, content)],
    commit: (content) => parseCommit(SHA1, content),
    tag: (content) => parseTag(SHA1, content),
  };
  let refused = 0;
  for (const { oid, flaw } of repository!["damage"] as { oid: string; flaw: string }[]) {
    if (!/\(right hash\)/.test(flaw)) continue;
    const { type, content } = objects.read(oid)!;
    if (flaw.includes("no blank line")) assert.equal(parseCommit(SHA1, content).message.length, 0);
    else assert.throws(() => parsers[type]!(content), { code: "invalid_data" }, flaw);
    refused++;
  }
  assert.equal(refused, 12);
});

test("parseCommit() and parseTag() split every fixture's commits and tags without loss", () => {
  let parsed = 0;
  for (const { name, repository } of READABLE) {
    const format = formatNamed(repository.object_format);
    using objects = openObjects(join(fixtureFolder(name), repository.gitdir), { format });
    for (const oid of objects.allOids()) {
      const { type, content } = objects.read(oid)!;
      if (type !== "commit" && type !== "tag") continue;
      const { headers, message } = type === "commit" ? parseCommit(format, content) : parseTag(format, content);
      const head = headers.map(({ key, value }) => `${key} ${value.replaceAll("\n", "\n ")}\n`).join("");
      assert.equal(`${head}\n${bytesToName(message)}`, bytesToName(content), oid);
      parsed++;
    }
  }
  assert.ok(parsed > 200, String(parsed));
});

test("parseCommit() is as tolerant as git: only tree and parents must be well formed", () => {
  const tree = `tree ${"a".repeat(40)}\n`;
  const parent = `parent ${"B".repeat(40)}\n`;
  const commit = parseCommit(SHA1, utf8(`${tree}${parent}odd\ngpgsig one\n two\n\nmessage\n`));
  assert.deepEqual(commit.parents, ["b".repeat(40)]);
  assert.deepEqual([commit.author, commit.committer, commit.encoding], [null, null, null]);
  assert.deepEqual(commit.headers.slice(2), [{ key: "odd", value: "" }, { key: "gpgsig", value: "one\ntwo" }]);
  assert.equal(bytesToName(commit.message), "message\n");
  for (const bad of ["", parent, `${tree}parent x\n`, `tree ${"a".repeat(39)}g\n`, `tree ${"a".repeat(40)}`]) {
    assert.throws(() => parseCommitLinks(SHA1, utf8(bad)), { code: "invalid_data" }, bad);
  }
  assert.deepEqual(parseCommitLinks(SHA1, utf8(`${tree}author x\n${parent}`)).parents, []);
});

test("peelTag() and peelTo() end where git's rev-parse ends", () => {
  const gitDir = join(freshFixtureFolder("objects-loose"), "repo/.git");
  using objects = openObjects(gitDir);
  let peeled = 0;
  for (const oid of objects.allOids()) {
    const outcome = git(["rev-parse", "-q", "--verify", `${oid}^{}`], gitDir);
    const end = new TextDecoder().decode(outcome.stdout).trim();
    assert.equal(peelTo(objects, oid, "any")!.oid, end);
    assert.equal(peelTag(objects, oid), end === oid ? null : end);
    if (end !== oid) peeled++;
    for (const type of ["blob", "tree", "commit", "tag"] as const) {
      const answer = git(["rev-parse", "-q", "--verify", `${oid}^{${type}}`], gitDir);
      const wanted = answer.exit === 0 ? new TextDecoder().decode(answer.stdout).trim() : undefined;
      assert.equal(peelTo(objects, oid, type)?.oid, wanted, `${oid}^{${type}}`);
    }
  }
  assert.ok(peeled >= 4, String(peeled));
  assert.equal(peelTag(objects, "1".repeat(40)), null);
  assert.throws(() => peelTo(objects, "1".repeat(40), "any"), { code: "not_found" });
});
