/** What is given on standard input: documents, lines of `apply`, commands of `update-ref --stdin`. */
import fc from "fast-check";
import { gitText } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { baseRepository } from "./base_repository.ts";
import { anyApplyLines, anyDocument, anyUpdateCommands } from "./inputs.ts";
import { DAMAGE, World } from "./judge.ts";
import { tryInputs } from "./mutations.ts";

const base = baseRepository(false);
const world = new World(base.tree);
const tip = gitText(["rev-parse", "HEAD"], base.folder);
const CODES = [...DAMAGE, "usage", "cas_failed"] as const;

test("a document of any bytes is stored as what it is, or refused", async () => {
  await tryInputs("documents", 60, anyDocument(tip), async (stdin) => {
    await world.try({}, ["meta", "set", "main"], { stdin, changes: true, codes: CODES });
  });
});

test("lines of apply are done all or not at all, whatever they are", async () => {
  await tryInputs("lines of apply", 80, anyApplyLines(tip), async (stdin) => {
    await world.try({}, ["apply"], { stdin, changes: true, codes: CODES });
  });
});

test("commands of update-ref --stdin are done all or not at all, whatever they are", async () => {
  await tryInputs(
    "commands of update-ref",
    80,
    fc.tuple(anyUpdateCommands(tip), fc.boolean()),
    async ([stdin, nul]) => {
      // A `commit` in the middle stays done, as in git, when a later command is refused.
      if (new TextDecoder().decode(stdin).includes("commit")) return;
      await world.try({}, ["git", "update-ref", "--stdin", ...(nul ? ["-z"] : [])], { stdin, changes: true });
    },
  );
});
