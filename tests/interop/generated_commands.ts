/**
 * Generators of commands: every form of the plumbing that lattice has, over few names, so that they meet.
 *
 * @module
 */
import fc from "fast-check";
import type { Step } from "./twin_repositories.ts";

const refName: fc.Arbitrary<string> = fc.constantFrom(
  "HEAD",
  "ORIG_HEAD",
  "refs/heads/main",
  "refs/heads/packed",
  "refs/heads/loose",
  "refs/heads/link",
  "refs/heads/new",
  "refs/heads/new/below",
  "refs/heads/dir",
  "refs/heads/dir/x",
  "refs/heads/né",
  "refs/heads/bad..name",
  "refs/tags/v1",
  "refs/tags/v2",
  "refs/notes/commits",
  "refs/remotes/origin/main",
  "refs/remotes/origin/current",
  "refs/bisect/bad",
  "refs/worktree/own",
  "refs/other",
);

/** Names that cannot be, or cannot be beside others: git looks at that even where there is nothing to delete. */
const inTheWay = /\.\.|^refs\/heads\/(?:dir|new|new\/below)$/;

const commit: fc.Arbitrary<string> = fc.constantFrom("<C1>", "<C2>", "<C3>", "<SIDE>");
const value: fc.Arbitrary<string> = fc.oneof(
  { arbitrary: commit, weight: 5 },
  {
    arbitrary: fc.constantFrom("HEAD", "main~1", "loose", "v1", "v1^{}", "HEAD^{tree}", "packed@{0}", "main@{1}"),
    weight: 3,
  },
  { arbitrary: fc.constantFrom("<TAG>", "<TREE>", "<BLOB>", "<ZERO>", "<ABSENT>", "", "nothing"), weight: 2 },
);
const message = fc.constantFrom("why", "two\nlines  and\tblanks ", "é");

function flags(...choices: string[][]): fc.Arbitrary<string[]> {
  return fc.subarray(choices).map((chosen) => chosen.flat());
}

const updateOne: fc.Arbitrary<Step> = fc.record({
  options: flags(["--no-deref"], ["--create-reflog"]),
  reason: fc.option(message),
  name: refName,
  new: value,
  old: fc.option(value),
}).filter((given) => given.new !== "<ZERO>" || !inTheWay.test(given.name)).map((given) => ({
  by: "both",
  args: [
    "update-ref",
    ...given.options,
    ...(given.reason === null ? [] : ["-m", given.reason]),
    given.name,
    given.new,
    ...(given.old === null ? [] : [given.old]),
  ],
}));

const deleteOne: fc.Arbitrary<Step> = fc.tuple(
  flags(["--no-deref"], ["-m", "gone"]),
  refName.filter((name) => !inTheWay.test(name)),
  fc.option(value),
)
  .map(([options, name, old]) => ({
    by: "both",
    args: ["update-ref", ...options, "-d", name, ...(old === null ? [] : [old])],
  }));

/** A command on standard input: its verb, and what follows. */
type Sentence = readonly [verb: string, ...rest: (string | null)[]];

const oldValue: fc.Arbitrary<string | null> = fc.option(value);

const sentence: fc.Arbitrary<Sentence> = fc.oneof(
  {
    arbitrary: fc.tuple(fc.constant("update"), refName, value, oldValue)
      .filter(([, name, oid]) => oid !== "<ZERO>" && oid !== "" || !inTheWay.test(name)),
    weight: 3,
  },
  { arbitrary: fc.tuple(fc.constant("create"), refName, value), weight: 2 },
  {
    arbitrary: fc.tuple(fc.constant("delete"), refName, oldValue).filter(([, name]) => !inTheWay.test(name)),
    weight: 2,
  },
  { arbitrary: fc.tuple(fc.constant("verify"), refName, oldValue), weight: 1 },
  { arbitrary: fc.constant<Sentence>(["option", "no-deref"]), weight: 1 },
);

/** A transaction that mostly has a chance: distinct names, sound commits, no expectation that fails. */
const soundSentences: fc.Arbitrary<Sentence[]> = fc.uniqueArray(
  fc.tuple(
    fc.constantFrom("update", "create", "delete"),
    refName.filter((name) => !name.includes("..") && !/^refs\/heads\/(?:new|dir)$/.test(name)),
    commit,
  ),
  { minLength: 1, maxLength: 8, selector: ([, name]) => name },
).map((sentences) =>
  sentences.map(([verb, name, oid]): Sentence => verb === "delete" ? [verb, name, null] : ["update", name, oid, null])
);

const wrapped: fc.Arbitrary<Sentence[]> = fc.tuple(
  fc.oneof(soundSentences, fc.array(sentence, { maxLength: 5 })),
  fc.constantFrom<[string[], string[]]>(
    [[], []],
    [[], []],
    [["start"], ["commit"]],
    [["start"], ["prepare", "commit"]],
    [["start"], ["prepare", "abort"]],
    [[], ["prepare", "commit"]],
    [["start"], ["prepare"]],
    [["start"], []],
    [["start"], ["abort"]],
    [["commit"], []],
    [["start", "start"], ["commit"]],
  ),
).map(([body, [head, tail]]) => [
  ...head.map((verb): Sentence => [verb]),
  ...body,
  ...tail.map((verb): Sentence => [verb]),
]);

function sentenceText([verb, ...rest]: Sentence, nul: boolean): string {
  if (verb === "option" || rest.length === 0) return [verb, ...rest].join(" ") + (nul ? "\0" : "\n");
  if (nul) return `${verb} ${rest.map((part) => `${part ?? ""}\0`).join("")}`;
  return `${[verb, ...rest.filter((part) => part !== null)].join(" ")}\n`;
}

const transaction: fc.Arbitrary<Step> = fc.record({
  nul: fc.boolean(),
  options: flags(["--no-deref"], ["--create-reflog"], ["-m", "together"]),
  sentences: fc.oneof(
    wrapped,
    fc.tuple(wrapped, wrapped).map(([first, second]) => [...first, ...second]),
  ),
}).map(({ nul, options, sentences }) => ({
  by: "both",
  args: ["update-ref", ...options, "--stdin", ...(nul ? ["-z"] : [])],
  stdin: sentences.filter(([, name]) => name !== "HEAD" || !writesHead(options, sentences))
    .map((each) => sentenceText(each, nul)).join(""),
}));

/** Whether HEAD itself may be written: git refuses that beside an update of the branch that it names. */
function writesHead(options: string[], sentences: readonly Sentence[]): boolean {
  return options.includes("--no-deref") || sentences.some(([verb]) => verb === "option");
}

/** Refs that may become symbolic, and where they may lead: never the branch that HEAD is on. */
const symbolicName = fc.constantFrom("HEAD", "refs/heads/link", "refs/remotes/origin/current");
const target = refName.filter((name) => !["HEAD", "refs/heads/link", "refs/remotes/origin/current"].includes(name));

const symbolic: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(flags(["-m", "moved"]), symbolicName, target).map(([options, name, target]): Step => ({
    by: "both",
    args: ["symbolic-ref", ...options, name, target],
  })),
  refName.map((name): Step => ({ by: "both", args: ["symbolic-ref", "--delete", name] })),
  fc.tuple(flags(["-q"], ["--short"]), refName).map(([options, name]): Step => ({
    by: "both",
    reads: true,
    args: ["symbolic-ref", ...options, name],
  })),
);

const hashObject: fc.Arbitrary<Step> = fc.string({ maxLength: 30 }).map((content) => ({
  by: "both",
  args: ["hash-object", "-w", "--stdin"],
  stdin: content.replaceAll("<", "("),
}));

const readForEachRef: fc.Arbitrary<string[]> = fc.tuple(
  flags(
    ["--sort=-objectname", "--sort=refname"],
    ["--count=3"],
    ["--points-at=<C2>"],
    ["--contains=<C2>"],
    ["--merged=<C3>"],
    ["--sort=-committerdate"],
  ),
  fc.constantFrom(
    [],
    ["--format=%(refname:short) %(objecttype) %(*objectname) %(symref:short)"],
    ["--format=%(objectname:short) %(contents:subject)%00%(HEAD)", "--shell"],
  ),
  fc.subarray(["refs/heads/", "refs/tags/*", "refs/heads/dir/x", "refs/bisect", "refs/remotes/**"], { maxLength: 2 }),
).map((parts) => ["for-each-ref", ...parts.flat()]);

const readShowRef: fc.Arbitrary<string[]> = fc.oneof(
  flags(["--head"], ["-d"], ["--tags"], ["--heads"], ["-s"], ["main", "HEAD"]).map((
    options,
  ) => ["show-ref", ...options]),
  fc.tuple(flags(["-q"], ["-d"], ["-s"]), refName).map(([options, name]) => ["show-ref", ...options, "--verify", name]),
);

const readObjects: fc.Arbitrary<string[]> = fc.oneof(
  fc.tuple(flags(["-q"], ["--short"], ["--symbolic-full-name"], ["--verify"]), fc.oneof(value, refName)).map((
    [options, name],
  ) => ["rev-parse", ...options, name]),
  fc.constantFrom<string[]>(["rev-parse", "--all"], ["rev-parse", "--git-path", "refs/bisect/bad"], [
    "rev-parse",
    "--branches",
  ]),
  fc.tuple(fc.constantFrom("-t", "-s", "-p", "-e"), fc.oneof(value, refName)).map(([flag, name]) => [
    "cat-file",
    flag,
    name,
  ]),
);

const reading: fc.Arbitrary<Step> = fc.oneof(
  fc.oneof(readForEachRef, readShowRef, readObjects).map((args): Step => ({ by: "both", reads: true, args })),
  fc.tuple(fc.constantFrom("--batch", "--batch-check"), fc.array(fc.oneof(value, refName), { maxLength: 4 })).map(
    ([mode, names]): Step => ({
      by: "both",
      reads: true,
      args: ["cat-file", mode],
      stdin: names.map((name) => `${name}\n`).join(""),
    }),
  ),
);

const packing: fc.Arbitrary<Step> = flags(["--all"], ["--all"], ["--no-prune"]).map((options) => ({
  by: "both",
  args: ["pack-refs", ...options],
}));

/** Numbers of lines are left out: git notes where nothing moved, lattice does not. */
const reflog: fc.Arbitrary<Step> = fc.oneof(
  fc.constantFrom(
    ["--expire=all", "--all"],
    ["--expire=never", "--expire-unreachable=never", "--all"],
    ["--expire=never", "--expire-unreachable=now", "--rewrite", "refs/heads/main"],
    ["--expire=now", "refs/heads/loose", "refs/heads/packed"],
  ).map((args): Step => ({ by: "both", args: ["reflog", "expire", ...args] })),
  refName.map((name): Step => ({ by: "both", reads: true, args: ["reflog", "exists", name] })),
);

const byGit: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: fc.constant(["pack-refs", "--all"]), weight: 2 },
  { arbitrary: fc.constant(["gc", "-q"]), weight: 1 },
  { arbitrary: fc.constant(["commit-tree", "<TREE>", "-p", "HEAD", "-m", "more"]), weight: 1 },
  { arbitrary: fc.constant(["commit", "-q", "--allow-empty", "-m", "next"]), weight: 1 },
  {
    arbitrary: fc.constantFrom(
      ["branch", "-m", "loose", "renamed"],
      ["branch", "-m", "renamed", "loose"],
      ["branch", "-m", "new", "new/below"],
      ["branch", "-D", "packed"],
      ["branch", "-f", "new", "<C1>"],
    ),
    weight: 2,
  },
  {
    arbitrary: fc.constantFrom(
      ["checkout", "-q", "-f", "main"],
      ["checkout", "-q", "-f", "--detach"],
      ["checkout", "-q", "-f", "-B", "new", "<C2>"],
    ),
    weight: 2,
  },
  { arbitrary: fc.constant(["worktree", "add", "-q", "-f", "-B", "apart", "../linked", "<C2>"]), weight: 1 },
).map((args) => ({ by: "git", args }));

const anyStep: fc.Arbitrary<Step> = fc.tuple(
  fc.oneof(
    { arbitrary: updateOne, weight: 5 },
    { arbitrary: deleteOne, weight: 2 },
    { arbitrary: transaction, weight: 6 },
    { arbitrary: symbolic, weight: 3 },
    { arbitrary: hashObject, weight: 1 },
    { arbitrary: packing, weight: 2 },
    { arbitrary: reflog, weight: 1 },
    { arbitrary: reading, weight: 6 },
    { arbitrary: byGit, weight: 3 },
  ),
  fc.boolean(),
).map(([step, linked]) => linked ? { ...step, linked } : step);

/**
 * A sequence of commands.
 *
 * @param judge Which git judges: a current one verifies root refs in `show-ref` and refuses values that are no
 *   commits before the end of a transaction, so it is not asked about these.
 */
export function anySteps(judge: "same version" | "current"): fc.Arbitrary<Step[]> {
  const asked = judge === "current" ? anyStep.filter((step) => !changedSince(step)) : anyStep;
  return fc.array(asked, { minLength: 6, maxLength: 24, size: "max" });
}

function changedSince({ args, stdin }: Step): boolean {
  if (args[0] === "show-ref") return args.includes("--verify") && args.includes("ORIG_HEAD");
  return args.includes("--stdin") && /<(?:TREE|BLOB|TAG|ABSENT)>|\^\{tree\}|v1/.test(stdin ?? "");
}
