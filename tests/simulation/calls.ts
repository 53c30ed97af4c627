/**
 * The calls that a simulated process makes: counted, recorded, and made to fail or to be the last one.
 *
 * @module
 */
import { DiskError } from "../../src/platform/disk.ts";

/** A call of the disk, as recorded. */
export interface CallRecord {
  /** Number of the call in its process, from 1 on. */
  index: number;
  /** The method's name; a method of an open file or lock has it in front: `file.write`. */
  operation: string;
  /** The path it was about. */
  path: string;
  /** The other path of a rename or link (where to), or the text of a symbolic link. */
  to?: string;
  /** How many bytes a write wrote. */
  bytes?: number;
}

/** The process was killed; code under test must let this pass. */
export class SimCrash extends Error {
  override readonly name = "SimCrash";
}

/** Calls that make something durable. */
export const FLUSHES: ReadonlySet<string> = new Set([
  "file.sync",
  "syncFile",
  "syncDirectory",
  "syncFileSystem",
  "lock.sync",
]);

/** Calls that change neither what is visible nor what is durable. */
export const READS: ReadonlySet<string> = new Set([
  "readFile",
  "openRead",
  "openAppend",
  "stat",
  "lstat",
  "list",
  "readLink",
  "realPath",
  "isShared",
  "file.readAt",
  "file.stat",
  "file.close",
  "process.look",
  "lock.open",
  "lock.tryLock",
  "lock.unlock",
  "lock.stat",
  "lock.read",
  "lock.close",
]);

/** A close gives the descriptor back whatever it says, and to look for a process is no matter of the disk. */
const CANNOT_FAIL: ReadonlySet<string> = new Set(["file.close", "lock.close", "process.look"]);

/** What an observer is told: a call took effect, or half of a write did. */
export type CallObserver = (record: CallRecord, progress: "done" | "half written") => void;

/** How a failing call fails. */
export interface FaultOptions {
  /** `once` (default), or this call and all after it. */
  lasting?: "once" | "from then on";
  /** How many bytes a failing write still writes (default: half of them). */
  bytesWritten?: number;
}

/** Counts calls and decides what becomes of each. */
export class CallGate {
  /** How many calls were made. */
  count = 0;
  /** How many of them were flushes. */
  flushCount = 0;
  /** What was called, unless recording is off. */
  readonly trace: CallRecord[] = [];
  /** Whether calls are recorded. */
  recording = true;
  /** Told of each call after it took effect. */
  observer: CallObserver | null = null;
  /** Whether the process was killed. */
  dead = false;
  /** Called before each call; the simulated clock goes on here. */
  onCall: () => void = () => {};
  private crash: { index: number; when: "before" | "after" } | null = null;
  private fault: { index: number; errno: string; options: FaultOptions } | null = null;
  private ignoredFlush = 0;

  /** The process dies at its n-th call, before or after it takes effect. */
  crashAt(index: number, when: "before" | "after"): void {
    this.crash = { index, when };
  }

  /** The n-th call fails. */
  failAt(index: number, errno: string, options: FaultOptions): void {
    this.fault = { index, errno, options };
  }

  /** The n-th flush is left out. */
  ignoreFlush(index: number): void {
    this.ignoredFlush = index;
  }

  /** Lets a call happen. `partly`, of a write, writes some bytes of a write that fails. */
  call<T>(operation: string, path: string, body: () => T, more?: CallMore): T {
    if (this.dead) throw new SimCrash(`${operation} ${path}: the process is dead`);
    const index = ++this.count;
    this.onCall();
    const record: CallRecord = { index, operation, path };
    if (more?.to !== undefined) record.to = more.to;
    if (more?.bytes !== undefined) record.bytes = more.bytes;
    if (this.recording) this.trace.push(record);
    this.dieIfDue(index, "before", record);
    this.failIfDue(index, record, more);
    if (FLUSHES.has(operation) && ++this.flushCount === this.ignoredFlush) return more?.whenLeftOut as T;
    if (this.observer !== null && more?.half !== undefined) {
      more.half();
      this.observer(record, "half written");
    }
    const result = body();
    this.observer?.(record, "done");
    this.dieIfDue(index, "after", record);
    return result;
  }

  private dieIfDue(index: number, when: "before" | "after", record: CallRecord): void {
    if (this.crash?.index !== index || this.crash.when !== when) return;
    this.dead = true;
    throw new SimCrash(`killed ${when} call ${index}: ${record.operation} ${record.path}`);
  }

  private failIfDue(index: number, record: CallRecord, more: CallMore | undefined): void {
    const fault = this.fault;
    if (fault === null || index < fault.index) return;
    if (index > fault.index && fault.options.lasting !== "from then on") return;
    if (CANNOT_FAIL.has(record.operation)) {
      this.fault = { ...fault, index: index + 1 };
      return;
    }
    more?.partly?.(fault.options.bytesWritten);
    throw new DiskError(fault.errno, record.operation, record.path);
  }
}

/** What belongs to some calls only. */
export interface CallMore {
  /** See {@link CallRecord.to}. */
  to?: string;
  /** See {@link CallRecord.bytes}. */
  bytes?: number;
  /** What a flush that is left out returns. */
  whenLeftOut?: unknown;
  /** Writes the given number of bytes, or half of all. */
  partly?: (bytes: number | undefined) => void;
  /** Does the first half of a write, of which the body then does the rest. */
  half?: () => void;
}
