import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { findingId, isNamed } from "../../src/doctor/finding.ts";
import { CHECKS, KINDS } from "../../src/doctor/registry.ts";
import { bytesToName } from "../../src/platform/text.ts";
import { test } from "../harness.ts";
import { filesBelow, root } from "../tidy/source_files.ts";

test("findingId() keeps plain names and escapes what a shell would take for its own", () => {
  assert.equal(findingId("packed-refs.damaged"), "packed-refs.damaged");
  assert.equal(findingId("ref.empty", "refs/heads/topic-1_a.b"), "ref.empty:refs/heads/topic-1_a.b");
  assert.equal(
    findingId("ref.name", "refs/heads/a b$;'\"*?[é"),
    "ref.name:refs/heads/a%20b%24%3b%27%22%2a%3f%5b%c3%a9",
  );
  assert.equal(findingId("ref.name", bytesToName(Uint8Array.of(0x61, 0xff))), "ref.name:a%ff");
  assert.equal(findingId("ref.name", "100%"), "ref.name:100%25");
});

test("isNamed() takes the id, and the subject as it is shown", () => {
  const finding = {
    id: findingId("ref.name", "a b"),
    severity: "note",
    subject: "a b",
    evidence: "",
    fix: null,
  } as const;
  assert.ok(isNamed(finding, "ref.name:a%20b"));
  assert.ok(isNamed(finding, "ref.name:a b"));
  assert.ok(!isNamed(finding, "ref.name:a"));
  assert.ok(!isNamed(finding, "ref.empty:a b"));
});

test("docs/doctor.md lists every kind of finding, and no other", () => {
  const page = readFileSync(join(root, "docs/doctor.md"), "utf8");
  const listed = [...page.matchAll(/^\| `([a-z-]+\.[a-z-]+)/gm)].map(([, kind]) => kind);
  assert.deepEqual(listed.sort(), Object.keys(KINDS).sort());
});

test("every kind that a finding is made with is listed by its check", () => {
  const sources = [...filesBelow("src/doctor", [".ts"]), ...filesBelow("src/cli/commands", ["doctor.ts"])];
  const made = sources.flatMap(({ text }) =>
    [...text.matchAll(/findingId\(\s*"([a-z-]+\.[a-z-]+)"/g)].map(([, kind]) => kind!)
  );
  assert.ok(made.length > 20);
  assert.deepEqual(made.filter((kind) => !Object.hasOwn(KINDS, kind)), []);
});

test("no two checks have one name or one kind", () => {
  const names = CHECKS.map(({ name }) => name);
  const kinds = CHECKS.flatMap((check) => Object.keys(check.kinds));
  assert.equal(new Set(names).size, names.length);
  assert.equal(new Set(kinds).size, kinds.length);
});
