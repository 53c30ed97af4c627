/** What `deno.json` permits is enough for commands that write: lattice under Deno runs with no more than that. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { gitEnvironment } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { temporaryFolder } from "../temporary_folder.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The options of the task that runs lattice from its sources. */
function permissions(): string[] {
  const { tasks } = JSON.parse(readFileSync(`${ROOT}deno.json`, "utf8")) as { tasks: { lattice: { command: string } } };
  const words = tasks.lattice.command.split(" ");
  return words.slice(words.indexOf("run") + 1, words.indexOf("src/main.ts"));
}

test("the permissions in deno.json are enough for refs, documents, locks, state, caches and secrets", () => {
  const cwd = temporaryFolder();
  const env = { ...gitEnvironment, HOME: cwd, PATH: process.env["PATH"]! };
  execFileSync("git", ["init", "-q", "-b", "main"], { cwd, env });
  execFileSync("git", ["commit", "-q", "--allow-empty", "-m", "first"], { cwd, env });
  execFileSync("git", ["branch", "topic"], { cwd, env });
  for (
    const [args, input] of [
      [["track", "topic", "--parent", "main"], ""],
      [["op", "list"], ""],
      [["lock", "file", "run", "file", "--", "true"], ""],
      [["state", "save", "production"], "{}"],
      [["cache", "refresh", "name", "--", "true"], ""],
      [["secret", "set", "key"], "value"],
      [["secret", "exec", "--env", "A=key", "--", "sh", "-c", 'test "$A" = value'], ""],
      [["doctor"], ""],
    ] as const
  ) {
    const command = ["run", ...permissions(), `${ROOT}src/main.ts`, ...args];
    const { status, stderr } = spawnSync(`${ROOT}node_modules/.bin/deno`, command, {
      cwd,
      env,
      input,
      encoding: "utf8",
    });
    assert.equal(status, 0, `${args.join(" ")}: ${stderr}`);
  }
});
