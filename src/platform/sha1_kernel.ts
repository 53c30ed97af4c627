/**
 * SHA-1 by a kernel of our own (`wasm/sha1.ts`), which tells whether what it hashed was made to collide. It is
 * instantiated synchronously, when it is first needed.
 *
 * @module
 */
import { SHA1_ATTACK_KERNEL } from "./generated/sha1_kernel.ts";
import type { Hasher } from "./hash.ts";

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
}

interface Instance {
  readonly kernel: Kernel;
  /** Its whole memory, which never grows. */
  readonly bytes: Uint8Array;
  readonly input: number;
  readonly inputBytes: number;
}

const DIGEST_BYTES = 20;

let module: WebAssembly.Module | undefined;
/** One instance computes one digest at a time. */
const idle: Instance[] = [];

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
  module ??= new WebAssembly.Module(
    Uint8Array.from(atob(SHA1_ATTACK_KERNEL), (character) => character.charCodeAt(0)),
  );
  const kernel = new WebAssembly.Instance(module).exports as unknown as Kernel;
  return {
    kernel,
    bytes: new Uint8Array(kernel.memory.buffer),
    input: kernel.input(),
    inputBytes: kernel.inputBytes(),
  };
}
