/** Documents that stand behind `refs/branch-metadata/`, whoever put them there: read, shown, judged, replaced, undone. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { deflateSync } from "node:zlib";
import { concatBytes, toHex, utf8 } from "../../src/platform/text.ts";
import { documentOf } from "../e2e/binary.ts";
import { gitText } from "../git_oracle.ts";
import { test } from "../harness.ts";
import type { TreeSource } from "../simulation/dump.ts";
import { baseRepository } from "./base_repository.ts";
import { anyDocument } from "./inputs.ts";
import { DAMAGE, FOLDER, World } from "./judge.ts";
import { tryInputs } from "./mutations.ts";
import { sha1 } from "./pack_builder.ts";

const base = baseRepository(false);
const world = new World(base.tree);
const tip = gitText(["rev-parse", "HEAD"], base.folder);

/** A loose object, and a metadata ref that names it. */
function stored(branch: string, type: string, content: Uint8Array): TreeSource {
  const framed = concatBytes([utf8(`${type} ${content.length}\0`), content]);
  const oid = toHex(sha1(framed));
  return {
    [`${FOLDER}/.git/objects/${oid.slice(0, 2)}/${oid.slice(2)}`]: new Uint8Array(deflateSync(framed)),
    [`${FOLDER}/.git/refs/branch-metadata/${branch}`]: `${oid}\n`,
  };
}

/** Values that are no good in some member, or lead elsewhere. */
const value = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    -1,
    1.5,
    1e308,
    "",
    "main",
    "side",
    "x".repeat(300),
    "../../x",
    "a..b",
    "\0",
    "\x1b[2J",
    "\u202e",
    "\ud800",
    [],
    {},
    "f".repeat(40),
    "0".repeat(40),
    "ref: refs/heads/main",
    "9999-99-99T99:99:99Z",
    "frozen",
    "branch",
    "trunk",
    "https://user:secret@example.com/1",
  ),
  fc.jsonValue(),
);

/** A sound document with one member, at any depth, replaced, added or taken away. */
const changed = fc.tuple(
  fc.constantFrom(
    "kind",
    "schema_version",
    "branch",
    "branch.name",
    "parent",
    "parent.kind",
    "parent.name",
    "base",
    "base.oid",
    "freeze",
    "freeze.state",
    "freeze.scope",
    "freeze.reason",
    "pr",
    "pr.state",
    "pr.number",
    "pr.url",
    "timestamps",
    "timestamps.created_at",
    "unknown",
    "base.unknown",
    "__proto__",
    "parentBranchName",
  ),
  fc.option(value, { nil: undefined }),
).map(([path, other]) => {
  const document = JSON.parse(documentOf("main", tip)) as Record<string, unknown>;
  const keys = path.split(".");
  const last = keys.pop()!;
  const inside = keys.reduce((node, key) => node[key] as Record<string, unknown>, document);
  if (other === undefined) delete inside[last];
  else Object.defineProperty(inside, last, { value: other, enumerable: true, configurable: true });
  return utf8(JSON.stringify(document));
});

const READERS = [
  ["meta", "get", "main"],
  ["meta", "list"],
  ["meta", "export"],
  ["log"],
  ["info", "main"],
  ["parent", "main"],
  ["children", "main"],
  ["doctor"],
  ["meta", "import", "--from", "graphite", "--dry-run"],
];
const WRITERS = [
  ["freeze", "main"],
  ["meta", "edit", "main", "--no-pr"],
  ["track", "side", "--parent", "main"],
  ["untrack", "main"],
  ["meta", "delete", "main"],
];
const CODES = [...DAMAGE, "usage", "cas_failed", "not_found"] as const;

test("a stored document of any content is shown as what it is, or refused, and only what is sound is changed", async () => {
  const input = fc.tuple(
    fc.oneof({ weight: 3, arbitrary: changed }, anyDocument(tip)),
    fc.oneof({ weight: 9, arbitrary: fc.constant("blob") }, fc.constantFrom("tree", "commit", "tag")),
    fc.constantFrom(...WRITERS),
  );
  await tryInputs("stored documents", 60, input, async ([content, type, writer]) => {
    const files = { ...stored("main", type, content), ...stored("side", "blob", utf8(documentOf("side", tip))) };
    const verdicts = [];
    for (const args of READERS) verdicts.push(await world.try(files, args, { codes: CODES }));
    const [got, , exported] = verdicts;
    if (got!.exit === 0) {
      assert.equal(type, "blob");
      assert.equal(
        (JSON.parse(got!.stdout) as { metadata: { branch: { name: string } } }).metadata.branch.name,
        "main",
        got!.stdout,
      );
    }
    assert.ok(exported!.exit !== 0 || got!.exit === 0, "what export gives, get gives");
    const push = `refs/heads/main ${tip} refs/heads/main ${"0".repeat(40)}\n`;
    await world.try(files, ["hook", "pre-push", "origin", "url"], { codes: CODES, stdin: push });
    await world.try(files, writer, { codes: CODES, changes: true });
  });
});
