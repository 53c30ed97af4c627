import assert from "node:assert/strict";
import { join } from "node:path";
import { openRepository } from "../../src/git/open.ts";
import { LatticeError } from "../../src/platform/errors.ts";
import { fixtureFolder, fixtures } from "../fixtures.ts";
import { test } from "../harness.ts";
import { systemOf } from "./system_of.ts";

/** Accepted by the newest git alone, and unknown here. */
const REFUSED_HERE = ["v1-submodulepathconfig"];

for (const repository of fixtures["repository-formats"]!.repositories) {
  const verdict = REFUSED_HERE.includes(repository.path) ? "refuse" : repository["verdict"] as string;
  test(`openRepository() of the format ${repository.path}: ${verdict}`, () => {
    const cwd = join(fixtureFolder("repository-formats"), repository.path);
    const outcome = codeOf(() => {
      const opened = openRepository(systemOf(cwd, { GIT_CEILING_DIRECTORIES: join(cwd, "..") }));
      opened.refs.resolve("HEAD");
      assert.equal(opened.gitDir, join(cwd, ".git"));
    });
    if (verdict === "accept") assert.equal(outcome, "accepted");
    else if (verdict === "refuse") assert.ok(outcome === "unsupported" || outcome === "invalid_data", outcome);
    else assert.equal(outcome, "not_a_repository");
  });
}

test("openRepository() names the extension that it refuses", () => {
  const cwd = join(fixtureFolder("repository-formats"), "v1-unknown-extension");
  assert.throws(() => openRepository(systemOf(cwd)), /extensions\.frotz/);
});

test("openRepository() names file and line of a broken config", () => {
  const cwd = join(fixtureFolder("repository-formats"), "config-broken");
  try {
    openRepository(systemOf(cwd));
    assert.fail("it was opened");
  } catch (error) {
    assert.ok(error instanceof LatticeError);
    assert.equal(error.code, "invalid_data");
    assert.equal(error.details["path"], join(cwd, ".git/config"));
    assert.equal(typeof error.details["line"], "number");
  }
});

function codeOf(action: () => void): string {
  try {
    action();
    return "accepted";
  } catch (error) {
    if (error instanceof LatticeError) return error.code;
    throw error;
  }
}
