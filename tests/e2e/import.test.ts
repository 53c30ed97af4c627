import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { git, gitText } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { lattice } from "./binary.ts";
import { repository } from "./subjects.ts";

const IMPORT = ["meta", "import", "--from", "graphite"];
const COUNT = 300;

function documents(cwd: string): string {
  return gitText(["for-each-ref", "--format=%(refname) %(objectname)", "refs/branch-metadata"], cwd);
}

/** A stack of so many branches, whose documents Graphite made, as git stores them: one loose ref each, or packed. */
function stackOfGraphite(packed: boolean): { cwd: string; before: string } {
  const { cwd, first } = repository();
  const marks = Array.from({ length: COUNT }, (_, index) => {
    const parent = index === 0 ? "main" : `branch-${index - 1}`;
    const prInfo = { number: index + 1, url: `https://example.com/pull/${index + 1}`, state: "OPEN", isDraftPR: false };
    const document = JSON.stringify({ parentBranchName: parent, parentBranchRevision: first, prInfo }, null, 2);
    return `blob\nmark :${index + 1}\ndata ${document.length}\n${document}\n`;
  });
  const marksFile = join(cwd, ".git/marks");
  gitText(["fast-import", "--quiet", `--export-marks=${marksFile}`], cwd, marks.join(""));
  const updates = readFileSync(marksFile, "utf8").trim().split("\n").map((line) => {
    const [mark, oid] = line.split(" ") as [string, string];
    return `create refs/branch-metadata/branch-${Number(mark.slice(1)) - 1} ${oid}\n`;
  }).join("");
  gitText(["update-ref", "--stdin"], cwd, updates);
  if (packed) gitText(["pack-refs", "--all"], cwd);
  writeFileSync(join(cwd, ".git/.graphite_repo_config"), '{"trunk":"main"}');
  return { cwd, before: documents(cwd) };
}

for (const packed of [false, true]) {
  test(`meta import of hundreds of documents can be undone after git gc: ${packed ? "packed" : "loose"}`, () => {
    const { cwd, before } = stackOfGraphite(packed);
    const ended = lattice(["--json", ...IMPORT], { cwd });
    assert.equal(ended.exit, 0, ended.stderr);
    const { op, updates } = JSON.parse(ended.stdout) as { op: string; updates: unknown[] };
    assert.equal(updates.length, COUNT);
    const lines = lattice(["meta", "export"], { cwd }).stdout.trim().split("\n");
    assert.equal(lines.length, COUNT);
    const last = JSON.parse(lines.at(-1)!) as { branch: string; metadata: { parent: unknown } };
    assert.equal(last.branch, "branch-99");
    assert.deepEqual(last.metadata.parent, { kind: "branch", name: "branch-98" });
    assert.equal(lattice(IMPORT, { cwd }).stdout, "", "a second time there is nothing left");

    gitText(["gc", "-q", "--prune=now"], cwd);
    assert.equal(lattice(["undo", op], { cwd }).exit, 0);
    assert.equal(documents(cwd), before);
    assert.equal(git(["fsck", "--strict", "--no-dangling", "--no-progress"], cwd).stderr, "");
  });
}
