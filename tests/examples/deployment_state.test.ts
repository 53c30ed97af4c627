import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "../harness.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { runExample, startExample } from "./run_example.ts";

const deploy = (...args: string[]) => ["data", "deploy", ...args];

test("examples/deployment_state.ts loses nothing of scripts that deploy at the same time", async () => {
  const cwd = temporaryFolder();
  const first = runExample("deployment_state", deploy("production", "shop", "1.0"), cwd);
  assert.deepEqual([first.exit, first.text], [0, "shop 1.0 runs in production, attempt 1\n"], first.stderr);
  const services = ["cart", "mail", "search", "shop"];
  const ends = services.map(async (service) => {
    const child = startExample("deployment_state", deploy("production", service, "2.0"), cwd);
    return (await once(child, "close") as [number])[0];
  });
  assert.deepEqual(await Promise.all(ends), [0, 0, 0, 0]);
  assert.equal(runExample("deployment_state", deploy("staging", "shop", "3.0-rc1"), cwd).exit, 0);
  const lines = [...services.map((service) => `production: ${service} 2.0`), "staging: shop 3.0-rc1"];
  assert.deepEqual(runExample("deployment_state", ["data", "show"], cwd).text.trimEnd().split("\n").sort(), lines);
});

test("examples/deployment_state.ts names a damaged document, and one of another kind, and leaves both alone", () => {
  const cwd = temporaryFolder();
  runExample("deployment_state", deploy("production", "shop", "1.0"), cwd);
  const path = join(cwd, "data/production/state.json");
  for (const [text, exit, message] of [['{"serv', 65, /is damaged/], ["{}\n", 1, /"services": /]] as const) {
    writeFileSync(path, text);
    const refused = runExample("deployment_state", deploy("production", "shop", "2.0"), cwd);
    assert.deepEqual([refused.exit, readFileSync(path, "utf8")], [exit, text]);
    assert.match(refused.stderr, message);
  }
});
