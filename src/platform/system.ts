/**
 * Everything outside of the program, as one value: disk, locks, clock, random source, environment, other programs.
 *
 * The engine takes a {@link System}, so that the same code runs on this machine ({@link realSystem} in
 * `real_system.ts`) and in the simulation of the tests.
 *
 * @module
 */
import type { Disk, FileStat } from "./disk.ts";

/** Time. */
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  nowMs(): number;
  /** Milliseconds from an arbitrary beginning, never going back. */
  monotonicMs(): number;
  /** Minutes east of UTC of local time at an instant (milliseconds since 1970), for reflog lines. */
  timeZoneMinutes(atMs: number): number;
  /** Waits. */
  sleep(ms: number): Promise<void>;
  /** Waits without giving way to other tasks; only for the short waits for git's own locks. */
  sleepSync(ms: number): void;
}

/** A file that can be flocked; it holds a short text for messages. */
export interface LockableFile extends Disposable {
  /** Tries to take the exclusive flock. `null`: flock is not to be had here. */
  tryLock(): boolean | null;
  /** Gives the flock back. */
  unlock(): void;
  /** What the open file is. */
  stat(): FileStat;
  /** The whole text. */
  read(): string;
  /** Replaces the text in place; a crash may leave it torn. */
  overwrite(text: string): void;
  /** Flushes the text. */
  sync(): void;
  /** Closes the file; a flock goes with it. */
  close(): void;
}

/** This process and its host. */
export interface Host {
  /** Process id. */
  readonly pid: number;
  /** Host name. */
  readonly hostName: string;
  /** Effective user id; `null` where there is no such thing (Windows). */
  readonly userId: number | null;
  /** Identity of the running kernel; `null` where it cannot be learned. */
  readonly bootId: string | null;
  /** Identity of the pid namespace, within which process ids mean something; `null` where it cannot be learned. */
  readonly pidNamespace: string | null;
  /** Working directory, absolute. */
  readonly workingDirectory: string;
  /** `linux`, `darwin`, `win32`. */
  readonly platform: string;
}

/** What is known of a process that runs. */
export interface ProcessFacts {
  /** When it was started, in the kernel's own count; with the pid it names one process. `null`: it cannot be learned. */
  readonly startTime: string | null;
}

/** How another program ended. */
export interface ProgramEnd {
  /** Its exit code; 128 + n when a signal n ended it; 127 not found; 126 not executable. */
  exitCode: number;
  /** Why it could not be started, as the system names it (`ENOENT`); absent where it was. */
  startErrno?: string;
}

/** How another program ended, and what it said. */
export interface RunResult extends ProgramEnd {
  /** What it wrote to its standard output, when that was captured; else empty. */
  stdout: Uint8Array;
}

/** How another program is started. */
export interface RunOptions {
  /** Working directory. */
  cwd?: string;
  /** The whole environment; without it, the present one is inherited. */
  env?: Record<string, string>;
  /** What it reads: bytes, nothing, or what we read. */
  stdin?: Uint8Array | "inherit" | "ignore";
  /** Where its output goes. Its messages always go to our standard error. */
  stdout?: "capture" | "inherit" | "to-stderr";
  /**
   * A flocked file that it and its children inherit: the flock then lasts until the last of them has ended, or until it
   * is given back. Only Bun can hand a descriptor on.
   */
  inherit?: LockableFile;
}

/** A program that runs beside us. */
export interface RunningProgram {
  /** What it writes to its standard output, to be read once, until all who hold that have closed it; else nothing. */
  readonly output: AsyncIterable<Uint8Array>;
  /** How it ended; 127 or 126 where it could not be started. Never rejected. */
  readonly ended: Promise<ProgramEnd>;
  /** Asks it to end, by SIGTERM when nothing else is said; does nothing when it has. */
  stop(signal?: "SIGHUP" | "SIGINT" | "SIGTERM" | "SIGKILL"): void;
}

/** How a program is started that runs beside us. */
export interface StartOptions {
  /** Working directory. */
  readonly cwd: string;
  /** The whole environment; without it, the present one is inherited. */
  readonly env?: Record<string, string>;
  /** Whether its output is read here, or goes where ours goes. */
  readonly stdout: "read" | "inherit";
}

/** Everything outside of the program. */
export interface System {
  /** Files and folders. */
  readonly disk: Disk;
  /** Time. */
  readonly clock: Clock;
  /** This process and its host. */
  readonly host: Host;
  /** Environment variables, as they were at the start. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Random bytes, fit for identifiers and tokens. */
  randomBytes(count: number): Uint8Array;
  /**
   * Opens (and, with a mode, creates) a file that can be flocked. `null`: it is not there and was not created. Without a
   * mode it may be read-only: then it can be locked and read.
   */
  openLockable(path: string, createMode: number | null): LockableFile | null;
  /**
   * Looks whether a process of this pid namespace runs. `null`: there is none, or it has ended and only waits for its
   * parent to notice.
   */
  lookUpProcess(pid: number): ProcessFacts | null;
  /**
   * Calls a hook when this process ends by itself, be it by an error that nobody caught.
   *
   * @param hook Gives back what is held, without waiting for anything.
   * @param signals Whether it is called as well when SIGHUP, SIGINT or SIGTERM ask for the end, which they then cause.
   * @returns Takes the hook off again.
   */
  onEnd(hook: () => void, signals: boolean): () => void;
  /** Runs a program and waits for it. Never through a shell. */
  run(command: string[], options?: RunOptions): RunResult;
  /**
   * Starts a program and goes on; never through a shell. It reads what we read, and its messages go to our standard error.
   */
  start(command: string[], options: StartOptions): RunningProgram;
}
