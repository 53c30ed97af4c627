/**
 * The machine as a simulated process in a thread of its own sees it: every call is asked of the main thread.
 *
 * @module
 */
import { type DirectoryEntry, type Disk, DiskError, type FileStat, type OpenFile } from "../../src/platform/disk.ts";
import type {
  Clock,
  Host,
  LockableFile,
  ProcessFacts,
  RunningProgram,
  RunOptions,
  RunResult,
  System,
} from "../../src/platform/system.ts";
import { utf8 } from "../../src/platform/text.ts";
import { SimCrash } from "./calls.ts";
import type { Channel } from "./channel.ts";
import { type SeededRandom, seededRandom } from "./random.ts";
import { openOrCreateLockable } from "./sim_system.ts";

/** What a process is told when it starts. */
export interface Birth {
  host: Host;
  env: Record<string, string | undefined>;
  /** Seed of its random bytes. */
  seed: number;
  /** Present time, in microseconds since 1970. */
  timeUs: number;
}

/** Asks the machine; dead after a kill. */
export class Caller {
  timeUs: number;
  private dead: string | null = null;

  constructor(private readonly channel: Channel, birth: Birth) {
    this.timeUs = birth.timeUs;
  }

  /** Whether the process was killed. */
  get isDead(): boolean {
    return this.dead !== null;
  }

  /**
   * Makes a call.
   *
   * @throws {DiskError} It failed.
   * @throws {SimCrash} The process is dead.
   */
  call(operation: string, ...args: unknown[]): unknown {
    if (this.dead !== null) throw new SimCrash(this.dead);
    const { timeUs, value, failure, killed, broken } = this.channel.ask({ operation, args });
    this.timeUs = timeUs;
    if (killed !== undefined) {
      this.dead = killed;
      throw new SimCrash(killed);
    }
    if (broken !== undefined) throw new Error(`the simulation failed: ${broken}`);
    if (failure !== undefined) throw new DiskError(failure.errno, failure.action, failure.path);
    return value;
  }
}

/** A simulated machine as a process in another thread sees it. */
export class RemoteSystem implements System {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly host: Host;
  readonly env: Readonly<Record<string, string | undefined>>;
  private readonly random: SeededRandom;

  constructor(private readonly caller: Caller, birth: Birth) {
    this.disk = new RemoteDisk(caller);
    this.host = birth.host;
    this.env = birth.env;
    this.random = seededRandom(birth.seed);
    const startUs = birth.timeUs;
    const sleepSync = (ms: number): void => void caller.call("sleep", ms);
    this.clock = {
      nowMs: () => Math.floor(caller.timeUs / 1000),
      monotonicMs: () => (caller.timeUs - startUs) / 1000,
      timeZoneMinutes: () => 0,
      sleep: (ms) => Promise.resolve(sleepSync(ms)),
      sleepSync,
    };
  }

  randomBytes(count: number): Uint8Array {
    return this.random.bytes(count);
  }

  openLockable(path: string, createMode: number | null): LockableFile | null {
    return openOrCreateLockable(this.disk, path, createMode, () => {
      const handle = this.caller.call("lock.open", path) as number | null;
      return handle === null ? null : new RemoteLockable(this.caller, handle);
    });
  }

  lookUpProcess(pid: number): ProcessFacts | null {
    return this.caller.call("process.look", pid) as ProcessFacts | null;
  }

  /** A simulated process is killed, or ends where its program does: no hook is called. */
  onEnd(): () => void {
    return () => {};
  }

  run(command: string[], options: RunOptions = {}): RunResult {
    const inherited = options.inherit instanceof RemoteLockable ? options.inherit.handle : null;
    const exitCode = this.caller.call("run", command, options.env ?? null, inherited) as number;
    return { exitCode, stdout: new Uint8Array() };
  }

  start(): RunningProgram {
    throw new Error("the simulation starts no program that runs beside others");
  }
}

class RemoteDisk implements Disk {
  constructor(private readonly caller: Caller) {}

  readFile(path: string, bytesMax?: number): Uint8Array | null {
    return this.call("readFile", path, bytesMax ?? null) as Uint8Array | null;
  }
  openRead(path: string): OpenFile | null {
    return this.file(path, this.call("openRead", path));
  }
  create(path: string, mode = 0o666): OpenFile {
    return this.file(path, this.call("create", path, mode))!;
  }
  openAppend(path: string): OpenFile | null {
    return this.file(path, this.call("openAppend", path));
  }
  openOrCreateAppend(path: string, mode = 0o666): OpenFile {
    return this.file(path, this.call("openOrCreateAppend", path, mode))!;
  }
  stat(path: string): FileStat | null {
    return this.call("stat", path) as FileStat | null;
  }
  lstat(path: string): FileStat | null {
    return this.call("lstat", path) as FileStat | null;
  }
  list(path: string): DirectoryEntry[] | null {
    return this.call("list", path) as DirectoryEntry[] | null;
  }
  readLink(path: string): string | null {
    return this.call("readLink", path) as string | null;
  }
  realPath(path: string): string | null {
    return this.call("realPath", path) as string | null;
  }
  makeDirectory(path: string, mode = 0o777): void {
    this.call("makeDirectory", path, mode);
  }
  removeDirectory(path: string): void {
    this.call("removeDirectory", path);
  }
  link(existing: string, path: string): void {
    this.call("link", existing, path);
  }
  rename(from: string, to: string): void {
    this.call("rename", from, to);
  }
  symlink(target: string, path: string): void {
    this.call("symlink", target, path);
  }
  unlink(path: string): void {
    this.call("unlink", path);
  }
  chmod(path: string, mode: number): void {
    this.call("chmod", path, mode);
  }
  setTimes(path: string, mtimeNs: bigint): void {
    this.call("setTimes", path, mtimeNs);
  }
  syncFile(path: string): void {
    this.call("syncFile", path);
  }
  syncDirectory(path: string): void {
    this.call("syncDirectory", path);
  }
  syncFileSystem(path: string): boolean {
    return this.call("syncFileSystem", path) as boolean;
  }
  isShared(path: string): boolean {
    return this.call("isShared", path) as boolean;
  }

  private call(method: keyof Disk, ...args: unknown[]): unknown {
    return this.caller.call(`disk.${method}`, ...args);
  }

  private file(path: string, handle: unknown): OpenFile | null {
    return handle === null ? null : new RemoteFile(this.caller, path, handle as number);
  }
}

class RemoteFile implements OpenFile {
  private open = true;

  constructor(private readonly caller: Caller, readonly path: string, private readonly handle: number) {}

  readAt(buffer: Uint8Array, position: number): number {
    const bytes = this.caller.call("file.readAt", this.handle, buffer.length, position) as Uint8Array;
    buffer.set(bytes);
    return bytes.length;
  }
  write(bytes: Uint8Array): void {
    this.caller.call("file.write", this.handle, bytes);
  }
  truncate(length: number): void {
    this.caller.call("file.truncate", this.handle, length);
  }
  sync(): void {
    this.caller.call("file.sync", this.handle);
  }
  stat(): FileStat {
    return this.caller.call("file.stat", this.handle) as FileStat;
  }
  close(): void {
    if (!this.open) return;
    this.open = false;
    if (!this.caller.isDead) this.caller.call("file.close", this.handle); // the kernel has closed a dead one's
  }
  [Symbol.dispose](): void {
    this.close();
  }
}

class RemoteLockable implements LockableFile {
  private open = true;

  constructor(private readonly caller: Caller, readonly handle: number) {}

  tryLock(): boolean | null {
    return this.caller.call("lock.tryLock", this.handle) as boolean | null;
  }
  unlock(): void {
    this.caller.call("lock.unlock", this.handle);
  }
  stat(): FileStat {
    return this.caller.call("lock.stat", this.handle) as FileStat;
  }
  read(): string {
    return this.caller.call("lock.read", this.handle) as string;
  }
  overwrite(text: string): void {
    this.caller.call("lock.write", this.handle, text); // calls of their own: others see what lies between
    const { length } = utf8(text);
    if (this.stat().size > length) this.caller.call("lock.truncate", this.handle, length);
  }
  sync(): void {
    this.caller.call("lock.sync", this.handle);
  }
  close(): void {
    if (!this.open) return;
    this.open = false;
    if (!this.caller.isDead) this.caller.call("lock.close", this.handle);
  }
  [Symbol.dispose](): void {
    this.close();
  }
}
