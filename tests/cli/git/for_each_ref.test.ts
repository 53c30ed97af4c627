import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "../../harness.ts";
import { modernGit, runProgram } from "../../git_oracle.ts";
import { latticeGit, sameAsGit } from "./against_git.ts";
import { repositoryOfRefs } from "./ref_repository.ts";

const shared = repositoryOfRefs();

/** Compares one command line after the other, so that a failure names the first that differs. */
async function compareAll(lines: readonly (readonly string[])[], env: Record<string, string> = {}): Promise<void> {
  for (const args of lines) await sameAsGit(["for-each-ref", ...args], shared, { env });
}

const FIELDS = [
  "refname",
  "refname:short",
  "refname:lstrip=1",
  "refname:lstrip=2",
  "refname:lstrip=-1",
  "refname:lstrip=-9",
  "refname:lstrip=9",
  "refname:strip=2",
  "refname:rstrip=1",
  "refname:rstrip=-2",
  "refname:rstrip=9",
  "objecttype",
  "objectsize",
  "objectsize:disk",
  "deltabase",
  "objectname",
  "objectname:short",
  "objectname:short=4",
  "objectname:short=1",
  "objectname:short=12",
  "symref",
  "symref:short",
  "symref:lstrip=2",
  "upstream",
  "upstream:short",
  "upstream:track",
  "upstream:track,nobracket",
  "upstream:nobracket,track",
  "upstream:trackshort",
  "upstream:remotename",
  "upstream:remoteref",
  "upstream:lstrip=2",
  "push",
  "push:short",
  "push:track",
  "push:trackshort",
  "push:remotename",
  "push:remoteref",
  "HEAD",
  "worktreepath",
  "tree",
  "tree:short",
  "parent",
  "parent:short=6",
  "numparent",
  "object",
  "type",
  "tag",
  "author",
  "authorname",
  "authoremail",
  "authoremail:trim",
  "authoremail:localpart",
  "authordate",
  "committer",
  "committername",
  "committeremail",
  "committerdate",
  "tagger",
  "taggername",
  "taggeremail:localpart",
  "taggerdate",
  "creator",
  "creatordate",
  "subject",
  "subject:sanitize",
  "body",
  "contents",
  "contents:subject",
  "contents:body",
  "contents:signature",
  "contents:size",
  "contents:lines=1",
  "contents:lines=3",
  "contents:lines=0",
  "raw:size",
  "raw",
  "color:red",
];

test("for-each-ref shows every field as git does", () =>
  compareAll(FIELDS.map((field) => [`--format=%(refname) <%(${field})>`])));

test("for-each-ref shows every field of the object that a tag points to as git does", () =>
  compareAll(
    FIELDS.filter((field) => !/^(?:HEAD|worktreepath|color|upstream|push)/.test(field))
      .map((field) => [`--format=%(refname) <%(*${field})>`]),
  ));

test("for-each-ref quotes for shell, perl, python and tcl as git does", () =>
  compareAll(["--shell", "--perl", "--python", "--tcl", "-s", "-p"].flatMap((quote) => [
    [quote, "--format=%(refname) %(contents) %(authorname)"],
    [quote, "--format=%(if)%(HEAD)%(then)a'%(subject)%(else)b%(end) %(align:20)%(refname:short)'%(end)"],
    [quote, "--format=%(raw)", "refs/tags/a-tree"],
  ])));

test("for-each-ref fills in align, if, then, else and end as git does", () =>
  compareAll([
    "%(align:30)%(refname:short)%(end)|",
    "%(align:30,right)%(refname:short)%(end)|",
    "%(align:width=31,position=middle)%(refname:short)%(end)|",
    "%(align:middle,31)%(subject)%(end)|",
    "%(align:3)%(refname)%(end)|",
    "%(align:20)%(align:10,right)%(refname:lstrip=-1)%(end)x%(end)|",
    "%(if)%(symref)%(then)S%(else)N%(end)",
    "%(if)  %(then)S%(else)N%(end)",
    "%(if:equals=refs/heads/main)%(refname)%(then)yes%(end)",
    "%(if:notequals=commit)%(objecttype)%(then)%(objecttype)%(else)-%(end)",
    "%(if)%(upstream)%(then)%(if)%(push)%(then)both%(else)one%(end)%(end)|",
    "%(if)x%(end)",
    "%(then)",
    "%(else)",
    "%(end)",
    "%(if)x%(then)y",
    "%(if)x%(then)y%(then)z%(end)",
    "%(if)x%(else)y%(end)",
    "%(if)x%(then)%(else)y%(else)z%(end)",
    "%(align:5)%(then)%(end)",
    "%(align)",
    "%(align:left)",
    "%(align:10,nowhere)",
    "%(align:-4)",
    "%(if:foo)",
  ].map((format) => [`--format=${format}`])));

test("for-each-ref reads literals, escapes and malformed formats as git does", () =>
  compareAll([
    "%%(refname) 100%% %",
    "%41%00%0a%zz%e9%c3%a9",
    "%(refname",
    "%()",
    "%(*)",
    "%(unknown)",
    "%(refname:unknown)",
    "%(refname:lstrip=x)",
    "%(refname:)",
    "%(objecttype:x)",
    "%(objectname:short=0)",
    "%(objectname:long)",
    "%(contents:lines=-1)",
    "%(contents:nothing)",
    "%(authordate:unknown)",
    "%(authordate:format)",
    "%(color)",
    "%(color:nocolor)",
    "",
  ].map((format) => [`--format=${format}`])));

test("for-each-ref shows colours as git does", () =>
  compareAll(
    [
      "red",
      "bold",
      "bold red",
      "red blue",
      "nobold ul",
      "no-dim",
      "brightgreen black",
      "default",
      "normal",
      "normal red",
      "130",
      "9 reverse",
      "#102030 #ffEE00 italic strike blink",
      "reset",
      "reset red",
      "constructor",
    ].flatMap((color) => [
      ["--color", `--format=%(color:${color})%(refname)`],
      ["--color=always", "-s", `--format=%(color:${color})%(refname)%(color:reset)`],
      ["--no-color", `--format=%(color:${color})%(refname)`],
    ]),
  ));

test("for-each-ref prints dates as git does", async () => {
  const styles = [
    "relative",
    "local",
    "default-local",
    "iso",
    "iso8601-local",
    "iso-strict",
    "iso8601-strict-local",
    "rfc",
    "rfc2822-local",
    "short",
    "short-local",
    "raw",
    "raw-local",
    "unix",
    "format:%a %A %b %B %C %d %D %e %F %g %G %h %H %I %j %k %l %m %M %n %p %P %r %R %s %S %t %T %u %U %V %w %W",
    "format:%c %x %X %y %Y %z %Z %% %-d %_m %^a %0e",
    "format-local:%Y-%m-%d %H:%M:%S %z",
    "format:",
    "short:x",
    "constructor",
  ];
  await compareAll(styles.map((style) => [`--format=%(refname) %(creatordate:${style}) %(authordate:${style})`]));
  // Without a fixed present, these depend on the time of day.
  await compareAll([["--format=%(creatordate:human)", "refs/tags"]]);
});

test("for-each-ref sorts as git does", () =>
  compareAll([
    ["--sort=refname"],
    ["--sort=-refname"],
    ["--sort=objectsize"],
    ["--sort=-creatordate"],
    ["--sort=authordate", "--sort=-objecttype"],
    ["--sort=objecttype", "--sort=-taggerdate"],
    ["--sort=version:refname", "refs/tags"],
    ["--sort=-v:refname", "refs/tags"],
    ["--sort=numparent"],
    ["--sort=subject"],
    ["--sort=upstream:short"],
    ["--sort=*objecttype"],
    ["--sort=raw:size"],
    ["--sort=refname:short"],
    ["--ignore-case", "--sort=refname"],
    ["--ignore-case", "--sort=-refname:short"],
    ["--sort=-subject", "--no-sort"],
    ["--sort=nothing"],
    ["--sort="],
    ["--sort"],
  ]));

test("for-each-ref sorts pre-releases as versionsort.suffix says", () =>
  compareAll([["--sort=version:refname", "refs/tags"], ["--sort=-version:refname"]], {
    GIT_CONFIG_COUNT: "2",
    GIT_CONFIG_KEY_0: "versionsort.suffix",
    GIT_CONFIG_VALUE_0: "-rc",
    GIT_CONFIG_KEY_1: "versionsort.suffix",
    GIT_CONFIG_VALUE_1: ".1",
  }));

test("for-each-ref selects by patterns as git does", () =>
  compareAll([
    ["refs/heads"],
    ["refs/heads/"],
    ["refs/heads/main"],
    ["refs/heads/mai"],
    ["refs/heads/main/"],
    ["refs/heads/*"],
    ["refs/heads/**"],
    ["refs/**/main"],
    ["refs/*/main"],
    ["*"],
    ["**"],
    ["main"],
    ["refs/tags/v1.?"],
    ["refs/tags/v[0-9]*"],
    ["refs/tags/v[!1]*"],
    ["refs/tags/v[[:digit:]].*"],
    ["refs/heads/ünïcode"],
    ["refs/heads/?n?code"],
    ["refs/heads/??n??code"],
    ["refs/heads/[a"],
    ["refs/heads/\\main"],
    ["refs/heads/side", "refs/heads/side/a", "refs/tags"],
    ["--ignore-case", "refs/heads/upper"],
    ["--ignore-case", "refs/heads/u*"],
    ["--ignore-case", "REFS/heads"],
    ["--count=3"],
    ["--count=0"],
    ["--count=-1"],
    ["--count=x"],
    ["--count=2", "--sort=-refname", "refs/tags"],
    ["--", "refs/heads"],
    ["refs/heads", "--format=%(refname)"],
  ]));

test("for-each-ref selects by objects as git does", () =>
  compareAll([
    ["--points-at=old"],
    ["--points-at", "HEAD"],
    ["--points-at=refs/tags/v1.0"],
    ["--points-at=old", "--points-at=side/a"],
    ["--points-at=nothing"],
    ["--contains"],
    ["--contains=side/a"],
    ["--contains", "old"],
    ["--contains", "old", "--contains=side/a"],
    ["--contains=a-tree"],
    ["--contains=nothing"],
    ["--no-contains"],
    ["--no-contains=side/a"],
    ["--no-contains=side/a", "--contains=old"],
    ["--merged"],
    ["--merged=side/a"],
    ["--merged", "old"],
    ["--merged=old", "--merged=side/a"],
    ["--merged=a-blob"],
    ["--merged=nothing"],
    ["--no-merged"],
    ["--no-merged=old"],
    ["--no-merged=old", "--no-merged=side/a"],
    ["--merged=main", "--no-merged=old", "refs/heads"],
  ]));

test("for-each-ref takes and refuses options as git does", () =>
  compareAll([
    ["--unknown"],
    ["-x"],
    ["--shell", "--perl"],
    ["--shell", "--no-shell", "--perl"],
    ["--form=%(refname)"],
    ["--cou=3"],
    ["--shell=x"],
    ["--format"],
    ["--color=sometimes"],
    ["--points-at"],
  ]));

test("for-each-ref honours grafts, shallow boundaries and replacements as git does", async () => {
  const { repositoryWithGrafts } = await import("./graft_repository.ts");
  for (const folder of repositoryWithGrafts()) {
    for (
      const args of [
        ["--format=%(refname) %(parent) %(numparent) %(objectsize) %(subject)"],
        ["--contains=root"],
        ["--merged=tip"],
        ["--no-merged=middle"],
      ]
    ) await sameAsGit(["for-each-ref", ...args], folder);
  }
});

test("for-each-ref shows what a linked worktree sees as git does", async () => {
  const linked = join(dirname(shared), "linked tree");
  if (!existsSync(linked)) throw new Error("there is no linked worktree");
  await sameAsGit(["for-each-ref", "--format=%(HEAD) %(refname) %(worktreepath)"], linked);
});

/** Compares with a current git, for what 2.39 does not know. */
async function sameAsModernGit(args: readonly string[], stdin = ""): Promise<void> {
  const expected = runProgram(modernGit(), ["for-each-ref", ...args], shared, { stdin });
  const actual = await latticeGit(["for-each-ref", ...args], shared, { stdin });
  const place = `${args.join(" ")}: ${actual.stderr}${expected.stderr}`;
  assert.equal(actual.exit, expected.exit, place);
  assert.equal(actual.stdout, new TextDecoder().decode(expected.stdout), place);
}

test("for-each-ref does with newer options what a current git does", async () => {
  for (
    const args of [
      ["--exclude=refs/tags"],
      ["--exclude=refs/heads/*", "--exclude=refs/tags/v*", "refs/heads", "refs/tags"],
      ["--exclude=refs/heads/side/a", "--no-exclude"],
      ["--include-root-refs"],
      ["--include-root-refs", "HEAD"],
      ["--include-root-refs", "--format=%(HEAD) %(refname:short) %(symref)", "--count=3"],
      ["--omit-empty", "--format=%(upstream)"],
      ["--omit-empty", "--no-omit-empty", "--format=%(upstream)"],
      ["--format=%(refname) %(ahead-behind:main)"],
      ["--format=%(refname) %(ahead-behind:refs/heads/side/a)", "refs/heads"],
      ["--format=%(ahead-behind:nothing)"],
      ["--format=%(ahead-behind)"],
      ["--stdin", "refs/heads"],
    ]
  ) await sameAsModernGit(args);
  await sameAsModernGit(["--stdin"], "refs/heads\nrefs/tags/v2*\n");
  await sameAsModernGit(["--stdin"], "refs/heads/main");
  await sameAsModernGit(["--stdin"], "");
});

test("for-each-ref refuses by name the fields and options that it does not support", async () => {
  for (const field of ["trailers", "contents:trailers:only", "describe", "is-base:main", "signature:key", "flag"]) {
    const { exit, stderr } = await latticeGit(["for-each-ref", `--format=%(${field})`], shared);
    assert.equal(exit, 129);
    assert.ok(stderr.includes(`%(${field})`), stderr);
  }
  const { exit, stderr } = await latticeGit(["for-each-ref", "--start-after=x"], shared);
  assert.equal(exit, 129);
  assert.match(stderr, /--start-after/);
});
