/** Names of refs, with `git check-ref-format` as the judge. */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  checkBranchName,
  checkRefName,
  isSafeName,
  normalizeRefName,
  refPath,
  refScope,
} from "../../../src/git/refs/names.ts";
import { temporaryFolder } from "../../fixtures.ts";
import { runProgram } from "../../git_oracle.ts";
import { test } from "../../harness.ts";
import { holds } from "../../property.ts";

/** Pieces of which names are made: everything that a rule speaks of, and some that none does. */
const PIECES = [
  ..."aZ0/..@{}~^:?*[]\\ \t\x01\x7f-_é#!'$",
  "..",
  "@{",
  ".lock",
  "/.",
  "//",
  "refs/heads/",
  "HEAD",
  "lock",
  "@",
  "\u{1f680}",
];

const name = fc.oneof(
  { weight: 3, arbitrary: fc.array(fc.constantFrom(...PIECES), { maxLength: 6 }).map((pieces) => pieces.join("")) },
  {
    weight: 1,
    arbitrary: fc.array(fc.constantFrom("a", "b", ".", "@", "x.lock", "refs"), { maxLength: 4 }).map((p) =>
      p.join("/")
    ),
  },
);

/** Asks git about many names with one shell: for each, the exit statuses under each set of options. */
function verdictsOfGit(names: readonly string[], optionSets: readonly string[]): string[] {
  const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
  const script = names.map((text) =>
    optionSets.map((options) => `git check-ref-format ${options} ${quote(text)} >/dev/null 2>&1; printf '%s ' "$?"`)
      .join("; ") + "; echo"
  ).join("\n");
  const outcome = runProgram("/bin/sh", ["-s"], temporaryFolder(), { stdin: script });
  return new TextDecoder().decode(outcome.stdout).trimEnd().split("\n").map((line) => line.trim());
}

test("checkRefName() and checkBranchName() judge as git check-ref-format does", () => {
  const names = fc.sample(name, { seed: 424242, numRuns: 400 }).filter((text) => text !== "" && !text.startsWith("--"));
  const options = ["", "--allow-onelevel", "--refspec-pattern", "--normalize --allow-onelevel", "--branch"];
  const verdicts = verdictsOfGit(names, options);
  let good = 0;
  names.forEach((text, index) => {
    if (text.startsWith("-")) return; // git takes it for an option
    const ours: string[] = [
      checkRefName(text),
      checkRefName(text, { allowOneLevel: true }),
      checkRefName(text, { refspecPattern: true }),
      checkRefName(text, { normalize: true, allowOneLevel: true }),
    ].map((reason) => reason === null ? "0" : "1");
    const branch = checkBranchName(text) === null ? "0" : "128";
    const theirs = verdicts[index]!.split(" ");
    if (text.startsWith("@{")) ours.push(theirs[4]!); // there git looks for the previous branch
    else ours.push(branch);
    assert.equal(ours.join(" "), theirs.join(" "), JSON.stringify(text));
    if (ours[1] === "0") good++;
  });
  assert.ok(good > 30, `only ${good} good names were tried`);
});

test("checkBranchName() refuses what git refuses of branches alone", () => {
  for (const bad of ["-a", "HEAD", "", "a..b", "a.lock", "@{-1}"]) assert.notEqual(checkBranchName(bad), null, bad);
  for (const good of ["a", "@", "a-", "HEADS", "x/HEAD", "é"]) assert.equal(checkBranchName(good), null, good);
});

test("normalizeRefName() collapses slashes", () => {
  assert.equal(normalizeRefName("//refs///heads//a"), "refs/heads/a");
});

test("refScope() tells whose a ref is", () => {
  assert.deepEqual(refScope("refs/heads/a"), { kind: "shared" });
  for (const own of ["HEAD", "ORIG_HEAD", "refs/bisect/bad", "refs/worktree/x", "refs/rewritten/y"]) {
    assert.deepEqual(refScope(own), { kind: "current" });
  }
  assert.deepEqual(refScope("main-worktree/HEAD"), { kind: "main", bareName: "HEAD" });
  assert.deepEqual(refScope("main-worktree/refs/heads/a"), { kind: "shared" });
  assert.deepEqual(refScope("worktrees/w1/refs/bisect/bad"), {
    kind: "other",
    worktreeId: "w1",
    bareName: "refs/bisect/bad",
  });
  assert.deepEqual(refScope("worktrees/w1"), { kind: "shared" });
});

test("refPath() puts each ref where git does, and lets none leave its folder", () => {
  const folders = { gitDir: "/r/.git/worktrees/w", commonDir: "/r/.git" };
  const pathOf = (text: string) => Object.values(refPath(folders, text)).join("/");
  assert.equal(pathOf("refs/heads/a"), "/r/.git/refs/heads/a");
  assert.equal(pathOf("HEAD"), "/r/.git/worktrees/w/HEAD");
  assert.equal(pathOf("main-worktree/HEAD"), "/r/.git/HEAD");
  assert.equal(pathOf("worktrees/v/HEAD"), "/r/.git/worktrees/v/HEAD");
  for (
    const bad of ["", "..", "../x", "refs/../../x", "/etc/passwd", "refs//a", "refs/./a", "worktrees/../HEAD", "a\0"]
  ) {
    assert.throws(() => refPath(folders, bad), { code: "usage" }, bad);
  }
  holds(
    "refPath() puts each ref where git does, and lets none leave its folder",
    fc.property(name, (text) => {
      if (checkRefName(text, { allowOneLevel: true }) === null) assert.ok(isSafeName(text), text);
    }),
    { seed: 7, numRuns: 1000 },
  );
});
