import assert from "node:assert/strict";
import { ForeignDocumentError, GitError, NotFoundError, ParseError } from "../../src/metadata/errors.ts";
import { explainBlockedRef } from "../../src/metadata/blocked_ref.ts";
import { DOCUMENT_BYTES_MAX } from "../../src/metadata/document.ts";
import { MetadataStore } from "../../src/metadata/store.ts";
import { refuseForeign } from "../../src/metadata/stored.ts";
import { LatticeError } from "../../src/platform/errors.ts";
import { utf8 } from "../../src/platform/text.ts";
import { fixtureFolder, fixtures } from "../fixtures.ts";
import { gitText } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { BASE, sample } from "./documents.ts";
import { oidOf, repositoryOf, type Snapshot, snapshot } from "./git_repository.ts";

/** The store of a fixture's repository, and where it is. */
function storeOf(name: string, index = 0): { store: MetadataStore; path: string; taken: Snapshot } {
  const path = `${fixtureFolder(name)}/${fixtures[name]!.repositories[index]!.path}`;
  const taken = snapshot(path);
  return { store: new MetadataStore(repositoryOf(taken)), path, taken };
}

/** The store of a repository with one metadata ref and one blob. */
function single(content: Uint8Array | null, ref?: string): MetadataStore {
  return new MetadataStore(holding(content, ref));
}

function holding(content: Uint8Array | null, ref = "refs/branch-metadata/topic"): ReturnType<typeof repositoryOf> {
  const objects: Snapshot["objects"] = new Map();
  if (content !== null) objects.set(BASE, { type: "blob", content });
  return repositoryOf({ refs: [{ name: ref, value: { kind: "direct", oid: BASE } }], objects });
}

test("MetadataStore.refName() refuses what no branch can be called", () => {
  const { store } = storeOf("graphite-metadata");
  assert.equal(store.refName("a/b"), "refs/branch-metadata/a/b");
  for (const branch of ["", "-a", "HEAD", "a..b", "a b", "../x"]) {
    assert.throws(
      () => store.refName(branch),
      (error) => error instanceof LatticeError && error.code === "usage",
      branch,
    );
    assert.throws(() => store.read(branch), (error) => error instanceof LatticeError && error.code === "usage", branch);
  }
});

test("MetadataStore lists and exports what git lists", () => {
  const { store, path } = storeOf("branch-metadata");
  const lines = gitText(["for-each-ref", "--format=%(objectname) %(refname)", "refs/branch-metadata/"], path).split(
    "\n",
  );
  assert.deepEqual(store.listAll().map(({ oid, ref }) => `${oid} ${ref}`), lines);
  const branches = lines.map((line) => line.slice(41 + "refs/branch-metadata/".length));
  assert.deepEqual(store.list(), branches);
  assert.deepEqual(
    Array.from(store.exportAll(), ({ branch, metadata }) => [branch, metadata.branch.name]),
    branches.map((branch) => [branch, branch]),
  );
});

test("MetadataStore.read() gives the document, its oid and its bytes, and undefined for a branch without", () => {
  const { store, path } = storeOf("branch-metadata");
  const documents = fixtures["branch-metadata"]!.repositories[0]!["documents"] as Record<string, unknown>;
  for (const [branch, document] of Object.entries(documents)) {
    const stored = store.read(branch);
    assert.deepEqual(stored?.metadata, document);
    assert.equal(stored?.oid, oidOf(path, `refs/branch-metadata/${branch}`));
    assert.equal(
      new TextDecoder().decode(stored?.bytes).trimEnd(),
      gitText(["cat-file", "-p", stored!.oid], path).trimEnd(),
    );
  }
  assert.equal(store.read("main"), undefined);
  assert.throws(
    () => store.readExisting("main"),
    (error) => error instanceof NotFoundError && error.code === "not_found",
  );
});

test("MetadataStore.read() refuses refs that name no blob", () => {
  const { store } = storeOf("branch-metadata-invalid");
  for (
    const [branch, message] of [
      ["flaw/is-tree", /names a tree, expected a blob/],
      ["flaw/is-commit", /names a commit/],
      ["flaw/is-tag", /names a tag/],
      ["flaw/is-symref", /the ref is symbolic \(to "refs\/branch-metadata\/sound\/one"\)/],
    ] as const
  ) {
    assert.throws(
      () => store.read(branch),
      (error) => error instanceof ParseError && message.test(error.message),
      branch,
    );
  }
});

test("MetadataStore.exportAll() exports the sound documents and tells of the others", () => {
  const { store } = storeOf("branch-metadata-invalid");
  const broken: string[] = [];
  const sound = Array.from(
    store.exportAll((branch, error) => {
      assert.equal(error.code, "invalid_data");
      broken.push(branch);
    }),
    (stored) => stored.branch,
  );
  assert.deepEqual([...broken, ...sound].sort(), [...store.list()].sort());
  assert.ok(sound.includes("sound/one") && sound.includes("graph/self"));
  assert.ok(sound.every((branch) => !branch.startsWith("flaw/") || /base-(?:absent|blob)$/.test(branch)));
  assert.throws(() => Array.from(store.exportAll()), ParseError);
});

test("MetadataStore.listAll() tells of a symbolic ref and lists the others", () => {
  const { store } = storeOf("branch-metadata-invalid");
  const broken: string[] = [];
  assert.equal(store.listAll((branch) => broken.push(branch)).length, store.list().length - 1);
  assert.deepEqual(broken, ["flaw/is-symref"]);
});

test("MetadataStore.read() says of a missing blob that it is missing, not that there is no metadata", () => {
  assert.throws(() => single(null).read("topic"), (error) => {
    assert.ok(error instanceof GitError);
    assert.equal(error.code, "invalid_data");
    assert.equal(error.details["ref"], "refs/branch-metadata/topic");
    assert.match(error.message, new RegExp(`object ${BASE} is missing`));
    assert.notEqual(error.cause, undefined);
    return true;
  });
});

test("MetadataStore.read() does not read a blob that is too large for a document", () => {
  const content = new Uint8Array(DOCUMENT_BYTES_MAX + 1);
  const repository = repositoryOf({
    refs: [{ name: "refs/branch-metadata/topic", value: { kind: "direct", oid: BASE } }],
    objects: new Map([[BASE, { type: "blob", content }]]),
  });
  const unread = { ...repository.objects, read: () => assert.fail("the blob was read") };
  assert.throws(
    () => new MetadataStore({ ...repository, objects: unread }).read("topic"),
    (error) => error instanceof ParseError && /1048577 bytes/.test(error.message),
  );
});

test("MetadataStore passes on what git's layer says, with the ref", () => {
  const failing = () => {
    throw new LatticeError("io", "cannot read it", { hint: "look", details: { path: "/x" } });
  };
  const refs = { read: failing, list: failing } as unknown as ReturnType<typeof repositoryOf>["refs"];
  const store = new MetadataStore({ ...repositoryOf({ refs: [], objects: new Map() }), refs });
  for (const step of [() => store.read("topic"), () => store.list(), () => store.listAll()]) {
    assert.throws(step, (error) => {
      assert.ok(error instanceof GitError && error.cause instanceof LatticeError);
      assert.deepEqual([error.code, error.hint, error.details["path"]], ["io", "look", "/x"]);
      return true;
    });
  }
});

test("refuseForeign() protects another tool's document and nothing else", () => {
  const foreign = utf8('{"parentBranchName":"main"}');
  assert.throws(() => refuseForeign(holding(foreign), "topic", BASE), ForeignDocumentError);
  for (
    const content of [utf8(JSON.stringify(sample())), utf8("x"), utf8('{"kind":"x","parentBranchName":"m"}'), null]
  ) {
    refuseForeign(holding(content), "topic", BASE);
  }
});

test("explainBlockedRef() names the metadata that is in the way, and whether its branch is gone", () => {
  const blob = { kind: "direct", oid: BASE } as const;
  const cause = new LatticeError("io", "cannot create it");
  const blocked = (refs: string[], branch: string) =>
    explainBlockedRef(
      repositoryOf({ refs: refs.map((name) => ({ name, value: blob })), objects: new Map() }),
      branch,
      cause,
    );
  const leftOver = blocked(["refs/branch-metadata/a"], "a/b");
  assert.match(leftOver!.message, /"a\/b": metadata of branch "a" is in the way/);
  assert.match(leftOver!.hint!, /is gone.*lattice meta delete "a"/);
  assert.equal(leftOver!.details["blocked_by"], "refs/branch-metadata/a");
  assert.match(blocked(["refs/branch-metadata/a/b", "refs/heads/a/b"], "a")!.hint!, /cannot both be/);
  assert.equal(blocked(["refs/branch-metadata/a"], "ab"), null);
});
