/**
 * A lockable file whose lock is the PID lock file beside it, for file systems on which a flock does not reach everybody.
 *
 * What differs from a flock: it outlives a holder that is killed, until somebody takes it over, and no program can inherit
 * it.
 *
 * @module
 */
import type { FileStat } from "../platform/disk.ts";
import { DiskError, noLockable } from "../platform/disk.ts";
import type { LockableFile, System } from "../platform/system.ts";
import { utf8 } from "../platform/text.ts";
import type { HeldLock, Refusal } from "./lock_backend.ts";
import { LOCK_TEXT_BYTES_MAX } from "./lock_text.ts";
import { pidLockBackend } from "./pid_lock_file.ts";

/**
 * Opens a file that is locked by the PID lock file beside it.
 *
 * @param createMode With a mode the file is made where it is not there.
 * @param command What the holder is doing, for messages.
 * @returns `null`: it is not there and was not made.
 */
export function openPidLockable(
  system: System,
  path: string,
  createMode: number | null,
  command: string,
): PidLockable | null {
  const stat = system.disk.lstat(path);
  if (stat !== null && stat.kind !== "file") throw noLockable(stat.kind, path);
  if (stat === null) {
    if (createMode === null) return null;
    system.disk.openOrCreateAppend(path, createMode).close();
  }
  return new PidLockable(system, path, command);
}

/** See {@link openPidLockable}. */
export class PidLockable implements LockableFile {
  /** Why the last attempt failed. */
  refusal: Refusal | null = null;
  private held: HeldLock | null = null;
  private forget: () => void = () => {};

  constructor(private readonly system: System, private readonly path: string, private readonly command: string) {}

  /** The lock file itself. */
  get lockPath(): string {
    return pidLockBackend(this.system, this.path, this.command, 0).path;
  }

  tryLock(): boolean {
    const outcome = pidLockBackend(this.system, this.path, this.command, 0o666).tryTake();
    this.refusal = "refusal" in outcome ? outcome.refusal : null;
    if (!("held" in outcome)) return false;
    this.held = outcome.held;
    this.forget = this.system.onEnd(() => outcome.held.release(), false);
    return true;
  }

  unlock(): void {
    const { held } = this;
    this.held = null;
    this.forget();
    held?.release();
  }

  stat(): FileStat {
    const stat = this.system.disk.lstat(this.path);
    if (stat === null) throw new DiskError("ENOENT", "examine", this.path);
    return stat;
  }

  read(): string {
    const bytes = this.system.disk.readFile(this.path, LOCK_TEXT_BYTES_MAX);
    return bytes === null ? "" : new TextDecoder().decode(bytes);
  }

  overwrite(text: string): void {
    using file = this.system.disk.openAppend(this.path);
    if (file === null) throw new DiskError("ENOENT", "write", this.path);
    file.truncate(0);
    file.write(utf8(text));
  }

  sync(): void {
    this.system.disk.syncFile(this.path);
  }

  close(): void {
    this.unlock();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
