/**
 * Transactions among whose refs may be metadata refs: another tool's document is never replaced or removed, whatever the
 * caller allows.
 *
 * @module
 */
import { isMet, type RefUpdate, type TransactionRequest, type TransactionResult } from "../engine/update.ts";
import type { Writer } from "../engine/writer.ts";
import type { Oid } from "../git/object_format.ts";
import type { Repository } from "../git/repository.ts";
import { LatticeError } from "../platform/errors.ts";
import { branchOfRef, METADATA_PREFIX } from "./ref_name.ts";
import { refuseForeign } from "./stored.ts";

/** So often is looked anew when git moves a document that may be overwritten, between the look and its lock. */
const ATTEMPTS_MAX = 5;

/**
 * Runs a transaction, waiting for git's own locks as long as the writer does.
 *
 * A document that may be overwritten is replaced only in the state in which it was looked at: the repository lock keeps
 * other lattice commands out, and not git.
 *
 * @throws {ForeignDocumentError} Another tool's document is in the place of one that would be replaced or removed.
 * @throws {GitError} A document that would be replaced cannot be read.
 * @throws {LatticeError} As `Writer.transact`; `usage`: a symbolic ref leads to a metadata ref.
 */
export async function transactGuarded(writer: Writer, request: TransactionRequest): Promise<TransactionResult> {
  return await writer.patiently(() => {
    for (let attempt = 1;; attempt++) {
      const updates = request.updates.map((update) => guarded(writer.repository, update));
      try {
        return writer.transact({ ...request, updates });
      } catch (error) {
        if (attempt === ATTEMPTS_MAX || !hasOverwritableMoved(error, request.updates)) throw error;
      }
    }
  });
}

/**
 * Makes sure that updates replace and remove no document of another tool, as the refs stand now.
 *
 * @throws {ForeignDocumentError} One would.
 * @throws {GitError} A document that would be replaced cannot be read.
 */
export function refuseForeignDocuments(repository: Repository, updates: readonly RefUpdate[]): void {
  for (const update of updates) guarded(repository, update);
}

/** The update; one that may overwrite a document expects the one that was looked at. */
function guarded(repository: Repository, update: RefUpdate): RefUpdate {
  const { name, expect, change } = update;
  if (change.kind === "verify") return update;
  if (!name.startsWith(METADATA_PREFIX)) {
    if (update.follow) refuseWayToMetadata(repository, name);
    return update;
  }
  if (expect.kind === "absent") return update;
  const actual = valueOf(repository, name);
  if (actual !== null && isMet(expect, actual)) refuseForeign(repository, branchOfRef(name), actual);
  if (expect.kind !== "any") return update;
  return { ...update, expect: actual === null ? { kind: "absent" } : { kind: "exactly", oid: actual } };
}

/** A symbolic ref may lead to where only documents are stored, each checked. */
function refuseWayToMetadata({ refs }: Repository, name: string): void {
  const { name: end } = refs.resolve(name);
  if (!end.startsWith(METADATA_PREFIX)) return;
  throw new LatticeError("usage", `${JSON.stringify(name)} leads to ${JSON.stringify(end)}, which holds metadata`, {
    hint: "metadata is stored as a document, by meta set, apply or the library",
    details: { ref: name },
  });
}

function valueOf({ refs }: Repository, name: string): Oid | null {
  const value = refs.read(name)?.value;
  if (value === undefined) return null;
  return value.kind === "direct" ? value.oid : refs.resolve(name).oid;
}

function hasOverwritableMoved(error: unknown, updates: readonly RefUpdate[]): boolean {
  if (!(error instanceof LatticeError) || error.code !== "cas_failed") return false;
  if (error.details["conflicts_with"] !== undefined) return false;
  const moved = error.details["ref"];
  return updates.some(({ name, expect }) =>
    name === moved && expect.kind === "any" && name.startsWith(METADATA_PREFIX)
  );
}
