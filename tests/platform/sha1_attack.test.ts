import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createKernelHasher, hashHex } from "../../src/platform/hash.ts";
import { ATTACK_BYTES_MIN, createOutsideHasher, hashOutside } from "../../src/platform/outside_hash.ts";
import { compress, expand, isSha1Attack, otherMessage, suspectVectors } from "../../src/platform/sha1_attack.ts";
import { createSha1KernelHasher, sha1ByKernel } from "../../src/platform/sha1_kernel.ts";
import { nameOf, TEST_STEPS, testStep, VECTORS } from "../../src/platform/sha1_vectors.ts";
import { toHex } from "../../src/platform/text.ts";
import { test } from "../harness.ts";
import { seededRandom } from "../simulation/random.ts";
import { runs, seedOr, tried } from "../thoroughness.ts";
import { ATTACK, ATTACK_DIGEST, ATTACK_VECTOR, NEAR_COLLISIONS, otherAttack, otherBlock } from "./sha1_collision.ts";
import { freshKernel, setChaining } from "./sha1_kernel_access.ts";

/** What each way of looking at a message says of it. */
function verdicts(message: Uint8Array): boolean[] {
  const whole = createSha1KernelHasher().update(message);
  whole.digest();
  const pieces = createOutsideHasher("sha1");
  for (let at = 0; at < message.length; at += 7) pieces.update(message.subarray(at, at + 7));
  assert.equal(toHex(pieces.digest()), createHash("sha1").update(message).digest("hex"));
  return [
    whole.isAttack,
    pieces.isAttack,
    sha1ByKernel(message).isAttack,
    isSha1Attack(message),
    hashOutside("sha1", message).isAttack,
  ];
}

const ATTACK_SEEN = [true, true, true, true, true];
const NO_ATTACK = [false, false, false, false, false];

const wordsOf = (block: Uint8Array): Int32Array => {
  const words = new Int32Array(80);
  expand(block, 0, words);
  return words;
};

test("the published attack is noticed in both of its messages, whatever follows", () => {
  const [one, other] = [ATTACK, otherAttack()];
  assert.notDeepEqual(one, other);
  for (const message of [one, other]) {
    assert.equal(createHash("sha1").update(message).digest("hex"), ATTACK_DIGEST);
    assert.equal(hashOutside("sha1", message).hex, ATTACK_DIGEST);
    for (const more of [0, 1, 63, 64, 300, 5000, 200_000]) {
      const longer = new Uint8Array(message.length + more);
      longer.set(message);
      assert.deepEqual(verdicts(longer), ATTACK_SEEN, `${more} bytes more`);
    }
  }
});

test("the published attack passes the conditions of its vector in both near-collision blocks, and its vector alone tells", () => {
  const { kernel, input } = freshKernel();
  for (const message of [ATTACK, otherAttack()]) {
    for (const at of NEAR_COLLISIONS) {
      const block = message.slice(at, at + 64);
      assert.ok(suspectVectors(wordsOf(block)) >>> ATTACK_VECTOR & 1);
      input.set(block);
      assert.ok(kernel.suspects() >>> ATTACK_VECTOR & 1);
    }
    kernel.init();
    input.set(message);
    kernel.update(message.length);
    kernel.final();
    assert.equal(kernel.attack(), ATTACK_VECTOR + 1);
  }
});

test("the published attack is noticed in every lane of the kernel, whether more follows or the message ends there", () => {
  const { kernel, input } = freshKernel();
  for (const message of [ATTACK, otherAttack()]) {
    let chaining: Int32Array = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);
    for (let at = 0; at <= NEAR_COLLISIONS[1]!; at += 64) { // the block that ends it comes as the fifth, … the first
      for (const more of [0, 1000]) {
        const rest = new Uint8Array(message.length - at + more);
        rest.set(message.subarray(at));
        kernel.init();
        setChaining(kernel, chaining);
        input.set(rest);
        kernel.update(rest.length);
        kernel.final();
        assert.equal(kernel.attack(), ATTACK_VECTOR + 1, `from byte ${at}, ${more} bytes more`);
      }
      chaining = compress(chaining, wordsOf(message.slice(at, at + 64))).out;
    }
  }
});

test("what is near to the published attack, and is none, is not refused", () => {
  for (const at of [0, 100, 192, 255, 256, 319]) {
    const message = ATTACK.slice();
    message[at]! ^= 1;
    assert.deepEqual(verdicts(message), NO_ATTACK, `byte ${at}`);
  }
  assert.deepEqual(verdicts(ATTACK.slice(0, 319)), NO_ATTACK);
  assert.deepEqual(verdicts(ATTACK.slice(1)), NO_ATTACK);
  assert.deepEqual(verdicts(ATTACK.slice(64)), NO_ATTACK);
});

test("an attack that was met does not stick to the kernel: the next message is judged by itself", () => {
  assert.deepEqual(verdicts(ATTACK), ATTACK_SEEN);
  assert.deepEqual(verdicts(new Uint8Array(5000)), NO_ATTACK);
});

test("the kernel follows the other message of every vector as TypeScript does, and it is what SHA-1 makes of its block", () => {
  const seed = seedOr(2017);
  const random = seededRandom(seed);
  const { kernel, input } = freshKernel();
  for (let i = 0; i < runs(20, 2000); i++) {
    const block = random.bytes(64);
    const chaining = new Int32Array(random.bytes(20).buffer);
    const words = wordsOf(block);
    const { states } = compress(chaining, words);
    for (const [index, vector] of VECTORS.entries()) {
      const { before, out } = otherMessage(words, index, states);
      input.set(block);
      setChaining(kernel, chaining);
      const theirs = new Int32Array(kernel.memory.buffer, kernel.other(index), 10);
      assert.deepEqual([...theirs], [...before, ...out], nameOf(vector));
      const real = compress(before, wordsOf(otherBlock(block, index)));
      assert.deepEqual([...real.out], [...out], nameOf(vector));
      const at = TEST_STEPS.indexOf(testStep(vector));
      assert.deepEqual(real.states[at], states[at], nameOf(vector));
    }
  }
});

test("the kernel's conditions are those of TypeScript, on any block", () => {
  const seed = seedOr(2013);
  const random = seededRandom(seed);
  const { kernel, input } = freshKernel();
  let suspected = 0;
  const count = runs(5000, 1_000_000);
  for (let i = 0; i < count; i++) {
    const block = random.bytes(64);
    input.set(block);
    const vectors = suspectVectors(wordsOf(block));
    assert.equal(kernel.suspects() | 0, vectors);
    if (vectors !== 0) suspected++;
  }
  assert.ok(
    suspected > 0.03 * count && suspected < 0.08 * count,
    `${suspected} of ${count} were looked at closely, seed ${seed}`,
  );
  tried("blocks against the conditions", { "generated inputs": count }, seed);
});

test("the kernel's SHA-1 is hash-wasm's on random inputs, in random pieces", () => {
  const seed = seedOr(5);
  const random = seededRandom(seed);
  const pool = random.bytes(1 << 17);
  const count = runs(60_000, 5_000_000);
  let attacks = 0;
  for (let i = 0; i < count; i++) {
    const length = random.below(i % 500 === 0 ? 100_000 : i % 20 === 0 ? 3000 : 300);
    const start = random.below(pool.length - length);
    pool[start + random.below(length + 1)] = i; // no two inputs are the same
    const message = pool.subarray(start, start + length);
    const [ours, theirs] = [createSha1KernelHasher(), createKernelHasher("sha1")];
    for (let at = 0; at < length;) {
      const piece = message.subarray(at, at + 1 + random.below(length));
      ours.update(piece);
      at += piece.length;
    }
    const expected = toHex(theirs.update(message).digest());
    assert.equal(toHex(ours.digest()), expected, `input ${i}, ${length} bytes, seed ${seed}`);
    const whole = sha1ByKernel(message);
    assert.equal(whole.hex, expected, `input ${i} as a whole, ${length} bytes, seed ${seed}`);
    if (ours.isAttack || whole.isAttack) attacks++;
    if (i % 50 === 0) assert.deepEqual(hashOutside("sha1", message), { hex: expected, isAttack: false });
  }
  assert.equal(attacks, 0);
  tried("SHA-1 kernel beside hash-wasm", { "generated inputs": count }, seed);
});

test("the kernel's SHA-1 is right around the sizes of its blocks, groups and buffer, and of a length beyond 32 bits", () => {
  for (const around of [0, 55, 64, 119, 128, 192, 256, 320, 512, 65_536, 65_792, 131_072]) {
    for (const length of [around - 1, around, around + 1].filter((number) => number >= 0)) {
      const message = new Uint8Array(length).map((_, i) => i * 7 + (i >> 8));
      const expected = createHash("sha1").update(message).digest("hex");
      assert.equal(toHex(createSha1KernelHasher().update(message).digest()), expected, `${length} bytes`);
      assert.equal(sha1ByKernel(message).hex, expected, `${length} bytes as a whole`);
    }
  }
  const piece = new Uint8Array(1 << 20);
  const megabytes = 513; // more than 2^32 bits
  if (runs(0, 1) === 0) return;
  const [ours, theirs] = [createSha1KernelHasher(), createHash("sha1")];
  for (let i = 0; i < megabytes; i++) {
    ours.update(piece);
    theirs.update(piece);
  }
  assert.equal(toHex(ours.digest()), theirs.digest("hex"));
});

test("hashOutside() never asks for a kernel below the size of an attack, and names what is not SHA-1 as well", () => {
  assert.equal(ATTACK_BYTES_MIN, 120);
  for (const name of ["sha1", "sha256"] as const) hashHex(name, ATTACK); // on Deno by kernels, which stay
  const instance = WebAssembly.Instance;
  WebAssembly.Instance = class {
    constructor() {
      throw new Error("a kernel was asked for");
    }
  } as unknown as typeof WebAssembly.Instance;
  try {
    for (let length = 0; length < ATTACK_BYTES_MIN; length++) {
      const message = new Uint8Array(length).fill(length);
      for (const name of ["sha1", "sha256"] as const) {
        const { hex, isAttack } = hashOutside(name, message);
        assert.equal(hex, createHash(name).update(message).digest("hex"));
        assert.equal(isAttack, false);
      }
    }
  } finally {
    WebAssembly.Instance = instance;
  }
  const message = ATTACK;
  assert.equal(hashOutside("sha256", message).hex, createHash("sha256").update(message).digest("hex"));
  assert.equal(hashOutside("sha256", message).isAttack, false);
  const hasher = createOutsideHasher("sha256").update(message);
  assert.equal(toHex(hasher.digest()), createHash("sha256").update(message).digest("hex"));
  assert.equal(hasher.isAttack, false);
});
