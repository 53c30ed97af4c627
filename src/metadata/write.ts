/**
 * Compare-and-swap writes of metadata, for programs that use lattice as a library.
 *
 * Each write is one operation of the engine: it takes the repository lock, recovers what a crash left, is durable
 * when it returns, and can be undone.
 *
 * @module
 */
import { type Expectation, openWriter, type RefUpdate, type TransactionResult, type Writer } from "../engine/mod.ts";
import type { NewObject } from "../git/objects/store.ts";
import type { Oid } from "../git/object_format.ts";
import type { Repository } from "../git/repository.ts";
import { AlreadyLockedError, LOCK_TOKEN_VARIABLE } from "../locks/repo_lock.ts";
import { type ErrorCode, LatticeError } from "../platform/errors.ts";
import { explainBlockedRef } from "./blocked_ref.ts";
import type { BranchMetadata } from "./document.ts";
import { CasFailedError, GitError, NotFoundError, ParseError, quote } from "./errors.ts";
import { planDocument, planRemoval } from "./plan.ts";
import { metadataRef } from "./ref_name.ts";

/** Takes whatever is there, another writer's value too: the named exception to compare-and-swap. */
export interface Overwrite {
  /** Any value, or none. */
  readonly kind: "any";
}

/** Takes whatever is there. */
export const OVERWRITE: Overwrite = { kind: "any" };

/** What the metadata ref must hold for a write to happen: an object name, or `null` for "it must not exist". */
export type Expected = Oid | null | Overwrite;

/** How writes are made. */
export interface WriteOptions {
  /** What the operation is called in `op list` and in messages about locks; `library` when nothing is said. */
  readonly command?: string;
  /** Longest wait for the repository lock in milliseconds; 10,000 when nothing is said. */
  readonly lockTimeoutMs?: number;
  /** Token of a repository lock that the program itself holds: writes then happen inside it. */
  readonly lockToken?: string;
}

/** What a write did. */
export interface MetadataWrite {
  /** Short name, as after `refs/heads/`. */
  readonly branch: string;
  /** The ref of its metadata. */
  readonly ref: string;
  /** What the ref held before; `null`: it did not exist. */
  readonly previous: Oid | null;
  /** What it holds now; `null`: it does not exist. */
  readonly oid: Oid | null;
  /** The operation, for `undo`; `null` when the very same document was there already. */
  readonly op: string | null;
}

/** Looks at what is about to be replaced, and throws when it must stay. */
export type Guard = (branch: string, oid: Oid) => void;

const LOCK_TIMEOUT_MS_DEFAULT = 10_000;

/** Stores a document; see `MetadataStore.writeCas`. */
export async function writeDocument(
  repository: Repository,
  branch: string,
  expected: Expected,
  metadata: BranchMetadata,
  guard: Guard,
  options: WriteOptions,
): Promise<MetadataWrite> {
  const plan = planDocument(metadata, expectation(expected), { branch, format: repository.objectFormat });
  return await write(repository, plan.update, [plan.object], branch, guard, options);
}

/** Removes a document; see `MetadataStore.deleteCas`. */
export async function removeDocument(
  repository: Repository,
  branch: string,
  expected: Oid | Overwrite,
  guard: Guard,
  options: WriteOptions,
): Promise<MetadataWrite> {
  return await write(repository, planRemoval(branch, expectation(expected)), [], branch, guard, options);
}

async function write(
  repository: Repository,
  update: RefUpdate,
  objects: readonly NewObject[],
  branch: string,
  guard: Guard,
  options: WriteOptions,
): Promise<MetadataWrite> {
  const ref = metadataRef(branch);
  const removes = update.change.kind === "delete";
  try {
    using writer = await openWriter(insideLock(repository, options.lockToken), {
      command: options.command ?? "library",
      arguments: [],
      lockTimeoutMs: options.lockTimeoutMs ?? LOCK_TIMEOUT_MS_DEFAULT,
    });
    const previous = writer.repository.refs.resolve(ref).oid;
    if (previous !== null && isExpected(update.expect, previous)) guard(branch, previous);
    if (previous === null && removes && update.expect.kind === "any") throw new NotFoundError(branch, ref);
    const message = removes ? `lattice: delete metadata of ${branch}` : `lattice: update metadata for ${branch}`;
    const { op, updates } = transact(writer, update, objects, message);
    const now = updates[0];
    return { branch, ref, previous, oid: now === undefined ? previous : now.new, op };
  } catch (error) {
    throw metadataError(repository, branch, ref, error);
  }
}

function transact(
  writer: Writer,
  update: RefUpdate,
  objects: readonly NewObject[],
  message: string,
): TransactionResult {
  return writer.transact({ updates: [update], objects, message, purpose: "operation" });
}

function expectation(expected: Expected): Expectation {
  if (expected === null) return { kind: "absent" };
  return typeof expected === "string" ? { kind: "exactly", oid: expected } : { kind: "any" };
}

function isExpected(expect: Expectation, actual: Oid): boolean {
  return expect.kind === "any" || (expect.kind === "exactly" && expect.oid === actual);
}

/** The same repository, seen by a command inside the lock of that token: it takes turns with its siblings. */
function insideLock(repository: Repository, token: string | undefined): Repository {
  if (token === undefined) return repository;
  const env = { ...repository.system.env, [LOCK_TOKEN_VARIABLE]: token };
  const system = Object.create(repository.system, { env: { value: env } }) as Repository["system"];
  return Object.create(repository, { system: { value: system } }) as Repository;
}

/** Errors of the engine in the words of metadata; those of locks and of paused operations stay what they are. */
function metadataError(repository: Repository, branch: string, ref: string, error: unknown): unknown {
  if (!(error instanceof LatticeError) || OWN_ERRORS.some((own) => error instanceof own)) return error;
  const { code, details } = error;
  if (KEPT_CODES.includes(code)) return error;
  if (code === "cas_failed" && details["conflicts_with"] === undefined) {
    return new CasFailedError(ref, asOid(details["expected"]), asOid(details["actual"]), { cause: error });
  }
  const blocked = code === "cas_failed" ? explainBlockedRef(repository, branch, error) : null;
  return blocked ?? new GitError(`cannot change ${quote(ref)}`, ref, error);
}

const OWN_ERRORS = [AlreadyLockedError, NotFoundError, ParseError, GitError];

const KEPT_CODES: readonly ErrorCode[] = ["op_in_progress", "diverged", "usage", "internal"];

function asOid(value: unknown): Oid | null {
  return typeof value === "string" ? value : null;
}
