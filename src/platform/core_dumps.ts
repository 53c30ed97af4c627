/**
 * No copy of this process's memory on disk when it crashes: for processes that hold secrets.
 *
 * The limit of core files is 0 from then on (`setrlimit(2)`, soft limit), and on Linux the process is not dumpable
 * (`prctl(2)`), by which other processes of the same user may not look into its memory either. Bun only: Deno calls no C
 * library without a permission of its own.
 *
 * @module
 */
import { loadCalls } from "./native.ts";
import { bun, type ForeignMemory } from "./runtime.ts";

interface LimitCalls {
  getrlimit(resource: number, limit: number): number;
  setrlimit(resource: number, limit: number): number;
  prctl?(option: number, value: bigint, third: bigint, fourth: bigint, fifth: bigint): number;
}

/** The same number on Linux and macOS. */
const RLIMIT_CORE = 4;
const PR_SET_DUMPABLE = 4;

interface Forbidden {
  readonly calls: LimitCalls;
  /** What the soft limit was. */
  readonly before: bigint;
  /** Whether the process is not dumped whatever its limit. */
  readonly isUndumpable: boolean;
}

let forbidden: Forbidden | null | undefined;

/**
 * Forbids core files of this process.
 *
 * @returns Whether they are forbidden; `false`: this runtime or platform has no call for it.
 */
export function forbidCoreDumps(): boolean {
  if (forbidden === undefined) forbidden = forbid();
  return forbidden !== null;
}

/**
 * Gives the limit that there was to the programs that are started from now on, where this process is not dumped all the
 * same. To be called when nothing but starting a program is left to do.
 */
export function giveCoreLimitBack(): void {
  if (forbidden?.isUndumpable === true) setSoftLimit(forbidden.calls, forbidden.before);
}

function forbid(): Forbidden | null {
  if (bun === undefined) return null;
  const calls = loadCalls<LimitCalls>(bun, (isLinux) => ({
    getrlimit: { args: ["i32", "ptr"], returns: "i32" },
    setrlimit: { args: ["i32", "ptr"], returns: "i32" },
    ...(isLinux ? { prctl: { args: ["i32", "u64", "u64", "u64", "u64"], returns: "i32" } } : {}),
  }));
  if (calls === null) return null;
  const before = setSoftLimit(calls, 0n);
  if (before === null) return null;
  return { calls, before, isUndumpable: calls.prctl?.(PR_SET_DUMPABLE, 0n, 0n, 0n, 0n) === 0 };
}

/** @returns The soft limit that there was; `null`: a call failed. */
function setSoftLimit(calls: LimitCalls, soft: bigint): bigint | null {
  const limit = new BigUint64Array(2); // struct rlimit: the soft limit, the hard one
  const place = placeOf(limit);
  if (calls.getrlimit(RLIMIT_CORE, place) !== 0) return null;
  const before = limit[0]!;
  limit[0] = soft;
  return calls.setrlimit(RLIMIT_CORE, place) === 0 ? before : null;
}

function placeOf(memory: ArrayBufferView): number {
  const direct = bun!.FFI?.ptr;
  if (direct !== undefined) return direct(memory);
  const { process } = globalThis as unknown as { process: { getBuiltinModule(id: string): unknown } };
  return (process.getBuiltinModule("bun:ffi") as Required<ForeignMemory>).ptr(memory);
}
