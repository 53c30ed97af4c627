/** The runtime's compiler, whose start costs a short command 2 to 3 ms. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expand, suspectVectors } from "../../src/platform/sha1_attack.ts";
import { documentOf, makeRepository } from "../bench/runner/repository.ts";
import { gitText } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { underProgram } from "./binary.ts";

/** Documents that are looked at closely, since a block of theirs meets the conditions of an attack, and others. */
const OF_EACH_SORT = 3;

/** Whether a document, stored as a blob, has such a block. */
function isSuspect(document: string): boolean {
  const message = new TextEncoder().encode(`blob ${document.length}\0${document}`);
  const words = new Int32Array(80);
  for (let at = 0; at + 64 <= message.length; at += 64) {
    expand(message, at, words);
    if (suspectVectors(words) !== 0) return true;
  }
  return false;
}

/** Some documents of each sort, for a branch that begins on a commit. */
function documents(branch: string, base: string): string[] {
  const sorts: Record<"suspect" | "plain", string[]> = { suspect: [], plain: [] };
  for (let number = 0; Object.values(sorts).some((found) => found.length < OF_EACH_SORT); number++) {
    const url = `https://example.com/${createHash("sha256").update(`${number}`).digest("hex")}`;
    const document = documentOf(branch).replace(/"oid":"\w+"/, `"oid":"${base}"`)
      .replace(/"url":"[^"]*"/, `"url":"${url}"`);
    const found = sorts[isSuspect(document) ? "suspect" : "plain"];
    if (found.length < OF_EACH_SORT) found.push(document);
  }
  return [...sorts.suspect, ...sorts.plain];
}

test("meta get, meta set and the pre-push hook never start the runtime's compiler", () => {
  const folder = temporaryFolder();
  const cwd = makeRepository(join(folder, "repository"));
  const trace = join(folder, "trace");
  const head = gitText(["commit-tree", gitText(["mktree"], cwd), "-m", "first"], cwd);
  gitText(["update-ref", "refs/heads/topic", head], cwd);
  const untranslated = (args: readonly string[], stdin = "") => {
    const strace = ["strace", "-f", "--seccomp-bpf", "-e", "trace=prctl", "-o", trace];
    const ended = underProgram(strace, args, { cwd, stdin });
    assert.equal(ended.exit, 0, ended.stderr);
    const calls = readFileSync(trace, "utf8");
    assert.match(calls, /^\d+ +prctl\(/m); // threads are named by this call
    assert.doesNotMatch(calls, /PR_SET_NAME, "JITWorker"/, args.join(" "));
  };
  const file = join(folder, "document");
  for (const document of documents("topic", head)) {
    writeFileSync(file, document);
    untranslated(["meta", "set", "topic", "--file", file]);
    untranslated(["meta", "get", "topic"]);
    untranslated(["hook", "pre-push", "origin", cwd], `refs/heads/topic ${head} refs/heads/topic ${"0".repeat(40)}\n`);
  }
});
