import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "./harness.ts";
import { gitText } from "./git_oracle.ts";
import { temporaryFolder } from "./temporary_folder.ts";
import {
  AlreadyLockedError,
  type BranchMetadata,
  CasFailedError,
  ForeignDocumentError,
  GitError,
  Journal,
  JournalError,
  LatticeError,
  MetadataStore,
  NotFoundError,
  openRepository,
  OpState,
  OVERWRITE,
  RepoLock,
  type Repository,
  SerializeError,
} from "../src/mod.ts";

const REF = "refs/branch-metadata/topic";

interface World {
  path: string;
  repository: Repository;
  store: MetadataStore;
  document: BranchMetadata;
}

function world(): World {
  const path = temporaryFolder();
  gitText(["init", "-q", "-b", "main"], path);
  gitText(["commit", "-q", "--allow-empty", "-m", "first"], path);
  const repository = openRepository({ cwd: path });
  const document = documentOf("topic", gitText(["rev-parse", "main"], path));
  return { path, repository, store: new MetadataStore(repository, { command: "test", lockTimeoutMs: 0 }), document };
}

function documentOf(branch: string, base: string): BranchMetadata {
  const now = "2026-01-07T00:00:00Z";
  return {
    kind: "lattice.branch-metadata",
    schema_version: 1,
    branch: { name: branch },
    parent: { kind: "trunk", name: "main" },
    base: { oid: base },
    freeze: { state: "unfrozen" },
    pr: { state: "none" },
    timestamps: { created_at: now, updated_at: now },
  };
}

function frozen(document: BranchMetadata): BranchMetadata {
  const freeze = { state: "frozen", scope: "single", reason: null, frozen_at: "2026-01-08T00:00:00Z" } as const;
  return { ...document, freeze };
}

/** What a promise was rejected with, which must be of a class. */
async function rejection<T extends Error>(promise: Promise<unknown>, type: abstract new (...args: never[]) => T) {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof type, `expected ${type.name}, got ${String(error)}`);
    return error;
  }
  return assert.fail(`expected ${type.name}`);
}

test("writeCas() stores a document that git reads, once, and undo can name the operation", async () => {
  const { path, store, document } = world();
  const written = await store.writeCas("topic", null, document);
  assert.equal(written.ref, REF);
  assert.equal(written.previous, null);
  assert.equal(gitText(["rev-parse", REF], path), written.oid);
  assert.equal(gitText(["cat-file", "blob", REF], path), JSON.stringify(document));
  assert.deepEqual(store.read("topic")?.metadata, document);
  assert.deepEqual(store.list(), ["topic"]);
  assert.deepEqual(store.listAll(), [{ branch: "topic", ref: REF, oid: written.oid }]);

  const again = await store.writeCas("topic", written.oid, document);
  assert.deepEqual(again, { ...written, previous: written.oid, op: null });
  gitText(["fsck", "--strict"], path);
});

test("writeCas() refuses every expectation that is not met, and changes nothing", async () => {
  const { path, store, document } = world();
  const other = gitText(["rev-parse", "main"], path);
  const absent = await rejection(store.writeCas("topic", other, document), CasFailedError);
  assert.deepEqual([absent.ref, absent.expected, absent.actual], [REF, other, null]);
  const { oid } = await store.writeCas("topic", null, document);
  const present = await rejection(store.writeCas("topic", null, frozen(document)), CasFailedError);
  assert.deepEqual([present.expected, present.actual], [null, oid]);
  await rejection(store.writeCas("topic", other, frozen(document)), CasFailedError);
  assert.equal(gitText(["rev-parse", REF], path), oid);
  const moved = await store.writeCas("topic", OVERWRITE, frozen(document));
  assert.equal(moved.previous, oid);
  assert.equal(gitText(["rev-parse", REF], path), moved.oid);
});

test("deleteCas() removes what was expected, and tells absent from moved", async () => {
  const { path, store, document } = world();
  await rejection(store.deleteCas("topic", OVERWRITE), NotFoundError);
  await rejection(store.deleteCas("topic", gitText(["rev-parse", "main"], path)), CasFailedError);
  const { oid } = await store.writeCas("topic", null, document);
  await rejection(store.deleteCas("topic", gitText(["rev-parse", "main"], path)), CasFailedError);
  const removed = await store.deleteCas("topic", oid!);
  assert.equal(removed.previous, oid);
  assert.equal(removed.oid, null);
  assert.equal(store.read("topic"), undefined);
  assert.equal(gitText(["for-each-ref", "refs/branch-metadata/"], path), "");
});

test("writeCas() refuses unsound documents, names and foreign documents by errors of their own", async () => {
  const { path, store, document } = world();
  await rejection(store.writeCas("other", null, document), SerializeError);
  await rejection(store.writeCas("topic", null, { ...document, pr: { state: "gone" } as never }), SerializeError);
  assert.equal((await rejection(store.writeCas("a..b", null, document), LatticeError)).code, "usage");
  const foreign = gitText(["hash-object", "-w", "--stdin"], path, '{"parentBranchName":"main"}');
  gitText(["update-ref", REF, foreign], path);
  await rejection(store.writeCas("topic", OVERWRITE, document), ForeignDocumentError);
  await rejection(store.writeCas("topic", foreign, document), ForeignDocumentError);
  await rejection(store.deleteCas("topic", foreign), ForeignDocumentError);
  assert.equal(gitText(["rev-parse", REF], path), foreign);
});

test("writeCas() names the left-over metadata that is in the way, with the cause", async () => {
  const { path, store, document } = world();
  await store.writeCas("topic", null, document);
  const below = documentOf("topic/part", gitText(["rev-parse", "main"], path));
  const error = await rejection(store.writeCas("topic/part", null, below), GitError);
  assert.match(error.message, /metadata of branch "topic" is in the way/);
  assert.ok(error.cause instanceof LatticeError);
});

test("writeCas() reports a damaged ref as GitError with its cause", async () => {
  const { path, store, document } = world();
  mkdirSync(join(path, ".git/refs/branch-metadata"), { recursive: true });
  writeFileSync(join(path, ".git", REF), "nonsense\n");
  const error = await rejection(store.writeCas("topic", OVERWRITE, document), GitError);
  assert.equal(error.code, "invalid_data");
  assert.ok(error.cause instanceof LatticeError);
  assert.equal(readFileSync(join(path, ".git", REF), "utf8"), "nonsense\n");
});

test("RepoLock.acquire() keeps others out until it is released, and says who holds it", async () => {
  const { repository, store, document } = world();
  {
    using lock = await RepoLock.acquire(repository, { command: "a test", timeoutMs: 0 });
    assert.equal(await RepoLock.tryAcquire(repository, { command: "another" }), undefined);
    const error = await rejection(RepoLock.acquire(repository, { command: "b", timeoutMs: 0 }), AlreadyLockedError);
    assert.equal(error.holder?.command, "a test");
    assert.equal(error.holder?.pid, process.pid);
    await rejection(store.writeCas("topic", null, document), AlreadyLockedError);

    const inside = new MetadataStore(repository, { command: "inside", lockTimeoutMs: 0, lockToken: lock.token });
    const written = await inside.writeCas("topic", null, document);
    assert.equal(store.read("topic")?.oid, written.oid);
    assert.equal(await RepoLock.tryAcquire(repository, { command: "another" }), undefined);
    lock.release();
    lock.release();
  }
  const lock = await RepoLock.tryAcquire(repository, { command: "another" });
  assert.ok(lock !== undefined);
  lock.release();
});

test("RepoLock inside lattice lock run lets its own writes in, and strangers wait", async () => {
  const { repository, store, document } = world();
  using outer = await RepoLock.acquire(repository, { command: "lock run" });
  const env = { ...repository.system.env, LATTICE_LOCK_TOKEN: outer.token };
  const system = Object.create(repository.system, { env: { value: env } }) as Repository["system"];
  const inside = Object.create(repository, { system: { value: system } }) as Repository;
  using lock = await RepoLock.acquire(inside, { command: "inside", timeoutMs: 0 });
  const own = new MetadataStore(inside, { lockTimeoutMs: 0, lockToken: lock.token });
  const { oid } = await own.writeCas("topic", null, document);
  assert.equal(store.read("topic")?.oid, oid);
  assert.equal(await RepoLock.tryAcquire(repository, { command: "stranger" }), undefined);
});

test("writeCas() from many tasks loses no update", async () => {
  const { repository, document } = world();
  const store = new MetadataStore(repository, { lockTimeoutMs: 60_000 });
  await store.writeCas("topic", null, { ...document, pr: linked(1) });
  let refused = 0;
  await Promise.all(Array.from({ length: 8 }, async () => {
    for (let added = 0; added < 3;) {
      const { oid, metadata } = store.readExisting("topic");
      assert.ok(metadata.pr.state === "linked");
      try {
        await store.writeCas("topic", oid, { ...metadata, pr: linked(metadata.pr.number + 1) });
        added++;
      } catch (error) {
        if (!(error instanceof CasFailedError)) throw error;
        refused++;
      }
    }
  }));
  assert.deepEqual(store.readExisting("topic").metadata.pr, linked(25));
  assert.ok(refused > 0, "the tasks never met");
});

function linked(number: number): BranchMetadata["pr"] {
  return { state: "linked", forge: "github", number, url: "https://example.com/", last_known: null };
}

test("Journal lists operations newest first, each ref with what it held before and after", async () => {
  const { repository, store, document } = world();
  const journal = new Journal(repository);
  assert.deepEqual(journal.list(), []);
  const first = await store.writeCas("topic", null, document);
  const second = await store.writeCas("topic", first.oid, frozen(document));
  const [newest, oldest, ...more] = journal.list();
  assert.deepEqual(more, []);
  assert.equal(oldest?.op_id, first.op);
  assert.equal(newest?.op_id, second.op);
  assert.equal(newest?.command, "test");
  assert.equal(newest?.phase, "committed");
  assert.deepEqual(newest?.refs, [{ name: REF, before: first.oid, after: second.oid }]);
  assert.deepEqual(oldest?.refs, [{ name: REF, before: null, after: first.oid }]);
  assert.deepEqual(journal.read(first.op!), oldest);
  assert.equal(journal.list(1).length, 1);
  assert.equal(journal.read("01900000-0000-7000-8000-000000000000"), undefined);
});

test("Journal throws JournalError with its cause when a journal is damaged", async () => {
  const { path, repository, store, document } = world();
  const { op } = await store.writeCas("topic", null, document);
  const file = join(path, ".git/lattice/ops", `${op}.jsonl`);
  const bytes = readFileSync(file);
  bytes[40] = bytes[40]! ^ 1;
  writeFileSync(file, bytes);
  assert.throws(() => new Journal(repository).list(), (error) => {
    assert.ok(error instanceof JournalError);
    assert.equal(error.code, "invalid_data");
    assert.ok(error.cause instanceof LatticeError);
    return true;
  });
});

test("OpState.read() tells idle, unfinished and torn apart", async () => {
  const { path, repository, store, document } = world();
  const state = new OpState(repository);
  assert.equal(state.read(), undefined);
  await store.writeCas("topic", null, document);
  assert.equal(state.read(), undefined);
  const marker = join(path, ".git/lattice/op-state.json");
  assert.equal(existsSync(marker), false);
  const unfinished = {
    op_id: "01900000-0000-7000-8000-000000000000",
    command: "c",
    phase: "paused",
    updated_at: "2026-01-07T00:00:00.000Z",
    origin_git_dir: join(path, ".git"),
    origin_work_dir: path,
    plan_digest: null,
    touched_refs: [],
    awaiting_reason: "diverged",
  };
  writeFileSync(marker, JSON.stringify(unfinished));
  assert.deepEqual(state.read(), unfinished);
  writeFileSync(marker, '{"op_id');
  assert.throws(() => state.read(), JournalError);
});

test("openRepository() says where there is no repository", () => {
  const error = (() => {
    try {
      return openRepository({ cwd: temporaryFolder() });
    } catch (thrown) {
      return thrown;
    }
  })();
  assert.ok(error instanceof LatticeError);
  assert.equal(error.code, "not_a_repository");
});

test("package.json and deno.json export the library and the schema, and both are there", async () => {
  for (const name of ["package.json", "deno.json"]) {
    const { exports } = JSON.parse(readFileSync(new URL(`../${name}`, import.meta.url), "utf8")) as {
      exports: Record<string, string>;
    };
    assert.deepEqual(Object.keys(exports), [".", "./schema"]);
    const { branchMetadataSchema } = await import(new URL(`../${exports["./schema"]}`, import.meta.url).href) as {
      branchMetadataSchema: { safeParse(value: unknown): { success: boolean } };
    };
    assert.equal(branchMetadataSchema.safeParse({}).success, false);
    const library = await import(new URL(`../${exports["."]}`, import.meta.url).href) as Record<string, unknown>;
    assert.equal(library["branchMetadataSchema"], undefined);
  }
});

test("writeCas() and deleteCas() refuse an expectation that was left out, as a program without types may", async () => {
  const { path, store, document } = world();
  const { oid } = await store.writeCas("topic", null, document);
  for (const left of [undefined, "", oid!.slice(1), {}, "0".repeat(40)] as never[]) {
    assert.equal((await rejection(store.writeCas("topic", left, frozen(document)), LatticeError)).code, "usage");
    assert.equal((await rejection(store.deleteCas("topic", left), LatticeError)).code, "usage");
  }
  assert.equal(gitText(["rev-parse", REF], path), oid);
});

/** Exported classes and functions whose doc comment has no example that runs. */
function withoutExample(): string[] {
  const door = readFileSync(new URL("../src/mod.ts", import.meta.url), "utf8");
  return [...door.matchAll(/^export \{([^}]*)\} from "([^"]+)";/gm)].flatMap(([, names, from]) => {
    const text = readFileSync(new URL(`../src/${from}`, import.meta.url), "utf8");
    return names!.split(",").map((name) => name.trim()).filter((name) => /^\w+$/.test(name)).filter((name) => {
      const place = text.search(new RegExp(`^export (?:abstract )?(?:async )?(?:class|function) ${name}\\b`, "m"));
      const comment = place === -1 ? "```ts" : text.slice(text.lastIndexOf("/**", place), place);
      return !comment.includes("```ts");
    });
  });
}

test("every class and function that the library exports has an example", () => {
  assert.deepEqual(withoutExample(), []);
});
