/**
 * SHA-1 by a kernel of our own (`wasm/sha1.ts`), which tells whether what it hashed was made to collide. It is
 * instantiated synchronously, when it is first needed.
 *
 * @module
 */
import { SHA1_ATTACK_KERNEL } from "./generated/sha1_kernel.ts";
import type { Hasher } from "./hash.ts";
import { fromBase64, toHex } from "./text.ts";

/** A digest of content that somebody else may have made. */
export interface OutsideHasher extends Hasher {
  /** Adds bytes. */
  update(bytes: Uint8Array): OutsideHasher;
  /** Whether the content is part of a collision attack; told once the digest is. */
  readonly isAttack: boolean;
}

interface Kernel {
  readonly memory: WebAssembly.Memory;
  input(): number;
  inputBytes(): number;
  pending(): number;
  init(): void;
  update(count: number): void;
  final(): void;
  attack(): number;
  whole(count: number): number;
}

interface Instance {
  readonly kernel: Kernel;
  /** Its whole memory, which never grows. */
  readonly bytes: Uint8Array;
  readonly input: number;
  readonly inputBytes: number;
  /** Where a digest stands when it is computed. */
  readonly digest: Uint8Array;
}

const DIGEST_BYTES = 20;

let module: WebAssembly.Module | undefined;
/** One instance computes one digest at a time. */
const idle: Instance[] = [];

/** The digest of a message, and whether it is part of a collision attack. */
export interface OutsideDigest {
  /** In lower-case hexadecimal digits. */
  readonly hex: string;
  /** Never true of SHA-256. */
  readonly isAttack: boolean;
}

/**
 * Hashes a message that is there as a whole. Where it fits into the kernel's input, there is one call and nothing is
 * made but the result: most objects are small, and many are hashed in a row.
 */
export function sha1ByKernel(message: Uint8Array): OutsideDigest {
  const instance = idle.at(-1) ?? keep(instantiate());
  if (message.length > instance.inputBytes) {
    const hasher = createSha1KernelHasher().update(message);
    return { hex: toHex(hasher.digest()), isAttack: hasher.isAttack };
  }
  instance.bytes.set(message, instance.input);
  const isAttack = instance.kernel.whole(message.length) !== 0;
  return { hex: toHex(instance.digest), isAttack };
}

function keep(instance: Instance): Instance {
  idle.push(instance);
  return instance;
}

/** Starts a digest. Every digest that is started should be ended, or its kernel is left to the garbage collector. */
export function createSha1KernelHasher(): OutsideHasher {
  const instance = idle.pop() ?? instantiate();
  const { kernel, bytes: memory, input, inputBytes } = instance;
  kernel.init();
  let isAttack = false;
  const hasher: OutsideHasher = {
    update(bytes) {
      for (let offset = 0; offset < bytes.length; offset += inputBytes) {
        const whole = offset === 0 && bytes.length <= inputBytes;
        const part = whole ? bytes : bytes.subarray(offset, offset + inputBytes);
        memory.set(part, input + kernel.pending());
        kernel.update(part.length);
      }
      return hasher;
    },
    digest() {
      kernel.final();
      isAttack = kernel.attack() !== 0;
      idle.push(instance);
      return memory.slice(input, input + DIGEST_BYTES) as Uint8Array<ArrayBuffer>;
    },
    get isAttack() {
      return isAttack;
    },
  };
  return hasher;
}

function instantiate(): Instance {
  module ??= new WebAssembly.Module(fromBase64(SHA1_ATTACK_KERNEL));
  const kernel = new WebAssembly.Instance(module).exports as unknown as Kernel;
  return {
    kernel,
    bytes: new Uint8Array(kernel.memory.buffer),
    input: kernel.input(),
    inputBytes: kernel.inputBytes(),
    digest: new Uint8Array(kernel.memory.buffer, kernel.input(), DIGEST_BYTES),
  };
}
