import assert from "node:assert/strict";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { Buffer } from "node:buffer";
import { execFileSync, spawn } from "node:child_process";
import { join } from "node:path";
import fc from "fast-check";
import { test } from "../../harness.ts";
import { holdsAsync } from "../../property.ts";
import { temporaryFolder } from "../../fixtures.ts";
import { git, gitText, modernGit, runProgram } from "../../git_oracle.ts";
import { latticeGit, sameAsGit } from "./against_git.ts";

function repository(): string {
  const folder = temporaryFolder();
  gitText(["init", "-q", "-b", "main"], folder);
  return folder;
}

test("git hash-object names generated content as git does, from standard input and from files", async () => {
  const folder = temporaryFolder();
  await holdsAsync(
    "git hash-object names generated content as git does, from standard input and from files",
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(1, 700, 9000), async (bytes, times) => {
      const content = new Uint8Array(bytes.length * times);
      for (let i = 0; i < times; i++) content.set(bytes, i * bytes.length);
      writeFileSync(join(folder, "file"), content);
      const { stdout } = await sameAsGit(["hash-object", "file"], folder);
      assert.equal((await latticeGit(["hash-object", "--stdin"], folder, { stdin: content })).stdout, stdout);
    }),
    { seed: 20262, numRuns: 40 },
  );
});

test("git hash-object streams a file that is larger than its buffer", async () => {
  const folder = temporaryFolder();
  for (const size of [1 << 20, (1 << 20) + 1, 5 << 20]) {
    writeFileSync(join(folder, "large"), new Uint8Array(size).map((_, i) => i * 7 + (i >> 13)));
    await sameAsGit(["hash-object", "large", "./large"], folder);
  }
});

test("git hash-object reads a pipe to its end", async () => {
  const folder = temporaryFolder();
  execFileSync("mkfifo", [join(folder, "pipe")]);
  const content = "line\n".repeat(50_000);
  writeFileSync(join(folder, "file"), content);
  for (const options of [[], ["-t", "blob", "--no-filters"]]) {
    const writer = spawn("sh", ["-c", "cat file > pipe"], { cwd: folder });
    const ended = await latticeGit(["hash-object", ...options, "pipe"], folder);
    assert.equal(ended.stdout, `${gitText(["hash-object", "file"], folder)}\n`, ended.stderr);
    await new Promise((resolve) => writer.on("close", resolve));
  }
});

test("git hash-object -w stores a file of any size as git does", async () => {
  const folder = repository();
  for (const size of [0, 1, 65_535, 65_536, 65_537, (1 << 20) + 3, 3 << 20]) {
    writeFileSync(join(folder, "file"), new Uint8Array(size).map((_, i) => (i * i) >> 7));
    const oid = (await latticeGit(["hash-object", "-w", "file"], folder)).stdout.trim();
    assert.equal(oid, gitText(["hash-object", "file"], folder));
    assert.equal(gitText(["cat-file", "-s", oid], folder), String(size));
  }
  gitText(["fsck", "--strict"], folder);
});

test("git hash-object -w leaves objects that git reads, in both formats", async () => {
  for (const program of ["git", modernGit()]) {
    const folder = temporaryFolder();
    const format = program === "git" ? "sha1" : "sha256";
    runProgram(program, ["init", "-q", `--object-format=${format}`], folder);
    writeFileSync(join(folder, "a"), "text\r\nmore\n");
    const ended = await latticeGit(["hash-object", "-w", "a", "--stdin"], folder, { stdin: "input" });
    assert.equal(ended.exit, 0, ended.stderr);
    const oids = ended.stdout.trim().split("\n");
    assert.deepEqual(
      oids.map((oid) => runProgram(program, ["cat-file", "blob", oid], folder).stdout.toString()),
      ["input", "text\r\nmore\n"],
    );
    assert.equal(runProgram(program, ["fsck", "--strict"], folder).exit, 0);
  }
});

test("git hash-object --stdin-paths reads quoted names, and names from the top of the work tree", async () => {
  const folder = repository();
  mkdirSync(join(folder, "sub"));
  const names = ["plain", "with space", 'quo"te', "tab\there", "ümlaut", "sub/inner"];
  for (const name of names) writeFileSync(join(folder, name), `content of ${name}`);
  const stdin = 'plain\nwith space\n"quo\\"te"\n"tab\\there"\nümlaut\n"\\303\\274mlaut"\nsub/inner\n';
  await sameAsGit(["hash-object", "--stdin-paths"], folder, { stdin });
  await sameAsGit(["hash-object", "--stdin-paths"], join(folder, "sub"), { stdin: "sub/inner\nplain" });
  await sameAsGit(["hash-object", "inner", "../plain"], join(folder, "sub"));
  for (const bad of ['"open\n', '"a"b\n', '"\\z"\n', "plain\nmissing\nplain\n", "\n"]) {
    await sameAsGit(["hash-object", "--stdin-paths"], folder, { stdin: bad });
  }
});

test("git hash-object refuses what git refuses to be told", async () => {
  const folder = repository();
  writeFileSync(join(folder, "a"), "a");
  for (
    const args of [
      ["--stdin", "--stdin"],
      ["--stdin-paths", "--stdin"],
      ["--stdin-paths", "a"],
      ["--stdin-paths", "--path=x"],
      ["--path=x", "--no-filters", "a"],
      ["-t", "nonsense", "a"],
      ["-t"],
      ["missing"],
      ["a", "missing", "a"],
      ["."],
      ["--unknown", "a"],
      ["--lit", "a"],
      [],
      ["-wt", "blob", "a"],
      ["-tblob", "--", "a"],
      ["-t", "blob", "-t", "tree", "a"],
      ["--path=elsewhere/x", "a"],
      ["--literally", "-t", "nonsense", "a"],
    ]
  ) await sameAsGit(["hash-object", ...args], folder);
});

test("git hash-object checks commits, tags and trees as a current git does", async () => {
  const folder = temporaryFolder();
  runProgram(modernGit(), ["init", "-q", "-b", "main", "--ref-format=files"], folder);
  const oid = gitText(["hash-object", "-w", "--stdin"], folder, "x");
  const raw = new Uint8Array(oid.match(/../g)!.map((digits) => parseInt(digits, 16)));
  const entry = (mode: string, name: string): Uint8Array =>
    new Uint8Array([...new TextEncoder().encode(`${mode} ${name}\0`), ...raw]);
  const who = "A U Thor <a@example.com> 1700000000 +0100";
  const samples: [string, string | Uint8Array][] = [];
  const head = `tree ${oid}\n`;
  for (
    const text of [
      `${head}author ${who}\ncommitter ${who}\n\nmessage\n`,
      `${head}author ${who}\ncommitter ${who}\n`,
      `${head}author ${who}\ncommitter ${who}`,
      `${head}parent ${oid}\nauthor ${who}\ncommitter ${who}\nencoding x\n\n`,
      `${head}parent ${oid.slice(1)}\nauthor ${who}\ncommitter ${who}\n\n`,
      `${head}parent ${oid.toUpperCase()}\nauthor ${who}\ncommitter ${who}\n\n`,
      `${head}author ${who}\nauthor ${who}\ncommitter ${who}\n\n`,
      `${head}committer ${who}\n\n`,
      `${head}author ${who}\n\n`,
      `author ${who}\ncommitter ${who}\n\n`,
      `${head}author ${who}\0\ncommitter ${who}\n\nm`,
      `${head}author ${who}\ncommitter ${who}\n\nm\0m`,
      "",
      ...[
        "A <a> 1 +0000",
        "<a> 1 +0000",
        " <a> 1 +0000",
        "A<a> 1 +0000",
        "A <a>1 +0000",
        "A <a> 01 +0000",
        "A <a> 0 +0000",
        "A <a> x +0000",
        "A <a> 1 0000",
        "A <a> 1 +000",
        "A <a> 1 +00000",
        "A <a> 1",
        "A a 1 +0000",
        "A <a 1 +0000",
        "A >a< 1 +0000",
        "A <<a> 1 +0000",
        "A <a>  1 +0000",
        "A <> 1 +0000",
        "A <a> 99999999999999999999 +0000",
        "A <a> 9223372036854775807 +0000",
      ].map((line) => `${head}author ${line}\ncommitter ${who}\n\n`),
    ]
  ) samples.push(["commit", text]);
  const tag = (type: string, name: string, tagger: string) => `object ${oid}\ntype ${type}\ntag ${name}\n${tagger}\nm`;
  for (
    const text of [
      tag("blob", "v1", `tagger ${who}\n`),
      tag("blob", "v1", ""),
      tag("blub", "v1", `tagger ${who}\n`),
      tag("blob", "v..1", `tagger ${who}\n`),
      tag("blob", "", `tagger ${who}\n`),
      tag("blob", "v1", `tagger ${who}\nextra header\n`),
      tag("blob", "v1", "tagger nobody\n"),
      `object ${oid}\ntype blob\ntag v1\ntagger ${who}\n`,
      `object ${oid}\ntype blob\ntag v1\ntagger ${who}`,
      `object ${oid}\ntype blob\n`,
      `object x\ntype blob\ntag v1\ntagger ${who}\n\n`,
      "type blob\n",
    ]
  ) samples.push(["tag", text]);
  const zero = new Uint8Array([...new TextEncoder().encode("100644 a\0"), ...new Uint8Array(20)]);
  const trees: Uint8Array[][] = [
    [],
    [entry("100644", "a"), entry("100755", "b"), entry("120000", "c"), entry("160000", "d"), entry("40000", "e")],
    [entry("100644", "b"), entry("100644", "a")],
    [entry("100644", "a"), entry("100644", "a")],
    [entry("100644", "a"), entry("40000", "a")],
    [entry("100644", "a.b"), entry("40000", "a"), entry("100644", "a0")],
    [entry("40000", "a"), entry("100644", "a.b")],
    [entry("040000", "a")],
    [entry("100664", "a")],
    [entry("100600", "a")],
    [entry("100644", "")],
    [entry("100644", ".")],
    [entry("100644", "..")],
    [entry("100644", "a/b")],
    [entry("40000", ".git")],
    [entry("40000", ".GIT")],
    [entry("40000", "git~1")],
    [entry("40000", ".git ")],
    [entry("40000", ".gitx")],
    [entry("abc", "a")],
    [entry("100644", "a").subarray(0, 20)],
    [zero],
  ];
  for (const parts of trees) samples.push(["tree", new Uint8Array(parts.flatMap((part) => [...part]))]);
  for (const [type, content] of samples) {
    const args = ["hash-object", "-t", type, "--stdin"];
    const expected = runProgram(modernGit(), args, folder, { stdin: content });
    const actual = await latticeGit(args, folder, { stdin: content });
    const shown = `${type} ${
      JSON.stringify(Buffer.from(content as string).toString("latin1"))
    }\n${actual.stderr}${expected.stderr}`;
    assert.equal(actual.stdout, expected.stdout.toString(), shown);
    assert.equal(actual.exit, expected.exit, shown);
    const literal = await latticeGit([...args, "--literally"], folder, { stdin: content });
    assert.equal(literal.stdout, git([...args, "--literally"], folder, content).stdout.toString());
  }
});

test("git hash-object refuses content that git would convert, and takes it with --no-filters", async () => {
  const folder = repository();
  mkdirSync(join(folder, "sub"));
  writeFileSync(join(folder, "sub/a.txt"), "one\r\ntwo\r\n");
  writeFileSync(join(folder, "a.txt"), "one\ntwo\n");
  writeFileSync(join(folder, "a.bin"), "one\r\ntwo\r\n");
  writeFileSync(join(folder, ".gitattributes"), "*.txt text\n");
  const refused = await latticeGit(["hash-object", "sub/a.txt"], folder);
  assert.equal(refused.exit, 128);
  assert.equal(refused.stdout, "");
  assert.match(refused.stderr, /attribute text in .* is not supported; use --no-filters/);
  await sameAsGit(["hash-object", "--no-filters", "sub/a.txt"], folder);
  await sameAsGit(["hash-object", "a.txt", "a.bin"], folder);
  await sameAsGit(["hash-object", "--stdin"], folder, { stdin: "one\r\n" });
  const stdin = "one\r\n";
  assert.equal((await latticeGit(["hash-object", "--stdin", "--path=x.txt"], folder, { stdin })).exit, 128);
  await sameAsGit(["hash-object", "--stdin", "--path=x.bin"], folder, { stdin });

  const byConfig = await latticeGit(["-c", "core.autocrlf=input", "hash-object", "a.bin"], folder);
  assert.equal(byConfig.exit, 128);
  assert.match(byConfig.stderr, /core\.autocrlf=input/);
  await sameAsGit(["-c", "core.autocrlf=false", "hash-object", "a.bin"], folder);
  await sameAsGit(["-c", "core.autocrlf=input", "hash-object", "a.txt"], folder);

  writeFileSync(join(folder, ".gitattributes"), "*.c ident\n*.l filter=up\n*.u working-tree-encoding=UTF-16\n");
  writeFileSync(join(folder, "a.c"), "$Id: something $\n");
  writeFileSync(join(folder, "b.c"), "$I d\n");
  writeFileSync(join(folder, "a.l"), "lower\n");
  writeFileSync(join(folder, "a.u"), "\ufeffx");
  await sameAsGit(["hash-object", "b.c", "a.l"], folder);
  gitText(["config", "filter.up.clean", "tr a-z A-Z"], folder);
  for (const name of ["a.c", "a.l", "a.u"]) {
    assert.equal((await latticeGit(["hash-object", name], folder)).exit, 128, name);
  }
});

test("git hash-object works without a repository, but not with -w", async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "a"), "a");
  await sameAsGit(["hash-object", "a"], folder);
  await sameAsGit(["hash-object", "-w", "a"], folder);
  await sameAsGit(["hash-object", "--stdin-paths"], folder, { stdin: "a\n" });
});

test("git hash-object -w stores nothing that it refuses", async () => {
  const folder = repository();
  const before = readdirSync(join(folder, ".git/objects")).sort();
  const ended = await latticeGit(["hash-object", "-w", "-t", "commit", "--stdin"], folder, { stdin: "no commit" });
  assert.equal(ended.exit, 128);
  assert.deepEqual(readdirSync(join(folder, ".git/objects")).sort(), before);
});
