import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { FileSecretStore } from "../../src/mod.ts";
import { test } from "../harness.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { startExample } from "./run_example.ts";

/** How an example ended, and what it printed. */
async function run(...args: string[]): Promise<{ exit: number; text: string; stderr: string }> {
  const child = startExample("inventory", args, temporaryFolder());
  let [text, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Uint8Array) => text += new TextDecoder().decode(chunk));
  child.stderr.on("data", (chunk: Uint8Array) => stderr += new TextDecoder().decode(chunk));
  const [exit] = await once(child, "close") as [number];
  return { exit, text, stderr };
}

test("examples/inventory.ts asks once for many jobs, and keeps what there was when the service fails", async () => {
  const folder = temporaryFolder();
  const token = "s3cret-token";
  let asked = 0;
  let isBroken = false;
  const service = createServer((request, response) => {
    asked++;
    const isAllowed = request.headers.authorization === `Bearer ${token}` && !isBroken;
    response.writeHead(isAllowed ? 200 : 503).end(isAllowed ? "web-1\nweb-2\n" : "");
  });
  await once(service.listen(0, "127.0.0.1"), "listening");
  const url = `http://127.0.0.1:${(service.address() as { port: number }).port}/hosts`;
  const without = await run(folder, url);
  assert.deepEqual([without.exit, asked], [1, 0]);
  assert.match(without.stderr, /no secret inventory\.token/);

  await FileSecretStore.withPath(`${folder}/secrets.toml`).set("inventory.token", token);
  const jobs = await Promise.all(Array.from({ length: 5 }, () => run(folder, url, "3600000")));
  assert.deepEqual(jobs.map(({ exit, text }) => [exit, text]), Array(5).fill([0, "web-1\nweb-2\n"]));
  assert.equal(asked, 1);

  isBroken = true;
  const later = await run(folder, url, "0");
  assert.deepEqual([later.exit, later.text, asked], [0, "web-1\nweb-2\n", 2]);
  assert.match(later.stderr, /^of 20.*since .*answers 503/);
  assert.doesNotMatch(JSON.stringify([jobs, later]), new RegExp(token));
  service.close();
});
