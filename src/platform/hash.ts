/**
 * SHA-1 and SHA-256: on Bun by its own hasher, which is there at once (a kernel's first use costs 2.4 ms, as much as
 * all else that a short command does, and it hashes a third as fast), on Deno by `hash-wasm`'s kernels, instantiated
 * once, synchronously, on first use.
 *
 * The kernels are WebAssembly modules that export `Hash_GetBuffer` (16 KiB of input), `Hash_Init`, `Hash_Update` and
 * `Hash_Final` (the digest is then at the beginning of the buffer). One instance computes one digest at a time, so a
 * digest in progress keeps the instance to itself: {@link Hasher} takes one and gives it back in `digest()`.
 *
 * @module
 */
import { SHA1_KERNEL, SHA256_KERNEL } from "./generated/hash_kernels.ts";
import { bun, type BunRuntime } from "./runtime.ts";
import { fromBase64, toHex } from "./text.ts";

/** A hash function that git uses for object names. */
export type HashName = "sha1" | "sha256";

/** A digest that is being computed. */
export interface Hasher {
  /** Adds bytes. */
  update(bytes: Uint8Array): Hasher;
  /** Ends the computation and gives the raw digest (20 or 32 bytes). */
  digest(): Uint8Array<ArrayBuffer>;
}

interface Kernel {
  input: Uint8Array;
  init(bits: number): void;
  update(length: number): void;
  final(): void;
}

const KERNEL_BUFFER_BYTES = 16 * 1024;
const DIGEST_BYTES: Readonly<Record<HashName, number>> = { sha1: 20, sha256: 32 };

const modules: Partial<Record<HashName, WebAssembly.Module>> = {};
const idle: Record<HashName, Kernel[]> = { sha1: [], sha256: [] };

/**
 * Digest of byte strings, one after the other.
 *
 * @param name The hash function.
 * @param parts What is hashed, in order.
 * @returns The raw digest.
 */
export function hash(name: HashName, ...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const hasher = createHasher(name);
  for (const part of parts) hasher.update(part);
  return hasher.digest();
}

/** Digest of one byte string, in lower-case hexadecimal digits. */
export function hashHex(name: HashName, bytes: Uint8Array): string {
  return bun === undefined ? toHex(hash(name, bytes)) : oneHash(bun, name).hash(bytes, "hex");
}

function oneHash({ SHA1, SHA256 }: BunRuntime, name: HashName): BunRuntime["SHA1"] {
  return name === "sha1" ? SHA1 : SHA256; // `CryptoHasher.hash`, which takes any name, is slower at its first call
}

/** Starts a digest. Every digest that is started should be ended, or its kernel is left to the garbage collector. */
export function createHasher(name: HashName): Hasher {
  return bun === undefined ? createKernelHasher(name) : createBunHasher(bun, name);
}

function createBunHasher({ CryptoHasher }: BunRuntime, name: HashName): Hasher {
  const native = new CryptoHasher(name);
  const hasher: Hasher = {
    update(bytes) {
      native.update(bytes);
      return hasher;
    },
    digest: () => new Uint8Array(native.digest()), // a copy: theirs is of another class
  };
  return hasher;
}

/** A digest by a kernel; for tests also where the runtime has a hasher of its own. */
export function createKernelHasher(name: HashName): Hasher {
  const kernel = idle[name].pop() ?? instantiate(name);
  kernel.init(name === "sha256" ? 256 : 0);
  const hasher: Hasher = {
    update(bytes) {
      for (let offset = 0; offset < bytes.length; offset += KERNEL_BUFFER_BYTES) {
        const chunk = bytes.length - offset <= KERNEL_BUFFER_BYTES && offset === 0
          ? bytes
          : bytes.subarray(offset, offset + KERNEL_BUFFER_BYTES);
        kernel.input.set(chunk);
        kernel.update(chunk.length);
      }
      return hasher;
    },
    digest() {
      kernel.final();
      const digest = kernel.input.slice(0, DIGEST_BYTES[name]) as Uint8Array<ArrayBuffer>;
      idle[name].push(kernel);
      return digest;
    },
  };
  return hasher;
}

function instantiate(name: HashName): Kernel {
  const module = modules[name] ??= new WebAssembly.Module(fromBase64(name === "sha1" ? SHA1_KERNEL : SHA256_KERNEL));
  const exports = new WebAssembly.Instance(module).exports as {
    memory: WebAssembly.Memory;
    Hash_GetBuffer(): number;
    Hash_Init(bits: number): void;
    Hash_Update(length: number): void;
    Hash_Final(): void;
  };
  return {
    input: new Uint8Array(exports.memory.buffer, exports.Hash_GetBuffer(), KERNEL_BUFFER_BYTES),
    init: exports.Hash_Init,
    update: exports.Hash_Update,
    final: exports.Hash_Final,
  };
}
