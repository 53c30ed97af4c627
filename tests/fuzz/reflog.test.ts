/** Reflogs: any text. */
import fc from "fast-check";
import { gitText } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { baseRepository } from "./base_repository.ts";
import { GitTwin } from "./beside_git.ts";
import { DAMAGE, FOLDER, World } from "./judge.ts";
import { rawBytes, textOf, tryInputs } from "./mutations.ts";

const base = baseRepository(false);
const world = new World(base.tree);
const twin = new GitTwin(base.folder);
const tip = gitText(["rev-parse", "HEAD"], base.folder);
const first = gitText(["rev-parse", "HEAD~2"], base.folder);

const oid = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(tip, first, "0".repeat(40)) },
  fc.constantFrom("f".repeat(40), tip.toUpperCase(), tip.slice(2), ""),
);
const identity = fc.oneof(
  { weight: 12, arbitrary: fc.constant("C O Mitter <c@example.com>") },
  fc.constantFrom("<>", "", "<", "a> <b>", "\x1b[2J <x>", "\u00ff <x>", "\u202e <x>", "x".repeat(20_000), "A <a\0b>"),
);
const time = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 1_600_000_000, max: 1_700_000_000 }).map(String) },
  fc.constantFrom(
    "0",
    "-1",
    "1e9",
    "99999999999999999999",
    "9007199254740993",
    "253402300800",
    "18446744073709551615",
    "",
    "+5",
    " 7",
  ),
);
const zone = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom("+0000", "-0830", "+1245") },
  fc.constantFrom("+9999", "-0000", "0000", "+00", "", "+000000", "-9960"),
);
const message = fc.constantFrom(
  "\tcommit: x",
  "\t",
  "",
  " no tab",
  "\t\x1b]0;title\x07",
  "\ta\tb",
  "\t\u00ff",
  `\t${"m".repeat(9000)}`,
  "\r",
);
const line = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.tuple(oid, oid, identity, time, zone, message).map(([old, now, who, at, where, text]) =>
      `${old} ${now} ${who} ${at} ${where}${text}`
    ),
  },
  fc.constantFrom("", "garbage", "\0", " ", `${tip} ${tip}`),
);

const QUESTIONS = [
  ["git", "reflog", "show", "main"],
  ["git", "reflog", "show", "--date=iso", "main"],
  ["git", "rev-parse", "--verify", "-q", "main@{1}"],
  ["git", "rev-parse", "--verify", "-q", "main@{2020-01-01}"],
];

test("a reflog of any text is read as git reads it, or refused", async () => {
  let count = 0;
  await tryInputs("reflogs", 90, textOf(line, 8), async (text) => {
    const files = { [`${FOLDER}/.git/logs/refs/heads/main`]: rawBytes(text) };
    const beside = count++ % 2 === 0;
    for (const args of QUESTIONS) {
      const verdict = await world.try(files, args);
      if (beside) twin.compare(files, verdict);
    }
    for (const args of [["doctor"], ["log"], ["git", "reflog", "exists", "refs/heads/main"]]) {
      await world.try(files, args);
    }
    for (
      const args of [["reflog", "expire", "--expire=now", "main"], ["reflog", "delete", "main@{0}"], [
        "update-ref",
        "refs/heads/main",
        first,
      ]]
    ) {
      await world.try(files, ["git", ...args], { changes: true, codes: DAMAGE });
    }
  });
  twin.report("reflogs", 30);
});
