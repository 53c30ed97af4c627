/**
 * This machine: the {@link System} on which the executable runs.
 *
 * @module
 */
import * as fs from "node:fs";
import type { Clock, Host, LockableFile, ProcessFacts, RunOptions, RunResult, System } from "./system.ts";
import { DiskError, type FileStat, isDiskError, noLockable } from "./disk.ts";
import { isNotUtf8, nativePath, realDisk, toStat } from "./real_disk.ts";
import { exactCommand } from "./exact_command.ts";
import { nameableFolder, prepareForEnds, signalNumber, startFailure, startProgram } from "./start_program.ts";
import { exactEnvironment, exactWorkingDirectory } from "./exact_names.ts";
import { bun, deno, type DenoFile } from "./runtime.ts";
import { onExit, onSignal } from "./process.ts";
import { releaseFlock, tryFlock } from "./native.ts";
import { utf8 } from "./text.ts";

interface NodeProcess {
  pid: number;
  platform: string;
  env: Record<string, string | undefined>;
  cwd(): string;
  geteuid?(): number;
  kill(pid: number, signal: number): void;
  getBuiltinModule(id: string): unknown;
}

const nodeProcess = (globalThis as unknown as { process: NodeProcess }).process;

/** Longest time of a runtime's timer, in milliseconds: a longer one would be over at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;

function timer(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const realClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: bun === undefined ? () => performance.now() : () => bun!.nanoseconds() / 1_000_000,
  timeZoneMinutes: (atMs) => -new Date(atMs).getTimezoneOffset(),
  async sleep(ms) {
    let leftMs = ms;
    for (; leftMs > TIMER_MS_MAX; leftMs -= TIMER_MS_MAX) await timer(TIMER_MS_MAX);
    await timer(leftMs);
  },
  sleepSync: (ms) => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  },
};

/** Host facts; those that cost a call are learned when first asked for. */
class RealHost implements Host {
  readonly pid = nodeProcess.pid;
  readonly platform = nodeProcess.platform;
  private knownBootId: string | null | undefined;
  private knownPidNamespace: string | null | undefined;
  private knownHostName: string | undefined;

  get hostName(): string {
    return this.knownHostName ??= kernelHostName() ??
      (nodeProcess.getBuiltinModule("node:os") as { hostname(): string }).hostname();
  }

  get userId(): number | null {
    return nodeProcess.geteuid?.() ?? null;
  }

  get bootId(): string | null {
    this.knownBootId ??= readBootId();
    return this.knownBootId;
  }

  get pidNamespace(): string | null {
    this.knownPidNamespace ??= readPidNamespace();
    return this.knownPidNamespace;
  }

  get workingDirectory(): string {
    try {
      return exactWorkingDirectory(nodeProcess.cwd());
    } catch (cause) {
      if (cause instanceof DiskError) throw cause;
      throw new DiskError(isNotUtf8(cause) ? "EILSEQ" : "ENOENT", "find the working folder", ".", { cause });
    }
  }
}

/** The host name where Linux shows it in a file: to load `node:os` costs ten times as much as to read that. */
function kernelHostName(): string | null {
  if (bun === undefined || nodeProcess.platform !== "linux") return null;
  const bytes = realDisk.readFile("/proc/sys/kernel/hostname");
  return bytes === null ? null : new TextDecoder().decode(bytes).trim();
}

function readBootId(): string | null {
  return askKernel(() => {
    const bytes = realDisk.readFile("/proc/sys/kernel/random/boot_id");
    return bytes === null ? null : new TextDecoder().decode(bytes).trim();
  });
}

function readPidNamespace(): string | null {
  return askKernel(() => realDisk.readLink("/proc/self/ns/pid"));
}

/** Deno opens /proc only to who may do everything; not to know costs time or patience, never safety. */
function askKernel<T>(question: () => T | null): T | null {
  try {
    return question();
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "NotCapable") throw error;
    return null;
  }
}

/** A process's line in /proc: its state, and when it was started; `null` where that is not shown. See proc(5). */
function readProcessLine(pid: number): { state: string; startTime: string } | null {
  const bytes = askKernel(() => realDisk.readFile(`/proc/${pid}/stat`));
  if (bytes === null) return null;
  const line = new TextDecoder().decode(bytes);
  // The second field is the program's name in brackets, which may itself hold blanks and brackets.
  const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
  const [state, startTime] = [fields[STATE_FIELD], fields[START_TIME_FIELD]];
  return state === undefined || startTime === undefined ? null : { state, startTime };
}

/** Fields of /proc/<pid>/stat, counted behind the name. */
const STATE_FIELD = 0;
const START_TIME_FIELD = 19;

/** States of a process that has ended: only its parent has not noticed. */
const ENDED_STATES: ReadonlySet<string> = new Set(["Z", "X", "x"]);

let ownFacts: ProcessFacts | null | undefined;

/** Whoever asks of this very process runs in it, and was started once. */
function lookUpProcess(pid: number): ProcessFacts | null {
  return pid === nodeProcess.pid ? ownFacts ??= lookUp(pid) : lookUp(pid);
}

function lookUp(pid: number): ProcessFacts | null {
  const line = readProcessLine(pid);
  if (line !== null) return ENDED_STATES.has(line.state) ? null : { startTime: line.startTime };
  // /proc may not be there, or not show what belongs to others (`hidepid`); signal 0 only asks.
  try {
    nodeProcess.kill(pid, 0);
    return { startTime: null };
  } catch (error) {
    if ((error as { code?: string }).code === "ESRCH") return null;
    return { startTime: null }; // it is there and not ours, or we may not ask
  }
}

/** From the kernel's own file on Linux: to read it costs half of what the runtime needs to set up `crypto`. */
function kernelRandomBytes(count: number): Uint8Array<ArrayBuffer> | null {
  if (bun === undefined || nodeProcess.platform !== "linux") return null;
  const bytes = realDisk.readFile("/dev/urandom", count);
  return bytes?.length === count ? new Uint8Array(bytes) : null;
}

/** By itself, as is what names `performance` and `Atomics`: Bun sets up what a function names when it is entered. */
function runtimesRandomBytes(count: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(count));
}

let environment: System["env"] | undefined;

/** This machine. */
export const realSystem: System = {
  disk: realDisk,
  clock: realClock,
  host: new RealHost(),
  get env() {
    return environment ??= bun === undefined ? nodeProcess.env : exactEnvironment(nodeProcess.env);
  },
  randomBytes: (count) => kernelRandomBytes(count) ?? runtimesRandomBytes(count),
  openLockable,
  lookUpProcess,
  onEnd,
  run,
  start: (command, options) => startProgram(command, options, realSystem.env),
};

function onEnd(hook: () => void, signals: boolean): () => void {
  const forgets = [onExit(hook), ...(signals ? [onSignal(hook)] : [])];
  return () => {
    for (const forget of forgets) forget();
  };
}

function openLockable(path: string, createMode: number | null): LockableFile | null {
  if (createMode !== null && realDisk.lstat(path) === null) {
    try {
      realDisk.create(path, createMode).close();
    } catch (error) {
      if (!(error instanceof DiskError && error.errno === "EEXIST")) throw error; // another process was first
    }
  }
  const stat = realDisk.lstat(path);
  if (stat === null) return null;
  if (stat.kind !== "file") throw noLockable(stat.kind, path);
  try {
    return openLock(path, true);
  } catch (error) {
    // Who creates nothing may only be looking, for which reading is enough; flock(2) does not ask for more either.
    if (createMode === null && isDiskError(error, "EACCES", "EPERM", "EROFS")) return openLock(path, false);
    throw error;
  }
}

function openLock(path: string, write: boolean): LockableFile {
  try {
    return deno === undefined
      ? new DescriptorLockable(path, write)
      : new DenoLockable(path, deno.openSync(path, { read: true, write }));
  } catch (cause) {
    throw new DiskError((cause as { code?: string }).code ?? "EIO", "open the lock", path, { cause });
  }
}

/** A lockable file by its descriptor; `flock(2)` through the C library. */
class DescriptorLockable implements LockableFile {
  private descriptor: number;

  constructor(private readonly path: string, write: boolean) {
    const access = write ? fs.constants.O_RDWR : fs.constants.O_RDONLY;
    this.descriptor = fs.openSync(nativePath(path), access | (fs.constants.O_NOFOLLOW ?? 0));
  }

  /** Its descriptor, to be handed on to a program. */
  get number(): number {
    return this.descriptor;
  }

  tryLock(): boolean | null {
    return tryFlock(this.descriptor);
  }

  unlock(): void {
    releaseFlock(this.descriptor);
  }

  stat(): FileStat {
    return this.attempt("look at", () => toStat(fs.fstatSync(this.descriptor, { bigint: true })));
  }

  read(): string {
    return this.attempt("read", () => {
      const size = fs.fstatSync(this.descriptor).size;
      const buffer = new Uint8Array(size < LOCK_TEXT_BYTES_MAX ? size : LOCK_TEXT_BYTES_MAX);
      const count = fs.readSync(this.descriptor, buffer, 0, buffer.length, 0);
      return new TextDecoder().decode(buffer.subarray(0, count));
    });
  }

  overwrite(text: string): void {
    this.attempt("write", () => {
      const bytes = utf8(text);
      for (let done = 0; done < bytes.length;) {
        done += fs.writeSync(this.descriptor, bytes, done, bytes.length - done, done);
      }
      // Cut only now, and where it is needed: ext4 writes a file out at once that was emptied and filled again.
      if (fs.fstatSync(this.descriptor).size > bytes.length) fs.ftruncateSync(this.descriptor, bytes.length);
    });
  }

  sync(): void {
    this.attempt("flush", () => fs.fsyncSync(this.descriptor));
  }

  /** What the system refuses is an error of the disk that names the file. */
  private attempt<T>(action: string, call: () => T): T {
    try {
      return call();
    } catch (cause) {
      throw new DiskError((cause as { code?: string }).code ?? "EIO", action, this.path, { cause });
    }
  }

  close(): void {
    if (this.descriptor < 0) return;
    fs.closeSync(this.descriptor);
    this.descriptor = -1;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** A lock file holds a line about its holder; more than this is not ours. */
const LOCK_TEXT_BYTES_MAX = 64 * 1024;

/** A lockable file of Deno, whose own `tryLockSync` is `flock(2)`. */
class DenoLockable implements LockableFile {
  private open = true;

  constructor(private readonly path: string, private readonly file: DenoFile) {}

  tryLock(): boolean | null {
    return this.file.tryLockSync(true);
  }

  unlock(): void {
    this.file.unlockSync();
  }

  /** Deno rounds inode numbers of an open file, so the name's exact one is taken where both round to the same. */
  stat(): FileStat {
    const stat = this.statOpened() ?? realDisk.stat(this.path);
    if (stat === null) throw new DiskError("ENOENT", "examine", this.path);
    return stat;
  }

  read(): string {
    const bytes = realDisk.readFile(this.path) ?? new Uint8Array();
    return new TextDecoder().decode(bytes.subarray(0, LOCK_TEXT_BYTES_MAX));
  }

  overwrite(text: string): void {
    const bytes = utf8(text);
    this.file.seekSync(0, 0);
    for (let done = 0; done < bytes.length;) done += this.file.writeSync(bytes.subarray(done));
    if (this.file.statSync().size > bytes.length) this.file.truncateSync(bytes.length); // only now, as above
  }

  sync(): void {
    realDisk.syncFile(this.path);
  }

  close(): void {
    if (!this.open) return;
    this.open = false;
    this.file.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  private statOpened(): FileStat | null {
    const { dev, ino } = this.file.statSync();
    const named = realDisk.stat(this.path);
    if (named === null || ino === null) return null;
    return Number(named.inode) === ino && Number(named.device) === dev ? named : { ...named, inode: BigInt(ino) };
  }
}

function run(command: string[], options: RunOptions = {}): RunResult {
  prepareForEnds();
  return bun === undefined ? runByDeno(command, options) : runByBun(command, options);
}

function runByBun(given: string[], options: RunOptions): RunResult {
  const { command, ...environment } = exactCommand(given, options.env, realSystem.env);
  try {
    using folder = nameableFolder(options.cwd);
    const result = bun!.spawnSync(command, {
      ...(folder.path === undefined ? {} : { cwd: folder.path }),
      ...environment,
      stdio: [
        options.stdin ?? "inherit",
        // A pipe would be waited for until its last writer is gone, and a program may leave children behind.
        options.stdout === "capture" ? "pipe" : options.stdout === "to-stderr" ? 2 : "inherit",
        "inherit",
        ...(options.inherit instanceof DescriptorLockable ? [options.inherit.number] : []),
      ],
    });
    const exitCode = result.signalCode === undefined || result.signalCode === null
      ? result.exitCode ?? 0
      : 128 + signalNumber(result.signalCode);
    return { exitCode, stdout: new Uint8Array(result.stdout ?? []) };
  } catch (error) {
    return { ...startFailure(error), stdout: new Uint8Array() };
  }
}

function runByDeno(command: string[], options: RunOptions): RunResult {
  const { spawnSync } = nodeProcess.getBuiltinModule("node:child_process") as {
    spawnSync(program: string, args: string[], options: Record<string, unknown>): {
      status: number | null;
      signal: string | null;
      stdout: Uint8Array | null;
      error?: unknown;
    };
  };
  const input = options.stdin instanceof Uint8Array ? options.stdin : undefined;
  const result = spawnSync(command[0]!, command.slice(1), {
    cwd: options.cwd,
    env: options.env,
    input,
    stdio: [
      input === undefined ? options.stdin ?? "inherit" : "pipe",
      options.stdout === "capture" ? "pipe" : options.stdout === "to-stderr" ? 2 : "inherit",
      "inherit",
    ],
  });
  if ((result.status ?? null) === null && (result.signal ?? null) === null) {
    return { ...startFailure(result.error ?? { code: "EACCES" }), stdout: new Uint8Array() }; // of a file that is no program Deno says nothing at all
  }
  const signal = result.signal ?? null; // Deno leaves it undefined where Node has null
  const exitCode = signal === null ? result.status ?? 0 : 128 + signalNumber(signal);
  return { exitCode, stdout: new Uint8Array(result.stdout ?? []) };
}
