/** Configuration: any text, and files that include each other in any way. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { openRepository } from "../../src/git/open.ts";
import { LatticeError } from "../../src/platform/errors.ts";
import { nameToBytes } from "../../src/platform/text.ts";
import { test } from "../harness.ts";
import { baseRepository } from "./base_repository.ts";
import { GitTwin } from "./beside_git.ts";
import { DAMAGE, FOLDER, World } from "./judge.ts";
import { rawBytes, textOf, tryInputs } from "./mutations.ts";

const base = baseRepository(false);
const world = new World(base.tree);
const twin = new GitTwin(base.folder);

const CORE = "[core]\n\trepositoryformatversion = 0\n";
const header = fc.constantFrom(
  "[a]",
  "[a.B]",
  '[a "b"]',
  '[a "b\\"c"]',
  "[ a]",
  "[a",
  "[]",
  '[a"b"]',
  '[a "b]',
  '[a "\\\n"]',
  "[a]x = 1",
  "[\u00ff]",
  '[a "\u001b[2J"]',
  "[include]",
  "[core]",
  "[extensions]",
  "[user]",
  `[a "${"s".repeat(20_000)}"]`,
);
const key = fc.constantFrom(
  "x",
  "X-1",
  "1x",
  "x_y",
  "",
  "x y",
  "path",
  "repositoryFormatVersion",
  "bare",
  "logAllRefUpdates",
  "name",
  "\0",
  "bigFileThreshold",
  "filesRefLockTimeout",
);
const value = fc.constantFrom(
  "",
  "= ",
  "= v",
  "=v ; c",
  '= "q',
  '= "q" # c',
  "= a\\",
  "= a\\\n b",
  "= \\x",
  "= \\n\\t",
  "= 1k",
  "= 99999999999999999999g",
  "= -1",
  "= true",
  "= \u001b]0;x\u0007",
  "= \u00fe",
  "= a\0b",
  "= /dev/zero",
  "= config",
  "= ../.git/config",
  "= one",
  "= two",
  `= ${"v".repeat(40_000)}`,
  "= ~nobody-has-this-name/x",
  "= %(prefix)/x",
  "= :(optional)x",
  "\r",
);
const line = fc.oneof(
  { weight: 3, arbitrary: header },
  {
    weight: 6,
    arbitrary: fc.tuple(
      fc.oneof({ weight: 4, arbitrary: fc.constantFrom("x", "X-1", "name", "path") }, key),
      fc.oneof(
        { weight: 4, arbitrary: fc.constantFrom("", "= v", "=v ; c", '= "q\\t"x ', "= a\\\n b", "= \u00fe") },
        value,
      ),
    ).map(([name, text]) => `\t${name} ${text}`),
  },
  fc.constantFrom("# c", "; c", "", "   ", "\ufeff", "garbage", "\\", '"'),
);
const COMMANDS = [["git", "rev-parse", "HEAD"], ["git", "reflog"], ["meta", "list"], ["doctor"], ["trunk"]];
const CODES = [...DAMAGE, "not_a_repository", "unsafe_repository", "usage"] as const;

test("configuration of any text gives the values that git reads, or is refused", async () => {
  let count = 0;
  await tryInputs("configuration", 120, textOf(line, 9), async (text) => {
    const files = {
      [`${FOLDER}/.git/config`]: rawBytes(CORE + text),
      [`${FOLDER}/.git/one`]: "[include]\n\tpath = two\n",
    };
    for (const args of COMMANDS) await world.try(files, args, { codes: CODES });
    await world.try(files, ["git", "update-ref", "refs/heads/new", "HEAD"], { changes: true, codes: CODES });
    if (count++ % 2 === 0) compareValues(files);
  });
  twin.report("configuration", 10);
});

/** All values of the repository's own configuration, ours and git's. */
function compareValues(files: Record<string, string | Uint8Array>): void {
  let ours: string | null = null;
  try {
    const { config } = openRepository(world.with(files), { cwd: FOLDER });
    ours = config.entries.filter(({ scope }) => scope === "local")
      .map(({ key, value }) => value === null ? `${key}\0` : `${key}\n${value}\0`).join("");
  } catch (error) {
    assert.ok(error instanceof LatticeError && error.code !== "internal", String(error));
  }
  const outcome = twin.ask(files, ["config", "--local", "--includes", "--list", "-z"]);
  twin.count(outcome.exit === 0, ours !== null);
  if (ours === null || outcome.exit !== 0) return;
  assert.deepEqual(nameToBytes(ours), new Uint8Array(outcome.stdout));
}

test("files that include each other come to an end", async () => {
  const name = fc.constantFrom("config", "one", "two", "three", "four", "absent", "/dev/null", ".", "..", "one/below");
  const condition = fc.constantFrom(
    "include",
    'includeIf "gitdir:**"',
    'includeIf "onbranch:**"',
    'includeIf "hasconfig:remote.*.url:**"',
    'includeIf "gitdir:./**/**/**/**/x"',
  );
  const includes = fc.array(fc.tuple(condition, name).map(([when, file]) => `[${when}]\n\tpath = ${file}\n`), {
    maxLength: 6,
  });
  await tryInputs("includes", 60, fc.tuple(includes, includes, includes, includes), async (texts) => {
    const [own = [], ...others] = texts;
    const files = Object.fromEntries(
      others.map((lines, index) => [`${FOLDER}/.git/${["one", "two", "three"][index]}`, lines.join("")]),
    );
    files[`${FOLDER}/.git/config`] = CORE + own.join("");
    for (const args of COMMANDS.slice(0, 2)) {
      await world.try(files, args, { codes: [...CODES, "io"], limits: { calls: 300_000 } });
    }
  });
});
