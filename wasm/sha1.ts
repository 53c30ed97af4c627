/**
 * SHA-1 (FIPS 180-4) that reports blocks which were made to collide, in AssemblyScript.
 *
 * Detection is that of Stevens and Shumow ("Speeding up Detection of SHA-1 Collision Attacks Using Unavoidable Attack
 * Conditions", 2017). Of each block, the conditions in `conditions.ts` leave a set of disturbance vectors by which it
 * may belong to an attack; it is empty for 19 blocks of 20. For each vector in it the other message of the attack
 * is computed: its block differs by the vector, and its state is the same as ours at a step in the middle, from where it
 * can be followed to both ends. Where the outcome is the same as ours, two messages collide here.
 *
 * Four blocks are expanded and compared with the conditions at once, a block in each lane of a vector; then each goes
 * through the 80 steps by itself.
 *
 * How it is called: `init()`, then any number of times: put bytes into `input` behind those that are left of the last
 * time (`pending()`), and call `update(count of new bytes)`; at the end `final()` puts the digest at the beginning of
 * `input`. `attack()` tells the first attack that was met: the number of its vector plus one, or 0.
 *
 * A message that fits into the input as a whole takes one call: put it there and call `whole(count of its bytes)`.
 *
 * The other exports are for tests.
 */
import { conditions } from "./conditions";
import { VECTOR_COUNT, VECTORS } from "./vectors";

const BLOCK: usize = 64;
const LANES: usize = 4;
/** Blocks are taken in groups of so many bytes. */
const GROUP: usize = BLOCK * LANES;
const STEPS: usize = 80;

/** Most bytes that are given at once. */
const INPUT_BYTES: usize = 64 * 1024;

/** What is left of the last time, new bytes, and room for the padding. */
const INPUT: usize = memory.data(64 * 1024 + 2 * 256, 16);
/** The expanded messages of four blocks: word t of block l stands at 16 t + 4 l. */
const WORDS: usize = memory.data(80 * 16, 16);
/** For each block of the group, a bit for each vector that its conditions leave. */
const SUSPECTS: usize = memory.data(16, 16);
/** By which words the expanded messages of an attack differ: 80 for each vector. */
const DIFFERENCES: usize = memory.data(32 * 80 * 4, 16);
/** A disturbance vector with the five words before it, while differences are computed. */
const DISTURBANCES: usize = memory.data(85 * 4, 16);
/** Our state before the steps 58 and 65, and the other message's chaining value before and after the block. */
const STATES: usize = memory.data(4 * 20, 16);
const STATE_58: usize = STATES;
const STATE_65: usize = STATES + 20;
const OTHER_IN: usize = STATES + 40;
const OTHER_OUT: usize = STATES + 60;

/** The chaining value. */
let h0: u32 = 0, h1: u32 = 0, h2: u32 = 0, h3: u32 = 0, h4: u32 = 0;
let left: usize = 0;
let total: u64 = 0;
let found: u32 = 0;
let differencesKnown: bool = false;

/** A state on its way through the steps one by one. */
let a: u32 = 0, b: u32 = 0, c: u32 = 0, d: u32 = 0, e: u32 = 0;

/** Where bytes are put. */
export function input(): usize {
  return INPUT;
}

/** How many bytes may be put there at once. */
export function inputBytes(): usize {
  return INPUT_BYTES;
}

/** How many bytes stand there already. */
export function pending(): usize {
  return left;
}

/** Begins a digest. */
export function init(): void {
  setChaining(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);
  left = 0;
  total = 0;
  found = 0;
}

/** Sets the chaining value, so that a block can be tried in the middle of a message. */
export function setChaining(v0: u32, v1: u32, v2: u32, v3: u32, v4: u32): void {
  h0 = v0;
  h1 = v1;
  h2 = v2;
  h3 = v3;
  h4 = v4;
}

/** Takes new bytes that stand in the input behind the pending ones. */
export function update(count: usize): void {
  total += count;
  const end = left + count;
  let taken: usize = 0;
  for (; taken + GROUP <= end; taken += GROUP) takeBlocks(INPUT + taken, LANES);
  left = end - taken;
  if (taken > 0) memory.copy(INPUT, INPUT + taken, left);
}

/** Ends the digest and puts it at the beginning of the input. */
export function final(): void {
  store<u8>(INPUT + left, 0x80);
  const end = (left + 9 + BLOCK - 1) & ~(BLOCK - 1);
  memory.fill(INPUT + left + 1, 0, end - left - 1);
  store<u64>(INPUT + end - 8, bswap<u64>(total << 3));
  for (let taken: usize = 0; taken < end; taken += GROUP) takeBlocks(INPUT + taken, min(LANES, (end - taken) / BLOCK));
  store<u32>(INPUT, bswap<u32>(h0), 0);
  store<u32>(INPUT, bswap<u32>(h1), 4);
  store<u32>(INPUT, bswap<u32>(h2), 8);
  store<u32>(INPUT, bswap<u32>(h3), 12);
  store<u32>(INPUT, bswap<u32>(h4), 16);
}

/**
 * A digest from its beginning to its end.
 *
 * @param count Bytes of the message, which stands at the beginning of the input, where its digest will stand.
 * @returns As `attack`.
 */
export function whole(count: usize): u32 {
  init();
  total = count;
  left = count; // all of it is taken together with the padding: nothing is moved to the beginning
  final();
  return found;
}

/** The first attack that was met: the number of its vector plus one; 0 for none. */
export function attack(): u32 {
  return found;
}

/** Up to four blocks; where there are fewer, the other lanes hold what happens to stand there, and do not count. */
function takeBlocks(from: usize, count: usize): void {
  expand(from);
  const suspects = conditions(WORDS);
  if (!v128.any_true(suspects)) {
    for (let lane: usize = 0; lane < count; lane++) compress(WORDS + 4 * lane);
    return;
  }
  v128.store(SUSPECTS, suspects);
  for (let lane: usize = 0; lane < count; lane++) {
    const vectors = load<u32>(SUSPECTS + 4 * lane);
    if (vectors == 0) compress(WORDS + 4 * lane);
    else takeSuspect(WORDS + 4 * lane, vectors);
  }
}

/** The words of four blocks, lane by lane: each group of four words is read, and rows made columns. */
function expand(from: usize): void {
  for (let at: usize = 0; at < BLOCK; at += 16) {
    const r0 = bigEndian(v128.load(from + at, 0));
    const r1 = bigEndian(v128.load(from + at, 64));
    const r2 = bigEndian(v128.load(from + at, 128));
    const r3 = bigEndian(v128.load(from + at, 192));
    const low01 = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5);
    const low23 = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5);
    const high01 = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7);
    const high23 = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
    const to = WORDS + 4 * at;
    v128.store(to, v128.shuffle<i64>(low01, low23, 0, 2), 0);
    v128.store(to, v128.shuffle<i64>(low01, low23, 1, 3), 16);
    v128.store(to, v128.shuffle<i64>(high01, high23, 0, 2), 32);
    v128.store(to, v128.shuffle<i64>(high01, high23, 1, 3), 48);
  }
  for (let to = WORDS; to < WORDS + (STEPS - 16) * 16; to += 32) {
    v128.store(to, expanded(to, 0), 256);
    v128.store(to, expanded(to, 16), 272);
  }
}

// @ts-ignore: decorator
@inline
function bigEndian(bytes: v128): v128 {
  return v128.shuffle<i8>(bytes, bytes, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
}

/** Word t of the message from those 16, 14, 8 and 3 before it. */
// @ts-ignore: decorator
@inline
function expanded(from: usize, offset: usize): v128 {
  const sum = v128.xor(
    v128.xor(v128.load(from + offset, 0), v128.load(from + offset, 32)),
    v128.xor(v128.load(from + offset, 128), v128.load(from + offset, 208)),
  );
  return v128.or(v128.shl<i32>(sum, 1), v128.shr<u32>(sum, 31));
}

// @ts-ignore: decorator
@inline
function choose(x: u32, y: u32, z: u32): u32 {
  return z ^ (x & (y ^ z));
}

// @ts-ignore: decorator
@inline
function majority(x: u32, y: u32, z: u32): u32 {
  return (x & y) + (z & (x ^ y)); // no bit is in both
}

/** The 80 steps of one block. */
function compress(words: usize): void {
  let v = h0, w = h1, x = h2, y = h3, z = h4;
  let at = words;
  for (const end = words + 20 * 16; at < end; at += 5 * 16) {
    z += rotl<u32>(v, 5) + choose(w, x, y) + load<u32>(at, 0) + 0x5a827999;
    w = rotl<u32>(w, 30);
    y += rotl<u32>(z, 5) + choose(v, w, x) + load<u32>(at, 16) + 0x5a827999;
    v = rotl<u32>(v, 30);
    x += rotl<u32>(y, 5) + choose(z, v, w) + load<u32>(at, 32) + 0x5a827999;
    z = rotl<u32>(z, 30);
    w += rotl<u32>(x, 5) + choose(y, z, v) + load<u32>(at, 48) + 0x5a827999;
    y = rotl<u32>(y, 30);
    v += rotl<u32>(w, 5) + choose(x, y, z) + load<u32>(at, 64) + 0x5a827999;
    x = rotl<u32>(x, 30);
  }
  for (const end = words + 40 * 16; at < end; at += 5 * 16) {
    z += rotl<u32>(v, 5) + (w ^ x ^ y) + load<u32>(at, 0) + 0x6ed9eba1;
    w = rotl<u32>(w, 30);
    y += rotl<u32>(z, 5) + (v ^ w ^ x) + load<u32>(at, 16) + 0x6ed9eba1;
    v = rotl<u32>(v, 30);
    x += rotl<u32>(y, 5) + (z ^ v ^ w) + load<u32>(at, 32) + 0x6ed9eba1;
    z = rotl<u32>(z, 30);
    w += rotl<u32>(x, 5) + (y ^ z ^ v) + load<u32>(at, 48) + 0x6ed9eba1;
    y = rotl<u32>(y, 30);
    v += rotl<u32>(w, 5) + (x ^ y ^ z) + load<u32>(at, 64) + 0x6ed9eba1;
    x = rotl<u32>(x, 30);
  }
  for (const end = words + 60 * 16; at < end; at += 5 * 16) {
    z += rotl<u32>(v, 5) + majority(w, x, y) + load<u32>(at, 0) + 0x8f1bbcdc;
    w = rotl<u32>(w, 30);
    y += rotl<u32>(z, 5) + majority(v, w, x) + load<u32>(at, 16) + 0x8f1bbcdc;
    v = rotl<u32>(v, 30);
    x += rotl<u32>(y, 5) + majority(z, v, w) + load<u32>(at, 32) + 0x8f1bbcdc;
    z = rotl<u32>(z, 30);
    w += rotl<u32>(x, 5) + majority(y, z, v) + load<u32>(at, 48) + 0x8f1bbcdc;
    y = rotl<u32>(y, 30);
    v += rotl<u32>(w, 5) + majority(x, y, z) + load<u32>(at, 64) + 0x8f1bbcdc;
    x = rotl<u32>(x, 30);
  }
  for (const end = words + 80 * 16; at < end; at += 5 * 16) {
    z += rotl<u32>(v, 5) + (w ^ x ^ y) + load<u32>(at, 0) + 0xca62c1d6;
    w = rotl<u32>(w, 30);
    y += rotl<u32>(z, 5) + (v ^ w ^ x) + load<u32>(at, 16) + 0xca62c1d6;
    v = rotl<u32>(v, 30);
    x += rotl<u32>(y, 5) + (z ^ v ^ w) + load<u32>(at, 32) + 0xca62c1d6;
    z = rotl<u32>(z, 30);
    w += rotl<u32>(x, 5) + (y ^ z ^ v) + load<u32>(at, 48) + 0xca62c1d6;
    y = rotl<u32>(y, 30);
    v += rotl<u32>(w, 5) + (x ^ y ^ z) + load<u32>(at, 64) + 0xca62c1d6;
    x = rotl<u32>(x, 30);
  }
  h0 += v;
  h1 += w;
  h2 += x;
  h3 += y;
  h4 += z;
}

/** A block that some vectors' conditions leave: the other message of each is followed, and its outcome compared. */
function takeSuspect(words: usize, vectors: u32): void {
  keepStates(words);
  compress(words);
  for (let rest = vectors; rest != 0; rest &= rest - 1) {
    const vector = ctz<u32>(rest);
    followOther(words, vector);
    if (
      found == 0 && load<u32>(OTHER_OUT, 0) == h0 && load<u32>(OTHER_OUT, 4) == h1 && load<u32>(OTHER_OUT, 8) == h2 &&
      load<u32>(OTHER_OUT, 12) == h3 && load<u32>(OTHER_OUT, 16) == h4
    ) found = vector + 1;
  }
}

/** Our own states in the middle of the block. */
function keepStates(words: usize): void {
  a = h0;
  b = h1;
  c = h2;
  d = h3;
  e = h4;
  for (let t: usize = 0; t < 58; t++) stepForward(t, load<u32>(words + 16 * t));
  storeState(STATE_58);
  for (let t: usize = 58; t < 65; t++) stepForward(t, load<u32>(words + 16 * t));
  storeState(STATE_65);
}

/** From the state in the middle to both ends, with the block that differs by the vector. */
function followOther(words: usize, vector: u32): void {
  if (!differencesKnown) computeDifferences();
  const differences = DIFFERENCES + <usize> vector * (STEPS * 4);
  const test: usize = load<u8>(VECTORS + 4 * vector, 3);
  const middle = test == 58 ? STATE_58 : STATE_65;
  loadState(middle);
  for (let t = test; t > 0; t--) {
    stepBack(t - 1, load<u32>(words + 16 * (t - 1)) ^ load<u32>(differences + 4 * (t - 1)));
  }
  storeState(OTHER_IN);
  loadState(middle);
  for (let t = test; t < STEPS; t++) stepForward(t, load<u32>(words + 16 * t) ^ load<u32>(differences + 4 * t));
  a += load<u32>(OTHER_IN, 0);
  b += load<u32>(OTHER_IN, 4);
  c += load<u32>(OTHER_IN, 8);
  d += load<u32>(OTHER_IN, 12);
  e += load<u32>(OTHER_IN, 16);
  storeState(OTHER_OUT);
}

function loadState(from: usize): void {
  a = load<u32>(from, 0);
  b = load<u32>(from, 4);
  c = load<u32>(from, 8);
  d = load<u32>(from, 12);
  e = load<u32>(from, 16);
}

function storeState(to: usize): void {
  store<u32>(to, a, 0);
  store<u32>(to, b, 4);
  store<u32>(to, c, 8);
  store<u32>(to, d, 12);
  store<u32>(to, e, 16);
}

/** The function and the constant of a step. */
function mixed(t: usize, x: u32, y: u32, z: u32): u32 {
  if (t < 20) return choose(x, y, z) + 0x5a827999;
  if (t < 40) return (x ^ y ^ z) + 0x6ed9eba1;
  if (t < 60) return majority(x, y, z) + 0x8f1bbcdc;
  return (x ^ y ^ z) + 0xca62c1d6;
}

function stepForward(t: usize, word: u32): void {
  const made = rotl<u32>(a, 5) + mixed(t, b, c, d) + e + word;
  e = d;
  d = c;
  c = rotl<u32>(b, 30);
  b = a;
  a = made;
}

/** From the state after step t to the one before it. */
function stepBack(t: usize, word: u32): void {
  const made = a;
  a = b;
  b = rotr<u32>(c, 30);
  c = d;
  d = e;
  e = made - rotl<u32>(a, 5) - mixed(t, b, c, d) - word;
}

/** From the definition of each vector: see `src/platform/sha1_vectors.ts`. */
function computeDifferences(): void {
  const first = DISTURBANCES + 5 * 4;
  for (let vector: usize = 0; vector < VECTOR_COUNT; vector++) {
    const type = load<u8>(VECTORS + 4 * vector, 0);
    const K: i32 = load<u8>(VECTORS + 4 * vector, 1);
    const bit: u32 = load<u8>(VECTORS + 4 * vector, 2);
    memory.fill(DISTURBANCES, 0, 85 * 4);
    store<u32>(first + 4 * (K + 15), 1 << bit);
    if (type == 2) {
      store<u32>(first + 4 * (K + 1), rotl<u32>(0x80000000, bit));
      store<u32>(first + 4 * (K + 3), rotl<u32>(0x80000000, bit));
    }
    for (let t = K + 16; t < <i32> STEPS; t++) {
      store<u32>(
        first + 4 * t,
        rotl<u32>(disturbance(t - 3) ^ disturbance(t - 8) ^ disturbance(t - 14) ^ disturbance(t - 16), 1),
      );
    }
    for (let t = K - 1; t >= -5; t--) {
      store<u32>(
        first + 4 * t,
        rotr<u32>(disturbance(t + 16), 1) ^ disturbance(t + 13) ^ disturbance(t + 8) ^ disturbance(t + 2),
      );
    }
    for (let t = 0; t < <i32> STEPS; t++) {
      store<u32>(
        DIFFERENCES + vector * (STEPS * 4) + 4 * t,
        disturbance(t) ^ rotl<u32>(disturbance(t - 1), 5) ^ disturbance(t - 2) ^
          rotl<u32>(disturbance(t - 3) ^ disturbance(t - 4) ^ disturbance(t - 5), 30),
      );
    }
  }
  differencesKnown = true;
}

// @ts-ignore: decorator
@inline
function disturbance(t: i32): u32 {
  return load<u32>(DISTURBANCES + 5 * 4 + 4 * t);
}

/** The vectors that the conditions leave for the block at the beginning of the input. */
export function suspects(): u32 {
  expand(INPUT);
  return v128.extract_lane<u32>(conditions(WORDS), 0);
}

/**
 * Follows the other message of the block at the beginning of the input, with the chaining value that was set.
 *
 * @returns Where the other message's chaining value before the block stands, and behind it the one after it.
 */
export function other(vector: u32): usize {
  expand(INPUT);
  keepStates(WORDS);
  followOther(WORDS, vector);
  return OTHER_IN;
}
