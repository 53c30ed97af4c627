/**
 * A simulated machine as one process sees it: disk, flocks, clock, random bytes, other programs; all from a seed.
 *
 * {@link SimSystem.nextProcess} starts the next process after this one ended or was killed (its flocks are gone, its pid
 * and random bytes differ), {@link SimSystem.onDisk} on a disk that went through a power cut (the boot id differs as
 * well). {@link SimSystem.neighbour} starts one that lives beside this one; `together.ts` interleaves such processes.
 *
 * @example
 * ```ts
 * import { SimDisk } from "./sim_disk.ts";
 * import { SimSystem } from "./sim_system.ts";
 *
 * const system = new SimSystem(SimDisk.fromTree({ "/repo/.git/HEAD": "ref: refs/heads/main\n" }), { seed: 7 });
 * system.disk.crashAt(12, "after");
 * // … the program under test throws SimCrash at its twelfth call …
 * const next = system.nextProcess();
 * for (const { label, disk } of system.disk.powerCuts({ seed: 7 })) console.log(label, system.onDisk(disk).host.bootId);
 * console.log(next.host.pid);
 * ```
 *
 * @module
 */
import { type Disk, DiskError, type FileStat, isDiskError, noLockable } from "../../src/platform/disk.ts";
import type {
  Clock,
  Host,
  LockableFile,
  ProcessFacts,
  RunningProgram,
  RunOptions,
  RunResult,
  StartOptions,
  System,
} from "../../src/platform/system.ts";
import { bytesToName, utf8 } from "../../src/platform/text.ts";
import { type SeededRandom, seededRandom } from "./random.ts";
import type { SimDisk } from "./sim_disk.ts";

/** What a simulated machine is like. */
export interface SimSystemOptions {
  /** Seed of the random bytes (default 1). */
  seed?: number;
  /** Environment variables (default: none). */
  env?: Record<string, string | undefined>;
  /** Working directory (default `/`). */
  workingDirectory?: string;
  /** Host name (default `simulated`). */
  hostName?: string;
  /** Pid namespace (default `pid:[1]`). */
  pidNamespace?: string | null;
  /** Stands for other programs; without it, starting one throws. */
  run?: (command: string[], options: RunOptions) => RunResult;
  /** Whether flock is to be had (default `true`). */
  hasFlock?: boolean;
}

/** A simulated machine as one process sees it. */
export class SimSystem implements System {
  readonly clock: Clock;
  readonly host: Host;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Seed of its random bytes. */
  readonly randomSeed: number;
  private readonly random: SeededRandom;

  /**
   * @param disk The disk; a process of its own, see {@link SimDisk.forNextProcess}.
   * @param options The rest of the machine; following processes inherit them.
   */
  constructor(readonly disk: SimDisk, private readonly options: SimSystemOptions = {}) {
    const { storage } = disk;
    const process = ++storage.processes;
    const startUs = storage.timeUs;
    const bootId = `00000000-0000-4000-8000-${storage.boots.toString(16).padStart(12, "0")}`;
    this.randomSeed = (options.seed ?? 1) * 1_000_003 + process * 1009 + storage.boots;
    this.random = seededRandom(this.randomSeed);
    this.env = options.env ?? {};
    this.host = {
      pid: 1000 + process,
      hostName: options.hostName ?? "simulated",
      userId: storage.userId,
      bootId,
      pidNamespace: options.pidNamespace === undefined ? "pid:[1]" : options.pidNamespace,
      workingDirectory: options.workingDirectory ?? "/",
      platform: "linux",
    };
    storage.living.set(this.host.pid, disk.gate);
    const advance = (ms: number): void => {
      storage.timeUs += Math.round(ms * 1000);
    };
    this.clock = {
      nowMs: () => Math.floor(storage.timeUs / 1000),
      monotonicMs: () => (storage.timeUs - startUs) / 1000,
      timeZoneMinutes: () => 0,
      sleep: (ms) => {
        advance(ms);
        return Promise.resolve();
      },
      sleepSync: advance,
    };
  }

  /** Starts the next process on the same machine: what is visible stays, flocks and open files are gone. */
  nextProcess(): SimSystem {
    return this.onDisk(this.disk.forNextProcess());
  }

  /**
   * Starts a process beside this one: both use the same disk and see each other's flocks.
   *
   * @param env Its environment; without it, that of this one.
   * @param workingDirectory Where it runs; without it, where this one does.
   */
  neighbour(env?: Record<string, string | undefined>, workingDirectory?: string): SimSystem {
    return new SimSystem(this.disk.forNeighbour(), {
      ...this.options,
      ...(env === undefined ? {} : { env }),
      ...(workingDirectory === undefined ? {} : { workingDirectory }),
    });
  }

  /** Starts a process of the same kind on another disk, such as one after a power cut. */
  onDisk(disk: SimDisk): SimSystem {
    return new SimSystem(disk, this.options);
  }

  randomBytes(count: number): Uint8Array {
    return this.random.bytes(count);
  }

  openLockable(path: string, createMode: number | null): LockableFile | null {
    return openOrCreateLockable(this.disk, path, createMode, () => this.openExistingLockable(path));
  }

  /** Opens a file that can be flocked, in one call. `null`: it is not there. */
  openExistingLockable(path: string): SimLockable | null {
    const { disk } = this;
    return disk.call("lock.open", path, () => {
      const ino = disk.inodeAt(path);
      if (ino === null) return null;
      const { kind } = disk.statOf(ino);
      if (kind !== "file") throw noLockable(kind, path);
      return new SimLockable(disk, path, ino, this.options.hasFlock ?? true);
    });
  }

  /** Looks whether a process runs: one that was started on this very disk and was not killed. */
  lookUpProcess(pid: number): ProcessFacts | null {
    return this.disk.call("process.look", String(pid), () => {
      const gate = this.disk.storage.living.get(pid);
      return gate === undefined || gate.dead ? null : { startTime: String(pid) };
    });
  }

  /** A simulated process is killed, or ends where its program does: no hook is called. */
  onEnd(): () => void {
    return () => {};
  }

  /** What {@link SimSystemOptions.run} stands for: it has ended before it is read. */
  start(command: string[], { cwd }: StartOptions): RunningProgram {
    const { stdout, ...end } = this.run(command, { cwd, stdout: "capture" });
    return { output: partsOf(stdout), ended: Promise.resolve(end), stop() {} };
  }

  run(command: string[], options: RunOptions = {}): RunResult {
    if (this.options.run === undefined) throw new Error(`the simulation has no program ${command.join(" ")}`);
    return this.options.run(command, options);
  }
}

async function* partsOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}

/** Opens a file that can be flocked; it is created before where it is not there and a mode is given. */
export function openOrCreateLockable<T>(disk: Disk, path: string, createMode: number | null, open: () => T): T {
  if (createMode !== null && disk.lstat(path) === null) {
    try {
      disk.create(path, createMode).close();
    } catch (error) {
      if (!isDiskError(error, "EEXIST")) throw error; // somebody else was first
    }
  }
  return open();
}

/** A lockable file of the simulated machine. */
export class SimLockable implements LockableFile {
  private open = true;

  constructor(
    private readonly disk: SimDisk,
    private readonly path: string,
    private readonly ino: number,
    private readonly hasFlock: boolean,
  ) {
    disk.openFiles++;
  }

  tryLock(): boolean | null {
    return this.call("lock.tryLock", () => {
      if (!this.hasFlock) return null;
      const holder = this.disk.flocks.get(this.ino);
      if (holder === undefined) this.disk.flocks.set(this.ino, this);
      return holder === undefined || holder === this;
    });
  }

  unlock(): void {
    this.call("lock.unlock", () => this.release());
  }

  stat(): FileStat {
    return this.call("lock.stat", () => this.disk.statOf(this.ino));
  }

  read(): string {
    return this.call("lock.read", () => new TextDecoder().decode(this.content()));
  }

  /** Written over what was there, then cut where that was longer, as the real one: others see what lies between. */
  overwrite(text: string): void {
    this.write(text);
    const { length } = utf8(text);
    if (this.stat().size > length) this.truncate(length);
  }

  /** The second half of {@link overwrite}. */
  truncate(length: number): void {
    this.disk.call("lock.truncate", this.path, () => this.disk.storage.truncate(this.ino, length, this.path));
  }

  /** The first half of {@link overwrite}: what stands behind the text stays. */
  write(text: string): void {
    const bytes = utf8(text);
    const { storage } = this.disk;
    let rest = bytes;
    const put = (count: number): void => {
      if (count > 0) storage.write(this.ino, bytes.length - rest.length, rest.subarray(0, count), this.path);
      rest = rest.subarray(count);
    };
    const half = bytes.length > 1 ? { half: () => put(bytes.length >> 1) } : {};
    this.disk.call("lock.write", this.path, () => put(rest.length), {
      bytes: bytes.length,
      partly: (count) => put(Math.min(count ?? bytes.length >> 1, bytes.length)),
      ...half,
    });
  }

  sync(): void {
    this.call("lock.sync", () => this.disk.storage.flush(this.ino));
  }

  /** Closes the file. When the process is dead this does nothing: the kernel has closed it. */
  close(): void {
    if (!this.open) return;
    this.open = false;
    this.disk.openFiles--;
    if (!this.disk.isDead) this.disk.call("lock.close", this.path, () => this.release());
  }

  [Symbol.dispose](): void {
    this.close();
  }

  private content(): Uint8Array {
    return this.disk.storage.visible.get(this.ino)!.content;
  }

  /** Gives the flock back; what the kernel does when the last process that has the file open ends. */
  release(): void {
    if (this.disk.flocks.get(this.ino) === this) this.disk.flocks.delete(this.ino);
  }

  private call<T>(operation: string, body: () => T): T {
    return this.disk.call(operation, this.path, () => {
      if (!this.open) throw new DiskError("EBADF", operation, this.path);
      return body();
    });
  }
}

/** Text of a file on a simulated disk, for tests; `null` when there is none. Not a call of the process. */
export function textAt(disk: SimDisk, path: string): string | null {
  const ino = disk.inodeAt(path);
  return ino === null ? null : bytesToName(disk.storage.visible.get(ino)!.content);
}
