/**
 * The machine's side of a simulated process that runs in another thread: does its calls, one at a time, and cleans up
 * behind it when it ends or is killed.
 *
 * @module
 */
import { isDiskError, type OpenFile } from "../../src/platform/disk.ts";
import type { Answer, Request } from "./channel.ts";
import type { SimLockable, SimSystem } from "./sim_system.ts";

/** A flocked file that several processes have open: the flock goes when the last of them closes it or ends. */
interface SharedLockable {
  readonly file: SimLockable;
  users: number;
}

/** Does the calls of one process. */
export class ProcessHost {
  private readonly files = new Map<number, OpenFile>();
  private readonly locks = new Map<number, SharedLockable>();
  private lastHandle = 0;
  private isOver = false;

  /** @param inherited A flocked file of the parent that this process has open without knowing it. */
  constructor(readonly system: SimSystem, private readonly inherited: SharedLockable | null = null) {
    if (inherited !== null) inherited.users++;
  }

  /** Does a call of disk, open file or lock. */
  perform({ operation, args }: Request): Answer {
    const { storage } = this.system.disk;
    try {
      const value = this.dispatch(operation, args);
      return { timeUs: storage.timeUs, value };
    } catch (error) {
      if (isDiskError(error)) {
        const { errno, action, path } = error;
        return { timeUs: storage.timeUs, failure: { errno, action, path } };
      }
      return { timeUs: storage.timeUs, broken: error instanceof Error ? `${error.stack}` : String(error) };
    }
  }

  /** What a child is given of the flock that it inherits. */
  shared(handle: number): SharedLockable {
    const lock = this.locks.get(handle);
    if (lock === undefined) throw new Error(`no lock ${handle} is open`);
    return lock;
  }

  /** The process is over: the kernel closes what it had open, once. */
  end(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.system.disk.gate.dead = true;
    for (const lock of this.locks.values()) this.drop(lock);
    if (this.inherited !== null) this.drop(this.inherited);
    this.locks.clear();
    this.files.clear();
  }

  private drop(lock: SharedLockable): void {
    if (--lock.users === 0) lock.file.release();
  }

  private dispatch(operation: string, args: readonly unknown[]): unknown {
    const [family, method] = operation.split(".") as [string, string];
    switch (family) {
      case "disk":
        return this.onDisk(method, args);
      case "file":
        return this.onFile(method, args[0] as number, args.slice(1));
      case "process":
        return this.system.lookUpProcess(args[0] as number);
      case "lock":
        return method === "open" ? this.openLock(args[0] as string) : this.onLock(method, args[0] as number, args[1]);
      default:
        throw new Error(`there is no call ${operation}`);
    }
  }

  private onDisk(method: string, args: readonly unknown[]): unknown {
    const disk = this.system.disk as unknown as Record<string, (...args: unknown[]) => unknown>;
    const value = disk[method]!(...args.map((arg) => arg === null ? undefined : arg));
    switch (method) {
      case "openRead":
      case "create":
      case "openAppend":
      case "openOrCreateAppend":
        if (value === null) return null;
        this.files.set(++this.lastHandle, value as OpenFile);
        return this.lastHandle;
      default:
        return value ?? null;
    }
  }

  private onFile(method: string, handle: number, [first, second]: readonly unknown[]): unknown {
    const file = this.files.get(handle);
    if (file === undefined) throw new Error(`no file ${handle} is open`);
    switch (method) {
      case "readAt": {
        const buffer = new Uint8Array(first as number);
        return buffer.subarray(0, file.readAt(buffer, second as number));
      }
      case "write":
        return file.write(first as Uint8Array);
      case "truncate":
        return file.truncate(first as number);
      case "sync":
        return file.sync();
      case "stat":
        return file.stat();
      case "close":
        this.files.delete(handle);
        return file.close();
      default:
        throw new Error(`a file has no ${method}`);
    }
  }

  private openLock(path: string): number | null {
    const file = this.system.openExistingLockable(path);
    if (file === null) return null;
    this.locks.set(++this.lastHandle, { file, users: 1 });
    return this.lastHandle;
  }

  private onLock(method: string, handle: number, input: unknown): unknown {
    const lock = this.shared(handle);
    switch (method) {
      case "tryLock":
        return lock.file.tryLock();
      case "unlock":
        return lock.file.unlock();
      case "stat":
        return lock.file.stat();
      case "read":
        return lock.file.read();
      case "truncate":
        return lock.file.truncate(input as number);
      case "write":
        return lock.file.write(input as string);
      case "sync":
        return lock.file.sync();
      case "close":
        this.locks.delete(handle);
        if (lock.users === 1) return lock.file.close();
        return this.drop(lock);
      default:
        throw new Error(`a lock has no ${method}`);
    }
  }
}
