/**
 * The kernel's exports, beyond those that `src/platform/sha1_kernel.ts` calls.
 *
 * @module
 */
import { SHA1_ATTACK_KERNEL } from "../../src/platform/generated/sha1_kernel.ts";

/** What `wasm/sha1.ts` exports. */
export interface KernelExports {
  readonly memory: WebAssembly.Memory;
  input(): number;
  inputBytes(): number;
  pending(): number;
  init(): void;
  setChaining(a: number, b: number, c: number, d: number, e: number): void;
  update(count: number): void;
  final(): void;
  attack(): number;
  whole(count: number): number;
  suspects(): number;
  other(vector: number): number;
}

/** A fresh instance, and its memory from where input is put. */
export function freshKernel(): { kernel: KernelExports; input: Uint8Array } {
  const bytes = Uint8Array.from(atob(SHA1_ATTACK_KERNEL), (character) => character.charCodeAt(0));
  const kernel = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as unknown as KernelExports;
  return { kernel, input: new Uint8Array(kernel.memory.buffer, kernel.input()) };
}

/** Sets the chaining value of a kernel. */
export function setChaining(kernel: KernelExports, value: Int32Array): void {
  kernel.setChaining(value[0]!, value[1]!, value[2]!, value[3]!, value[4]!);
}
