/**
 * Rewriting reflogs with fewer lines, each under the lock of its ref, which whoever appends to it holds.
 *
 * A reflog is replaced by a rename of a whole and flushed file, so that a crash leaves the old one or the new one.
 *
 * @module
 */
import { LatticeError } from "../platform/errors.ts";
import { concatBytes, equalBytes } from "../platform/text.ts";
import { readBounded } from "../git/bounded_file.ts";
import type { Oid } from "../git/object_format.ts";
import { LOG_BYTES_MAX, rewrittenReflogLine } from "../git/refs/reflog.ts";
import type { ReflogEntry, RefValue } from "../git/refs/store.ts";
import type { JudgedEntry } from "../git/revisions/reflog_expiry.ts";
import { type EngineContext, share } from "./context.ts";
import { filesRefs } from "./files_refs.ts";
import { conflictError, makeRefFolders, publishValue, stageValues, syncFolderOf } from "./ref_files.ts";
import { refuseLinkedReflogs } from "./reflog_lines.ts";
import { doUpkeep, type Upkeep } from "./upkeep.ts";
import type { Writer } from "./writer.ts";

/** How reflogs are rewritten. */
export interface ReflogRewrite {
  /**
   * Says what becomes of each line.
   *
   * @param entries Oldest first, as they are under the lock.
   */
  readonly judge: (ref: string, entries: readonly ReflogEntry[]) => readonly JudgedEntry[];
  /** Gives the ref the new value of the last line that stays. A symbolic ref is left alone. */
  readonly updateRef: boolean;
  /** Called for each line that cannot be read; it goes, as it does with git. */
  readonly onBroken: (error: unknown) => void;
  /** Called when a ref's reflog could not be rewritten; the others are. */
  readonly onFailure: (ref: string, error: LatticeError) => void;
}

/**
 * Rewrites the reflogs of some refs. A ref without reflog is passed over.
 *
 * @throws {LatticeError} `io`; every reflog is then as it was or as it should be.
 */
export function rewriteReflogs({ context }: Writer, refs: readonly string[], rewrite: ReflogRewrite): void {
  if (refs.length === 0) return;
  doUpkeep(context, refs, (upkeep) => {
    for (const ref of refs) {
      try {
        upkeep.lockRef(ref);
        rewriteOne(upkeep, ref, rewrite);
        upkeep.unlockRef(ref);
      } catch (error) {
        if (!(error instanceof LatticeError) || !ABOUT_ONE_REF.has(error.code)) throw error;
        upkeep.unlockRef(ref);
        rewrite.onFailure(ref, error);
      }
    }
  });
}

/** Failures that say nothing about other refs. */
const ABOUT_ONE_REF: ReadonlySet<string> = new Set(["locked", "invalid_data", "usage", "unsupported", "cas_failed"]);

function rewriteOne(upkeep: Upkeep, ref: string, rewrite: ReflogRewrite): void {
  const { context } = upkeep;
  const entries = context.repository.refs.readReflog(ref, rewrite.onBroken);
  if (entries === null) return;
  const kept = rewrite.judge(ref, entries).filter(({ keep }) => keep).map(({ entry }) => entry);
  const value = rewrite.updateRef ? valueFor(context, ref, kept.at(-1)?.new) : null;
  replaceReflog(upkeep, ref, kept);
  if (value !== null) giveValue(upkeep, ref, value);
}

/**
 * What a ref is to hold after its reflog was rewritten; `null`: what it holds. A symbolic ref is left alone, and so is
 * one whose reflog says nothing more.
 *
 * @throws {LatticeError} `invalid_data`: the object is not here; `cas_failed`: another ref is in the way.
 */
function valueFor(context: EngineContext, ref: string, oid: Oid | undefined): RefValue | null {
  const { refs, objects, objectFormat } = context.repository;
  if (oid === undefined || oid === objectFormat.zero) return null;
  const current = refs.read(ref)?.value;
  if (current?.kind === "symbolic" || current?.oid === oid) return null;
  if (!objects.has(oid)) {
    throw new LatticeError("invalid_data", `the reflog of ${JSON.stringify(ref)} names ${oid}, which is not here`, {
      hint: "without --updateref the ref stays where it is",
      details: { ref, oid },
    });
  }
  const other = current === undefined ? refs.findConflict(ref) : null;
  if (other !== null) throw conflictError(ref, other);
  return { kind: "direct", oid };
}

function replaceReflog({ context, folder }: Upkeep, ref: string, kept: readonly ReflogEntry[]): void {
  const { disk } = context.system;
  const path = filesRefs(context.repository).logPath(ref);
  if (disk.lstat(path)?.kind === "symlink") {
    throw new LatticeError("unsupported", `${JSON.stringify(path)} is a symbolic link; it is not replaced`, {
      hint: "put the file itself in its place",
      details: { path, ref },
    });
  }
  refuseLinkedReflogs(context, [ref]);
  const content = concatBytes(kept.map(rewrittenReflogLine));
  if (equalBytes(content, readBounded(disk, path, LOG_BYTES_MAX) ?? new Uint8Array())) return;
  const staged = `${folder}/log`;
  {
    using file = disk.create(staged);
    file.write(content);
    file.sync();
  }
  share(context, staged, "file");
  disk.rename(staged, path);
  syncFolderOf(disk, path);
}

/** One rename, after which the ref has the value. The lock stands. */
function giveValue({ context, folder }: Upkeep, ref: string, value: RefValue): void {
  const staged = stageValues(context, folder, [{ ref, value }]).get(ref)!;
  makeRefFolders(context, [ref], []);
  publishValue(context, ref, staged);
}
