/**
 * Objects that seem to be part of a collision attack: the header of an object shifts its content, so that the published
 * attack is none within an object. Here the kernel is given, before the block that ends the attack, the chaining value
 * that stood there when it was published.
 *
 * To be imported before anything is hashed: kernels that exist already are not forged.
 *
 * @module
 */
import assert from "node:assert/strict";
import { compress, expand } from "../../src/platform/sha1_attack.ts";
import { ATTACK, NEAR_COLLISIONS } from "./sha1_collision.ts";
import { type KernelExports, setChaining } from "./sha1_kernel_access.ts";

/** Where the block that ends the attack stands in a forged object, its header included; blocks are taken by fours. */
const PLACE = 16 * 256;

let armed = false;
let forged = 0;

const Real = WebAssembly.Instance;
WebAssembly.Instance = function (module: WebAssembly.Module): WebAssembly.Instance {
  const instance = new Real(module);
  return "setChaining" in instance.exports
    ? { exports: forging(instance.exports as unknown as KernelExports) }
    : instance;
} as unknown as typeof WebAssembly.Instance;

function forging(kernel: KernelExports): WebAssembly.Exports {
  let seen = 0;
  const faked = {
    init() {
      seen = 0;
      kernel.init();
    },
    update(count: number) {
      const before = PLACE - seen;
      seen += count;
      if (!armed || before < 0 || before > count) return kernel.update(count);
      const at = kernel.pending() + before;
      kernel.update(before);
      assert.equal(kernel.pending(), 0);
      setChaining(kernel, chainingBeforeTheEnd());
      const memory = new Uint8Array(kernel.memory.buffer);
      memory.copyWithin(kernel.input(), kernel.input() + at, kernel.input() + at + count - before);
      kernel.update(count - before);
      forged++;
    },
    whole(count: number) {
      faked.init();
      faked.update(count);
      kernel.final();
      return kernel.attack();
    },
  };
  return { ...kernel, ...faked } as unknown as WebAssembly.Exports;
}

function chainingBeforeTheEnd(): Int32Array {
  let chaining: Int32Array = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);
  const words = new Int32Array(80);
  for (let at = 0; at < NEAR_COLLISIONS[1]!; at += 64) {
    expand(ATTACK, at, words);
    chaining = compress(chaining, words).out;
  }
  return chaining;
}

/**
 * The content of a forged object.
 *
 * @param type As in its header.
 * @param size In bytes, beyond 5000.
 */
export function forgedContent(type: string, size: number): Uint8Array {
  const content = new Uint8Array(size).fill(0x61);
  content.set(ATTACK.subarray(NEAR_COLLISIONS[1]!), PLACE - `${type} ${size}\0`.length);
  return content;
}

/** Runs something while kernels forge, and checks that they did, so many times at least. */
export async function whileForging<T>(times: number, run: () => T | Promise<T>): Promise<T> {
  armed = true;
  forged = 0;
  try {
    const result = await run();
    assert.ok(forged >= times, `forged ${forged} times`);
    return result;
  } finally {
    armed = false;
  }
}
