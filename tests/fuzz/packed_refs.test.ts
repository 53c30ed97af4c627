/** `packed-refs`: any text. */
import fc from "fast-check";
import { gitText } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { baseRepository } from "./base_repository.ts";
import { GitTwin } from "./beside_git.ts";
import { FOLDER, World } from "./judge.ts";
import { byteChange, changeBytes, rawBytes, textOf, tryInputs } from "./mutations.ts";

const base = baseRepository(true);
const world = new World(base.tree);
const twin = new GitTwin(base.folder);
const tip = gitText(["rev-parse", "HEAD"], base.folder);
const tag = gitText(["rev-parse", "v1"], base.folder);

const digits = fc.oneof(
  { weight: 150, arbitrary: fc.constantFrom(tip, tag) },
  fc.constantFrom(
    tip.toUpperCase(),
    "0".repeat(40),
    tip.slice(1),
    `${tip}0`,
    "f".repeat(40),
    `${tip}${tip}`.slice(0, 64),
    "",
  ),
);
const name = fc.oneof(
  { weight: 300, arbitrary: fc.stringMatching(/^refs\/(?:heads|tags|branch-metadata)\/[a-d](?:\/[a-c])?$/) },
  fc.constantFrom(
    "HEAD",
    "refs/../../x",
    "refs/heads/../../../x",
    "/etc/passwd",
    "refs/heads/x.lock",
    "refs/heads/.x",
    "refs/heads/a\tb",
    "refs/heads/a\x1b[31mb",
    "refs/heads/\u00ff\u00fe",
    "refs/heads/a//b",
    "refs/heads/",
    "refs",
    "",
    "refs/heads/a b",
    "refs/heads/@{0}",
    `refs/heads/${"x".repeat(70_000)}`,
    `refs/heads/${"x/".repeat(3000)}y`,
    "main-worktree/HEAD",
    "refs/worktree/x",
  ),
);
const header = fc.constantFrom(
  "# pack-refs with: peeled fully-peeled sorted ",
  "# pack-refs with: peeled fully-peeled ",
  "# pack-refs with: ",
  "# pack-refs with:peeled fully-peeled sorted",
  "# pack-refs with: sorted",
  "#",
  "# pack-refs",
  `# pack-refs with: ${"x ".repeat(5000)}`,
);
const line = fc.oneof(
  {
    weight: 80,
    arbitrary: fc.tuple(digits, fc.constantFrom(...Array(40).fill(" "), "  ", "\t", ""), name).map((parts) =>
      parts.join("")
    ),
  },
  digits.map((oid) => `^${oid}`),
  fc.constantFrom("^", "", " ", "#", "garbage", "\0"),
  header,
);
const text = fc.tuple(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.constantFrom("# pack-refs with: peeled fully-peeled sorted \n", "# pack-refs with: peeled \n", ""),
    },
    header.map((text) => `${text}\n`),
  ),
  textOf(line, 12),
  fc.boolean(),
)
  .map(([first, rest, sorted]) => rawBytes(first + (sorted ? rest.split("\n").sort(byName).join("\n") + "\n" : rest)));

function byName(a: string, b: string): number {
  const [left, right] = [a.slice(41), b.slice(41)];
  return left < right ? -1 : left > right ? 1 : 0;
}

const LIST = ["git", "for-each-ref", "--format=%(objectname) %(refname)"];
const COMMANDS = [
  LIST,
  ["git", "rev-parse", "--verify", "refs/heads/b"],
  ["git", "show-ref", "-d"],
  ["meta", "list"],
  ["log"],
  ["doctor"],
];

async function tryText(bytes: Uint8Array, beside: boolean): Promise<void> {
  const files = { [`${FOLDER}/.git/packed-refs`]: bytes };
  for (const args of COMMANDS) {
    const verdict = await world.try(files, args);
    if (beside && args === LIST) twin.compare(files, verdict);
  }
  await world.try(files, ["git", "update-ref", "refs/heads/new", tip], { changes: true });
  await world.try(files, ["git", "update-ref", "-d", "refs/heads/b"], { changes: true });
}

test("packed-refs of any text is read as git reads it, or refused", async () => {
  let count = 0;
  await tryInputs("packed-refs", 70, text, (bytes) => tryText(bytes, count++ % 2 === 0));
  twin.report("packed-refs", 5);
});

test("packed-refs with changed bytes is read as git reads it, or refused", async () => {
  const sound = base.tree[`${FOLDER}/.git/packed-refs`] as Uint8Array;
  let count = 0;
  await tryInputs(
    "packed-refs, changed bytes",
    40,
    byteChange,
    (change) => tryText(changeBytes(sound, change), count++ % 2 === 0),
  );
});
