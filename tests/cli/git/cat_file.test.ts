import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "../../harness.ts";
import { fixtureFolder, fixtures, freshFixtureFolder, temporaryFolder } from "../../fixtures.ts";
import { gitText } from "../../git_oracle.ts";
import { latticeGit, sameAsGit } from "./against_git.ts";

/** Repositories with objects of every type and shape, loose and packed, replaced and borrowed. */
const SOUND = ["objects-loose/repo", "packs/repo", "packs-companions/repo", "files-refs/repo", "alternates/fan"];

function soundRepositories(): string[] {
  return SOUND.map((place) => {
    const [fixture, path] = place.split("/") as [string, string];
    const repository = fixtures[fixture]!.repositories.find((candidate) => candidate.path === path);
    assert.notEqual(repository, undefined, `fixture ${place}`);
    return join(fixtureFolder(fixture), path);
  });
}

function oidsOf(folder: string): string[] {
  return gitText(["cat-file", "--batch-all-objects", "--batch-check=%(objectname)"], folder).split("\n");
}

test("git cat-file --batch-all-objects gives what git gives, in every form", async () => {
  for (const folder of soundRepositories()) {
    await sameAsGit(["cat-file", "--batch-all-objects", "--batch-check"], folder);
    await sameAsGit(["cat-file", "--batch-all-objects", "--batch"], folder);
    await sameAsGit(
      ["cat-file", "--batch-all-objects", "--batch-check=%(objecttype)|%(objectname)%%%x%(rest)"],
      folder,
    );
    await sameAsGit(["cat-file", "--batch-all-objects", "--batch-check=static", "--buffer"], folder);
  }
});

test("git cat-file tells how objects are stored", async () => {
  const format = "--batch-check=%(objectname) %(objectsize:disk) %(deltabase)";
  for (const folder of soundRepositories()) {
    await sameAsGit(["cat-file", "--batch-all-objects", format], folder);
    await sameAsGit(["cat-file", format, "--buffer"], folder, { stdin: oidsOf(folder).join("\n") });
  }
});

test("git cat-file -t, -s, -e, -p and <type> agree with git on every kind of object", async () => {
  for (const folder of soundRepositories()) {
    const oids = oidsOf(folder);
    for (const oid of oids.filter((_, index) => index % Math.ceil(oids.length / 25) === 0)) {
      for (const option of ["-t", "-s", "-e", "-p"]) await sameAsGit(["cat-file", option, oid], folder);
      for (const type of ["blob", "tree", "commit", "tag"]) await sameAsGit(["cat-file", type, oid], folder);
    }
  }
});

test("git cat-file -p quotes the names in trees as core.quotePath says", async () => {
  const folder = join(fixtureFolder("objects-loose"), "repo");
  const trees = gitText(["cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(objectname)"], folder)
    .split("\n").filter((line) => line.startsWith("tree ")).map((line) => line.slice(5));
  assert.ok(trees.length > 0);
  for (const tree of trees) {
    for (const value of ["true", "false"]) {
      await sameAsGit(["-c", `core.quotePath=${value}`, "cat-file", "-p", tree], folder);
    }
  }
});

test("git cat-file reads names as git does, one a line", async () => {
  const folder = join(freshFixtureFolder("files-refs"), "repo");
  const head = gitText(["rev-parse", "HEAD"], folder);
  const names = [
    "HEAD",
    head,
    head.toUpperCase(),
    head.slice(0, 12),
    "0".repeat(40),
    "f".repeat(40),
    "nonsense",
    "",
    " HEAD",
    "HEAD ",
    "main",
    "refs/heads/main",
    "HEAD^{tree}",
    "HEAD~1",
    "main\r",
    "zz\u00e9",
    "HEAD~1\tfoo",
    "HEAD~1 foo",
    "HEAD^{tree}\tfoo",
    `${head} src/a:b`,
    "nonsense:file",
    "nonsense-gdeadbee",
    "HEAD~x",
    "HEAD^{",
    "HEAD^{what}",
    "HEAD~99999999999",
    "HEAD@{}",
    "main@{-1}",
  ];
  const stdin = `${names.join("\n")}\n`;
  await sameAsGit(["cat-file", "--batch-check"], folder, { stdin });
  await sameAsGit(["cat-file", "--batch"], folder, { stdin });
  await sameAsGit(["cat-file", "--batch-check=%(objectname) [%(rest)]"], folder, {
    stdin: "HEAD some rest\nHEAD\nHEAD\t\ttabs \n \nnonsense rest\nHEAD \n",
  });
  await sameAsGit(["cat-file", "--batch-check", "-z"], folder, { stdin: "HEAD\0main\nx\0nonsense\0HEAD" });
  await sameAsGit(["cat-file", "--batch-check"], folder, { stdin: "HEAD\nHEAD" });
  const nuls = "HEAD\0main\n\0HEAD\nno\0HEAD\nHEAD a\0b\nHEAD\0\r\nHEAD\r\0\nmain\0";
  for (const mode of ["--batch-check", "--batch", "--batch-check=%(objectname) [%(rest)]"]) {
    await sameAsGit(["cat-file", mode], folder, { stdin: nuls });
    await sameAsGit(["cat-file", "-z", mode], folder, { stdin: nuls });
  }
  for (const command of ["info HEAD\0b", "info \0HEAD", "in\0fo HEAD", "info\0 HEAD", "\0info HEAD"]) {
    await sameAsGit(["cat-file", "--batch-command"], folder, { stdin: `${command}\ninfo HEAD\n` });
  }
  for (const name of ["nonsense", "0".repeat(40), "f".repeat(40), "ffff", "fff", ""]) {
    for (const option of ["-t", "-s", "-e", "-p"]) await sameAsGit(["cat-file", option, name], folder);
    await sameAsGit(["cat-file", "blob", name], folder);
  }
});

test("git cat-file says ambiguous where an abbreviation is", async () => {
  const folder = temporaryFolder();
  gitText(["init", "-q"], folder);
  const seen = new Map<string, number>();
  const names = Array.from({ length: 2000 }, (_, i) => join(folder, `f${i}`));
  names.forEach((name, i) => writeFileSync(name, `${i}`));
  for (const oid of gitText(["hash-object", "-w", "--stdin-paths"], folder, names.join("\n")).split("\n")) {
    seen.set(oid.slice(0, 4), (seen.get(oid.slice(0, 4)) ?? 0) + 1);
  }
  const twice = [...seen].filter(([, count]) => count > 1).map(([digits]) => digits);
  assert.ok(twice.length > 0);
  const stdin = twice.join("\n");
  await sameAsGit(["cat-file", "--batch-check"], folder, { stdin });
  await sameAsGit(["cat-file", "-t", twice[0]!], folder);
});

test("git cat-file --batch-command takes info, contents and flush", async () => {
  const folder = join(fixtureFolder("files-refs"), "repo");
  const run = (stdin: string, ...options: string[]) => sameAsGit(["cat-file", ...options], folder, { stdin });
  await run("info HEAD\ncontents HEAD\ninfo nonsense\ncontents nonsense\n", "--batch-command");
  await run("info HEAD\nflush\ncontents HEAD\n", "--batch-command", "--buffer");
  await run("info HEAD rest\n", "--batch-command=%(objectname) %(rest)|");
  for (const bad of ["", " info HEAD", "info", "infoHEAD", "flush", "flush now", "nonsense HEAD", "INFO HEAD"]) {
    await run(`info HEAD\n${bad}\ninfo HEAD\n`, "--batch-command");
    await run(`info HEAD\n${bad}\ninfo HEAD\n`, "--batch-command", "--buffer");
  }
});

test("git cat-file refuses combinations as git does", async () => {
  const folder = join(fixtureFolder("files-refs"), "repo");
  for (
    const args of [
      [],
      ["-t"],
      ["-p"],
      ["-e", "-p", "HEAD"],
      ["-t", "HEAD", "HEAD"],
      ["HEAD"],
      ["blob", "HEAD", "HEAD"],
      ["nonsense", "HEAD"],
      ["--buffer", "-t", "HEAD"],
      ["-z", "-t", "HEAD"],
      ["--batch-all-objects", "-t", "HEAD"],
      ["--batch", "HEAD"],
      ["--batch", "-t"],
      ["--batch", "--batch-check"],
      ["--batch-check=%(nonsense)"],
      ["--batch-check=%(objectname"],
      ["--allow-unknown-type", "-p", "HEAD"],
      ["--allow-unknown-type", "-t", "HEAD"],
      ["--unknown"],
      ["-x"],
    ]
  ) await sameAsGit(["cat-file", ...args], folder);
});

test("git cat-file refuses by name what it does not support", async () => {
  const folder = join(fixtureFolder("files-refs"), "repo");
  for (
    const args of [
      ["--textconv", "HEAD:x"],
      ["--filters", "HEAD:x"],
      ["--path=x", "HEAD"],
      ["--batch", "--follow-symlinks"],
      ["--batch", "--use-mailmap"],
      ["--batch", "--filter=blob:none"],
      ["--batch-check=%(objectmode)"],
    ]
  ) {
    const ended = await latticeGit(["cat-file", ...args], folder);
    assert.equal(ended.exit, 129, args.join(" "));
    assert.match(ended.stderr, /`(?:--[a-z-]+|%\(objectmode\))' is not supported/);
    assert.equal(ended.stdout, "");
  }
});

test("git cat-file sees replacements as git does", async () => {
  const folder = temporaryFolder();
  gitText(["init", "-q"], folder);
  const [one, two] = ["one", "two words"].map((text) => gitText(["hash-object", "-w", "--stdin"], folder, text));
  gitText(["replace", one!, two!], folder);
  for (const args of [["-t", one!], ["-s", one!], ["-p", one!], ["blob", one!], ["--batch-all-objects", "--batch"]]) {
    await sameAsGit(["cat-file", ...args], folder);
    await sameAsGit(["--no-replace-objects", "cat-file", ...args], folder);
  }
  for (const mode of ["--batch", "--batch-check"]) await sameAsGit(["cat-file", mode], folder, { stdin: one! });
});

test("git cat-file gives a large blob whole, and no header for one that is damaged", async () => {
  const folder = temporaryFolder();
  gitText(["init", "-q"], folder);
  const content = new Uint8Array(3 << 20).map((_, i) => (i * i) >> 5);
  const oid = gitText(["hash-object", "-w", "--stdin"], folder, content);
  await sameAsGit(["cat-file", "-p", oid], folder);
  await sameAsGit(["cat-file", "--batch"], folder, { stdin: `${oid}\n${oid}\n` });

  const damaged = join(freshFixtureFolder("corrupt/loose-objects"), "repo");
  const wrong = "46da7c36e24d05578c4168401cf171617be50544";
  const ended = await latticeGit(["cat-file", "--batch"], damaged, { stdin: wrong });
  assert.equal(ended.exit, 128);
  assert.equal(ended.stdout, "");
});
