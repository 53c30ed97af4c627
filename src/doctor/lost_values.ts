/**
 * What a damaged ref may have held: its reflog tells, or lattice's own journals, or an older value in `packed-refs`.
 *
 * @module
 */
import { effectiveUpdates, readOperation } from "../engine/history.ts";
import { listJournals } from "../engine/journal.ts";
import { loadBytes } from "../engine/journal_format.ts";
import { operationTimeMs } from "../engine/operation_id.ts";
import { parseValueText } from "../engine/update.ts";
import type { ObjectType, Oid } from "../git/object_format.ts";
import { checkBranchName } from "../git/refs/names.ts";
import type { ReflogEntry, RefValue } from "../git/refs/store.ts";
import { findTrunk } from "../metadata/trunk.ts";
import { isLowerHex } from "../platform/ascii.ts";
import { LatticeError } from "../platform/errors.ts";
import type { Examination } from "./examination.ts";
import { quote } from "./finding.ts";

/** A value, and how it is known. */
export interface LostValue {
  readonly value: RefValue;
  /** Such as `the newest entry of its reflog`. */
  readonly source: string;
  /** The document, where the journal holds it and the repository does not any more. */
  readonly content?: Uint8Array;
}

/** Entries of a reflog that are looked at, newest first. */
const REFLOG_ENTRIES_MAX = 1000;

/** What the journals know last of a ref. */
interface Journaled {
  readonly value: RefValue | null;
  readonly content: Uint8Array | undefined;
  readonly op: string;
}

/** Searches for values. Each journal is read once, and only where a ref is asked for that needs it. */
export class LostValues {
  private readonly journaled = new Map<string, Journaled>();
  /** Operations whose journals were not read yet, oldest first. */
  private unread: string[] | null = null;

  /** Made once for a look. */
  constructor(private readonly examination: Examination) {}

  /**
   * What a ref may have held.
   *
   * @param name Full name.
   * @param unwanted A value that is known to be useless.
   * @returns `null`: nothing tells.
   */
  find(name: string, unwanted: Oid | null = null): LostValue | null {
    if (isHead(name)) return this.findHead(name);
    return this.fromReflog(name, unwanted) ?? this.fromRecords(name, unwanted);
  }

  /** Of several values that are recorded for a ref, the one that reflog or journal knows as its last. */
  choose(name: string, candidates: readonly Oid[]): LostValue | null {
    const found = this.fromReflog(name, null) ?? this.fromJournal(name, null);
    return found?.value.kind === "direct" && candidates.includes(found.value.oid) ? found : null;
  }

  private fromReflog(name: string, unwanted: Oid | null): LostValue | null {
    let seen = 0;
    for (const entry of this.entries(name)) {
      if (++seen > REFLOG_ENTRIES_MAX) return null;
      if (entry.new === unwanted || !this.isUsable(name, entry.new)) continue;
      const source = seen === 1
        ? "the newest entry of its reflog"
        : `entry ${seen} of its reflog, counted from the newest`;
      return { value: { kind: "direct", oid: entry.new }, source };
    }
    return null;
  }

  private fromRecords(name: string, unwanted: Oid | null): LostValue | null {
    const packed = this.fromPacked(name, unwanted);
    const journal = this.fromJournal(name, unwanted);
    if (packed === null || journal === null) return journal ?? packed;
    const packedMs = Number((this.examination.packed().seen?.stat.mtimeNs ?? 0n) / 1_000_000n);
    return operationTimeMs(this.journaled.get(name)!.op) > packedMs ? journal : packed;
  }

  private fromPacked(name: string, unwanted: Oid | null): LostValue | null {
    const [record, second] = this.examination.packed().byName.get(name) ?? [];
    if (record === undefined || second !== undefined || record.oid === unwanted) return null;
    if (!this.isUsable(name, record.oid)) return null;
    return { value: { kind: "direct", oid: record.oid }, source: "its record in packed-refs" };
  }

  private fromJournal(name: string, unwanted: Oid | null): LostValue | null {
    const last = this.lastJournaled(name);
    if (last === null || last.value === null) return null;
    const { value, content, op } = last;
    const source = `the journal of operation ${op}`;
    if (value.kind === "direct" && content !== undefined) return { value, source, content };
    if (value.kind === "direct" && (value.oid === unwanted || !this.isUsable(name, value.oid))) return null;
    return { value, source };
  }

  /** What a ref held after the newest operation that changed it. Journals are read only as far back as that. */
  private lastJournaled(name: string): Journaled | null {
    const { system, repository } = this.examination;
    this.unread ??= unlessBroken(() => listJournals(system, repository.commonDir), []);
    for (let op = this.unread.at(-1); op !== undefined && !this.journaled.has(name); op = this.unread.at(-1)) {
      this.unread.pop();
      this.noteJournal(op);
    }
    return this.journaled.get(name) ?? null;
  }

  /** A journal that cannot be read says nothing. */
  private noteJournal(op: string): void {
    const { system, repository } = this.examination;
    const operation = unlessBroken(() => readOperation(system, repository.commonDir, op), null);
    if (operation === null || operation.phase !== "committed") return;
    for (const update of effectiveUpdates(operation.records)) {
      if (this.journaled.has(update.ref)) continue;
      const content = update.new_content === undefined ? undefined : loadBytes(update.new_content);
      this.journaled.set(update.ref, { value: update.new === null ? null : parseValueText(update.new), content, op });
    }
  }

  /**
   * The branch that a worktree was on: where its last checkout went. Else the main worktree is on the trunk, or on the
   * only branch there is; a linked one, which may be on no branch that another is on, at the commit that it was at.
   */
  private findHead(name: string): LostValue | null {
    let seen = 0;
    for (const { message } of this.entries(name)) {
      if (++seen > REFLOG_ENTRIES_MAX) break;
      const to = /^checkout: moving from \S+ to (\S+)$/.exec(message)?.[1];
      if (to === undefined) continue;
      const value = this.headValue(to);
      if (value !== null) return { value, source: "the last checkout in its reflog" };
      break; // to something that is gone; an older one is no better than the guess below
    }
    if (name.startsWith("worktrees/") || (name === "HEAD" && this.examination.repository.worktreeId !== null)) {
      return this.fromReflog(name, null);
    }
    const trunk = unlessBroken(() => findTrunk(this.examination.repository), null);
    if (trunk !== null && this.isBranch(trunk)) return { value: branch(trunk), source: "the name of the trunk" };
    const branches = this.branchNames();
    return branches.length === 1 ? { value: branch(branches[0]!), source: "the only branch there is" } : null;
  }

  private headValue(to: string): RefValue | null {
    if (checkBranchName(to) === null && this.isBranch(to)) return branch(to);
    return isLowerHex(to) && this.isUsable("refs/heads/x", to) ? { kind: "direct", oid: to } : null;
  }

  private isBranch(name: string): boolean {
    const ref = `refs/heads/${name}`;
    return this.examination.loose().refs.has(ref) || this.examination.packed().byName.has(ref);
  }

  private branchNames(): string[] {
    const names = new Set([...this.examination.loose().refs.keys(), ...this.examination.packed().byName.keys()]);
    return [...names].filter((name) => name.startsWith("refs/heads/")).map((name) => name.slice("refs/heads/".length));
  }

  /** Entries of a reflog, newest first; lines that cannot be read are left out. */
  private entries(name: string): readonly ReflogEntry[] {
    const { repository } = this.examination;
    return unlessBroken(() => repository.refs.readReflog(name, () => {}), null)?.reverse() ?? [];
  }

  private isUsable(name: string, oid: Oid): boolean {
    const { objects, objectFormat } = this.examination.repository;
    if (oid.length !== objectFormat.hexLength || oid === objectFormat.zero) return false;
    const type = unlessBroken(() => objects.info(oid)?.type ?? null, null);
    return type !== null && isFit(name, type);
  }
}

/** Whether a ref may name an object of this type: a branch names a commit, metadata a blob. */
export function isFit(name: string, type: ObjectType): boolean {
  if (name.startsWith("refs/heads/") || isHead(name)) return type === "commit";
  return !name.startsWith("refs/branch-metadata/") || type === "blob";
}

/** Whether a name is that of a worktree's `HEAD`. */
export function isHead(name: string): boolean {
  return name === "HEAD" || name === "main-worktree/HEAD" || /^worktrees\/[^/]+\/HEAD$/.test(name);
}

function branch(name: string): RefValue {
  return { kind: "symbolic", target: `refs/heads/${name}` };
}

/** Text of a value for a preview. */
export function showValue(value: RefValue): string {
  return value.kind === "direct" ? value.oid : `ref: ${quote(value.target)}`;
}

/**
 * Asks something that what is damaged cannot answer. A disk that fails is another matter: what it does not give now may
 * be there, and must not be taken for lost.
 */
function unlessBroken<T>(ask: () => T, otherwise: T): T {
  try {
    return ask();
  } catch (error) {
    if (error instanceof LatticeError && ["invalid_data", "unsupported"].includes(error.code)) return otherwise;
    throw error;
  }
}
