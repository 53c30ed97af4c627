/**
 * System calls that neither runtime offers: `flock(2)` for Bun, and `syncfs(2)`, through Bun's foreign function
 * interface. Deno has its own flock and goes without `syncfs`.
 *
 * @module
 */
import { bun, type BunRuntime, type OpenLibrary } from "./runtime.ts";

interface NativeCalls {
  flock(descriptor: number, operation: number): number;
  syncfs(descriptor: number): number;
}

const LOCK_EX = 2;
const LOCK_NB = 4;
const LOCK_UN = 8;

/** The C library's names for it, by system. */
const LIBRARIES = ["libc.so.6", "libc.so", "libSystem.B.dylib"];

let calls: NativeCalls | null | undefined;

/** The C library's calls, or `null` where they cannot be had (Deno, a platform without the library). */
function nativeCalls(): NativeCalls | null {
  if (calls !== undefined) return calls;
  calls = bun === undefined ? null : load(bun);
  return calls;
}

function load(runtime: BunRuntime): NativeCalls | null {
  return loadCalls<NativeCalls>(runtime, (isLinux) => ({
    flock: { args: ["i32", "i32"], returns: "i32" },
    ...(isLinux ? { syncfs: { args: ["i32"], returns: "i32" } } : {}),
  }));
}

/**
 * Some calls of the C library.
 *
 * @param symbols What is called, and with what; Linux has some that macOS has not.
 * @returns `null`: it is not to be had.
 */
export function loadCalls<Calls>(
  runtime: BunRuntime,
  symbols: (isLinux: boolean) => Parameters<OpenLibrary>[1],
): Calls | null {
  const open = libraryOpener(runtime);
  for (const library of LIBRARIES) {
    try {
      const opened = open(library, symbols(!library.endsWith(".dylib")));
      if (!(opened instanceof Error)) return opened.symbols as Calls;
    } catch {
      continue; // this platform names its C library otherwise
    }
  }
  return null;
}

/**
 * What opens a library. The module `bun:ffi` wraps each symbol in a function that converts arguments; the calls here
 * take plain 32-bit numbers, for which what stands below that module will do, and is there in a fifth of the time
 * (0.1 ms instead of 0.5 ms). It returns its errors.
 */
function libraryOpener({ FFI }: BunRuntime): OpenLibrary {
  if (FFI?.dlopen !== undefined) return FFI.dlopen;
  const { getBuiltinModule } =
    (globalThis as unknown as { process: { getBuiltinModule(id: string): unknown } }).process;
  return (getBuiltinModule("bun:ffi") as { dlopen: OpenLibrary }).dlopen;
}

/**
 * Tries to take the exclusive flock of an open file.
 *
 * @returns Whether it was taken; `null` where the platform has no flock.
 */
export function tryFlock(descriptor: number): boolean | null {
  const native = nativeCalls();
  return native === null ? null : native.flock(descriptor, LOCK_EX | LOCK_NB) === 0;
}

/** Gives the flock of an open file back. */
export function releaseFlock(descriptor: number): void {
  nativeCalls()?.flock(descriptor, LOCK_UN);
}

/** Flushes the file system that holds an open file. `false`: there is no such call, or it failed. */
export function syncFileSystemOf(descriptor: number): boolean {
  const native = nativeCalls();
  return native !== null && native.syncfs !== undefined && native.syncfs(descriptor) === 0;
}
