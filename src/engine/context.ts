/**
 * What every part of a transaction works with.
 *
 * @module
 */
import { adjustMode, sharedRepository } from "../git/objects/permissions.ts";
import type { Repository } from "../git/repository.ts";
import type { System } from "../platform/system.ts";

/** A repository that is being changed, and how patient the change is. */
export interface EngineContext {
  readonly system: System;
  readonly repository: Repository;
  /** What the person typed, without arguments that could hold a secret. */
  readonly command: string;
  readonly arguments: readonly string[];
  /** Longest wait for one of git's own locks in milliseconds; `undefined`: what git's configuration says. */
  readonly gitLockTimeoutMs: number | undefined;
  /** Says what is going on, for `--verbose`. */
  readonly log: (message: string) => void;
  /** Told now and then how far a long step has come. */
  readonly progress?: (what: string, done: number, total: number) => void;
}

/** Gives a file or folder of ours the permissions of a shared repository (`core.sharedRepository`). */
export function share(context: EngineContext, path: string, kind: "file" | "directory"): void {
  const shared = sharedRepository(context.repository.config);
  if (shared.kind === "umask") return;
  const { disk, host } = context.system;
  // One that another user made is theirs to change.
  if (disk.lstat(path)?.uid === host.userId) adjustMode(disk, shared, path, kind);
}

/** Longest wait for `<ref>.lock`, in milliseconds. */
export function refLockTimeoutMs(context: EngineContext): number {
  return boundedTimeoutMs(context, "core.filesreflocktimeout", 100);
}

/** Longest wait for `packed-refs.lock`, in milliseconds. */
export function packedLockTimeoutMs(context: EngineContext): number {
  return boundedTimeoutMs(context, "core.packedrefstimeout", 1000);
}

/**
 * Within a transaction, where signals are not heard, nobody waits longer than git would; a longer wait that the caller
 * asked for is made between attempts (`Writer.patiently`).
 */
function boundedTimeoutMs(context: EngineContext, key: string, normalMs: number): number {
  const configured = context.repository.config.getInteger(key) ?? normalMs;
  const git = configured < 0 ? Infinity : configured;
  const bound = context.gitLockTimeoutMs ?? git;
  return git < bound ? git : bound;
}
