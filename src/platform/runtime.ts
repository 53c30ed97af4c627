/**
 * Which runtime this is, and the few things of it that lattice calls by name.
 *
 * The two runtimes are described by the calls used here alone, so that the same sources type-check under both.
 *
 * @module
 */

/** Opens a library with some of its symbols; what goes wrong is thrown or returned. */
export type OpenLibrary = (
  library: string,
  symbols: Record<string, { args: string[]; returns: string }>,
) => { symbols: object } | Error;

/** What a library's calls take a place in memory as. */
export interface ForeignMemory {
  ptr?(memory: ArrayBufferView): number;
}

/** What lattice calls of Bun. */
export interface BunRuntime {
  version: string;
  /** Since this process started, or thereabouts. */
  nanoseconds(): number;
  /** What `bun:ffi` stands on, as far as this version shows it. */
  FFI?: { dlopen?: OpenLibrary } & ForeignMemory;
  /** The system's keychain. */
  secrets: {
    get(entry: { service: string; name: string }): Promise<string | null>;
    set(entry: { service: string; name: string; value: string }): Promise<void>;
    delete(entry: { service: string; name: string }): Promise<boolean>;
  };
  deflateSync(bytes: Uint8Array, options?: { level?: number; windowBits?: number }): Uint8Array;
  inflateSync(bytes: Uint8Array, options?: { windowBits?: number }): Uint8Array;
  CryptoHasher: {
    new (name: "sha1" | "sha256"): {
      update(bytes: Uint8Array): unknown;
      digest(): Uint8Array;
    };
  };
  SHA1: { hash(bytes: Uint8Array, encoding: "hex"): string };
  SHA256: { hash(bytes: Uint8Array, encoding: "hex"): string };
  hash: {
    crc32(bytes: Uint8Array, seed?: number): number;
    adler32(bytes: Uint8Array): number;
  };
  spawnSync(
    command: string[],
    options: {
      cwd?: string;
      env?: Record<string, string>;
      /** Standard input, output, error, then descriptors that are inherited as 3, 4, … */
      stdio: (Uint8Array | "inherit" | "ignore" | "pipe" | number)[];
    },
  ): { exitCode: number | null; signalCode?: string | number; stdout?: Uint8Array; stderr?: Uint8Array };
  spawn(
    command: string[],
    options: {
      cwd?: string;
      env?: Record<string, string>;
      stdin?: "inherit" | "ignore";
      stdout?: "pipe" | "inherit";
      stderr?: "pipe" | "inherit";
    },
  ): {
    pid: number;
    stdout?: ReadableStream<Uint8Array>;
    exited: Promise<number>;
    exitCode: number | null;
    /** The name of the signal that ended it; its number where it has no name. */
    signalCode: string | number | null;
    kill(signal?: number | string): void;
  };
}

/** What lattice calls of Deno. */
export interface DenoRuntime {
  version: { deno: string };
  openSync(path: string, options: { read?: boolean; write?: boolean; append?: boolean; create?: boolean }): DenoFile;
  Command: new (program: string, options: Record<string, unknown>) => {
    outputSync(): { code: number; signal: string | null; stdout: Uint8Array; stderr: Uint8Array };
    spawn(): {
      pid: number;
      stdout: ReadableStream<Uint8Array>;
      status: Promise<{ code: number; signal: string | null }>;
      kill(signal?: string): void;
      stdin: WritableStream<Uint8Array>;
    };
  };
}

/** A file that Deno opened. */
export interface DenoFile {
  tryLockSync(exclusive?: boolean): boolean;
  unlockSync(): void;
  statSync(): { dev: number; ino: number | null; size: number };
  truncateSync(length?: number): void;
  seekSync(offset: number, whence: number): number;
  readSync(buffer: Uint8Array): number | null;
  writeSync(bytes: Uint8Array): number;
  close(): void;
}

const globals = globalThis as { Bun?: BunRuntime; Deno?: DenoRuntime };

/** Bun, or `undefined`. */
export const bun: BunRuntime | undefined = globals.Bun;

/** Deno, or `undefined`. */
export const deno: DenoRuntime | undefined = bun === undefined ? globals.Deno : undefined;

/** Whether this is Bun. */
export const isBun: boolean = bun !== undefined;
