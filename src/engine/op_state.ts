/**
 * The marker `lattice/op-state.json`: it exists while an operation is unfinished, and points to its journal.
 *
 * It is a pointer; the journal is the truth. It is replaced by rename, never edited. Operations of one ref do not
 * flush it, so after a power cut it may be missing or empty.
 *
 * @module
 */
import { LatticeError } from "../platform/errors.ts";
import type { System } from "../platform/system.ts";
import { decodeUtf8, equalBytes, utf8 } from "../platform/text.ts";
import { openOwnFile, readOwnFile } from "../platform/own_file.ts";
import { clearPlace, opStatePath, removeIfThere, temporaryFolder } from "./paths.ts";
import { isMarker } from "./record_check.ts";

/** A larger marker is neither written nor read, in bytes (256 MiB); a ref takes about a hundred of them. */
export const MARKER_BYTES_MAX = 256 * 1024 * 1024;

/** What the marker says. */
export interface OpState {
  /** Id of the operation. */
  readonly op_id: string;
  /** What the person typed. */
  readonly command: string;
  /** Under way (or left by a crash), or waiting for a person. */
  readonly phase: "in_progress" | "paused";
  /** RFC 3339, UTC. */
  readonly updated_at: string;
  /** Git directory of the worktree that it began in. */
  readonly origin_git_dir: string;
  /** Top of that worktree; `null` when bare. */
  readonly origin_work_dir: string | null;
  /** Digest of what was planned, for operations of several steps. */
  readonly plan_digest: string | null;
  /** Refs that are touched, with the values that are expected to be replaced. */
  readonly touched_refs: readonly { readonly ref: string; readonly old: string | null }[];
  /** Why it is paused. */
  readonly awaiting_reason: string | null;
  /** The paused operation that this one helps to its end. */
  readonly resumes?: string;
}

/**
 * What the marker says; `null`: there is none; `unreadable`: there is one, but it is torn by a crash, or none of ours.
 *
 * @throws {LatticeError} `unsupported`: no plain file stands in its place; `invalid_data`: it is too large; `io`.
 */
export function readOpState(system: System, commonDir: string): OpState | null | "unreadable" {
  const bytes = readOwnFile(system.disk, opStatePath(commonDir), MARKER_BYTES_MAX);
  if (bytes === null) return null;
  const text = decodeUtf8(bytes);
  if (text === null) return "unreadable";
  try {
    const value: unknown = JSON.parse(text);
    return isMarker(value) ? value as OpState : "unreadable";
  } catch {
    return "unreadable"; // torn by a power cut; the journals tell what was going on
  }
}

/**
 * Whether the marker is as {@link writeOpState} writes that of an operation. Only its beginning is read: a marker names
 * every ref of its operation.
 *
 * @throws {LatticeError} As {@link readOpState}.
 */
export function isMarkerOf(system: System, commonDir: string, opId: string): boolean {
  const beginning = utf8(`{"op_id":${JSON.stringify(opId)},`);
  using file = openOwnFile(system.disk, opStatePath(commonDir));
  if (file === null) return false;
  const head = new Uint8Array(beginning.length);
  return file.readAt(head, 0) === head.length && equalBytes(head, beginning);
}

/**
 * Puts the marker in place, visibly; the caller flushes it where that is needed.
 *
 * The operation's temporary folder must be there.
 *
 * @throws {LatticeError} `unsupported`: it touches too many refs for a marker; `io`.
 */
export function writeOpState(system: System, commonDir: string, state: OpState): void {
  const bytes = utf8(`${JSON.stringify(state)}\n`);
  if (bytes.length > MARKER_BYTES_MAX) {
    throw new LatticeError("unsupported", `${state.touched_refs.length} refs are too many for one operation`, {
      hint: "make several operations of it",
      details: { size: bytes.length, limit: MARKER_BYTES_MAX },
    });
  }
  const temporary = `${temporaryFolder(commonDir, state.op_id)}/op-state.json`;
  clearPlace(system, temporary);
  const file = system.disk.create(temporary);
  try {
    file.write(bytes);
  } finally {
    file.close();
  }
  system.disk.rename(temporary, opStatePath(commonDir));
}

/** Takes the marker away. */
export function removeOpState(system: System, commonDir: string): void {
  removeIfThere(system, opStatePath(commonDir));
}
