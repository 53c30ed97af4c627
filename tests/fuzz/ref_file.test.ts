/** Loose refs, `HEAD` and what stands for a repository: any content. */
import fc from "fast-check";
import { gitText } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { baseRepository } from "./base_repository.ts";
import { GitTwin } from "./beside_git.ts";
import { DAMAGE, FOLDER, World } from "./judge.ts";
import { lineEnd, rawBytes, tryInputs } from "./mutations.ts";

const base = baseRepository(false);
const world = new World(base.tree);
const twin = new GitTwin(base.folder);
const tip = gitText(["rev-parse", "HEAD"], base.folder);

const target = fc.constantFrom(
  "refs/heads/main",
  "refs/heads/side",
  "refs/heads/x",
  "refs/heads/loop",
  "refs/heads/nowhere",
  "HEAD",
  "refs/../../../etc/passwd",
  "../HEAD",
  "/etc/passwd",
  "refs/heads/a b",
  "refs/heads/\x1b[2J",
  "refs/heads/\u00ff",
  `refs/heads/${"y".repeat(5000)}`,
  "refs/heads/main/below",
  "",
  ".",
  "main-worktree/HEAD",
  "worktrees/../../x/HEAD",
);
const content = fc.tuple(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.tuple(fc.constantFrom("ref: ", "ref:", "ref:\t", "REF: ", "ref: \n", " ref: "), target),
    },
    {
      weight: 2,
      arbitrary: fc.tuple(
        fc.constantFrom(tip, tip.toUpperCase(), tip.slice(1), "0".repeat(40), `${tip}${tip}`),
        fc.constantFrom("", " ", "\tmore", "x", "\0"),
      ),
    },
    fc.tuple(fc.constantFrom("", "\0", "gitdir: /", "\ufeff", "x".repeat(100_000)), fc.constant("")),
  ).map((parts) => parts.join("")),
  lineEnd,
  fc.constantFrom("", "", "", "second line\n", "\0\0", " ".repeat(70_000)),
).map((parts) => rawBytes(parts.join("")));
const file = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("refs/heads/x", "refs/heads/loop", "refs/tags/x", "refs/branch-metadata/x") },
  fc.constantFrom(
    "HEAD",
    "refs/stash",
    "FETCH_HEAD",
    "ORIG_HEAD",
    "refs/heads/x.lock",
    "refs/heads/a\x1b[31mb",
    "refs/heads/main.bak ",
    "refs/heads/\u202eevil",
  ),
);

const QUESTIONS = [
  ["git", "for-each-ref", "--format=%(objectname) %(refname)"],
  ["git", "rev-parse", "--verify", "-q", "refs/heads/x"],
  ["git", "symbolic-ref", "refs/heads/x"],
  ["git", "rev-parse", "HEAD"],
];
const COMMANDS = [...QUESTIONS, ["git", "show-ref"], ["meta", "list"], ["log"], ["doctor"], ["op", "status"]];

test("a ref of any content is read as git reads it, or refused", async () => {
  let count = 0;
  await tryInputs("ref files", 90, fc.array(fc.tuple(file, content), { minLength: 1, maxLength: 3 }), async (refs) => {
    const files = Object.fromEntries(refs.map(([name, bytes]) => [`${FOLDER}/.git/${name}`, bytes]));
    const beside = count++ % 2 === 0 && refs.every(([name]) => !name.includes("\x1b"));
    for (const args of COMMANDS) {
      const verdict = await world.try(files, args, { codes: [...DAMAGE, "not_a_repository", "usage"] });
      if (beside && QUESTIONS.includes(args)) twin.compare(files, verdict);
    }
    const codes = { changes: true, codes: [...DAMAGE, "not_a_repository", "cas_failed"] } as const;
    await world.try(files, ["git", "update-ref", "refs/heads/x", tip], codes);
    await world.try(files, ["git", "symbolic-ref", "HEAD", "refs/heads/side"], codes);
  });
  twin.report("ref files", 30);
});

const PLACES = [
  "commondir",
  "gitdir",
  "worktrees/w/gitdir",
  "worktrees/w/commondir",
  "worktrees/w/HEAD",
  "objects/info/alternates",
  "info/grafts",
  "shallow",
  "info/attributes",
];
const path = fc.constantFrom(
  "..",
  ".",
  "/",
  "/etc",
  "../..",
  "nowhere",
  "\0",
  "..\0x",
  "/nope\0",
  "x".repeat(5000),
  "a/".repeat(3000),
  '"\\377\\',
  '"/tmp',
  tip,
  `${tip} ${tip}`,
  "# x",
  "\x1b[2J",
  "\u00ff",
  `${FOLDER}/.git/objects`,
  "../../.git",
);

test("files that lead to other places may hold anything", async () => {
  const input = fc.tuple(fc.constantFrom(...PLACES), fc.array(fc.tuple(path, lineEnd), { maxLength: 4 }));
  await tryInputs("files that lead elsewhere", 60, input, async ([name, lines]) => {
    const files = { [`${FOLDER}/.git/${name}`]: rawBytes(lines.flat().join("")) };
    const codes = [...DAMAGE, "not_a_repository"] as const;
    for (
      const args of [
        ["git", "rev-parse", "HEAD"],
        ["git", "cat-file", "-t", "0".repeat(39) + "1"],
        ["git", "for-each-ref"],
        ["log"],
        ["doctor"],
      ]
    ) {
      await world.try(files, args, { codes });
    }
  });
});
