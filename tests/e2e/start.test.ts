import assert from "node:assert/strict";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "../harness.ts";
import { runProgram } from "../git_oracle.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { textOf } from "./binary.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

test("npm start shows the main job where only node is installed", () => {
  const PATH = temporaryFolder();
  const node = textOf(runProgram("sh", ["-c", "command -v node"], ROOT)).stdout.trim();
  symlinkSync(node, join(PATH, "node"));
  const shown = textOf(runProgram(node, [join(ROOT, "scripts/start.mjs")], temporaryFolder(), { env: { PATH } }));
  assert.equal(shown.exit, 0, shown.stdout + shown.stderr);
  const chapters = shown.stdout.split(/^# /m).slice(1);
  const find = (title: RegExp) => chapters.find((chapter) => title.test(chapter)) ?? assert.fail(`no ${title}`);
  assert.match(find(/^Compare-and-swap/), /\(exit code 3\)/);
  assert.match(find(/^Killed in the middle/), /^[0-9a-f-]{36} (?:rolled_back|committed)$/m);
  assert.match(find(/^Killed again/), /^[0-9a-f-]{36} committed$/m);
  assert.match(find(/^Taken back/), /^took back operation /m);
  assert.match(find(/^Taken back/), /\$ lattice meta list\nfeature-a\nfeature-b\n/);
});
