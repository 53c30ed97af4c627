/**
 * Hashing what somebody else may have made, so that a collision attack on SHA-1 is noticed, as git's own build does.
 *
 * What lattice serialises itself goes through `hash.ts`, which costs less.
 *
 * @module
 */
import { createHasher, hashHex, type HashName } from "./hash.ts";
import { isSha1Attack } from "./sha1_attack.ts";
import { createSha1KernelHasher, type OutsideDigest, type OutsideHasher, sha1ByKernel } from "./sha1_kernel.ts";

export type { OutsideDigest, OutsideHasher } from "./sha1_kernel.ts";

/**
 * No message that is shorter, in bytes, ends an attack, so that its hash is all there is to compute. An attack ends with
 * a block that makes two different chaining values equal:
 *
 * - It is not the first block, before which the chaining value is SHA-1's own in both messages: the difference that this
 *   one undoes was made by a block before it. (That is why an attack takes two near-collision blocks, one behind the
 *   other.)
 * - It does not hold the length, which stands in its words 14 and 15. The messages would differ in word 14, as they do
 *   by all 32 vectors, and so in length by 2^32 bits or more. Messages of an attack have as many blocks one as the other,
 *   and the block with the length is the last: so their lengths differ by less than a block.
 *
 * So there are a whole block of 64 bytes and one of which 56 bytes at least are content, or the length would fit.
 */
export const ATTACK_BYTES_MIN = 64 + 56;

/** Messages up to this size, in bytes, are looked at without the kernel, */
const SHORT_BYTES = 1024;
/**
 * until they are so many bytes together. In a compiled binary a message of 480 bytes took 0.2 ms this way, or 1.0 ms where
 * a block of it had to be followed; four took 2.0 ms and eight 2.6 ms. By the kernel one took 2.0 ms, which is its start,
 * and 32 took 2.5 ms. (On two busy cores.)
 */
const SHORT_BYTES_TOGETHER = 1024;

let shortBytes = 0;

/**
 * What short messages were found to be, by their digests: a change reads the document that it replaces twice. Another
 * message with the same digest would be the other half of an attack, and both halves are recognised.
 */
const shortMessages = new Map<string, OutsideDigest>();

/** Hashes a message that is there as a whole. */
export function hashOutside(name: HashName, message: Uint8Array): OutsideDigest {
  if (name !== "sha1" || message.length < ATTACK_BYTES_MIN) return { hex: hashHex(name, message), isAttack: false };
  if (message.length > SHORT_BYTES || shortBytes >= SHORT_BYTES_TOGETHER) return sha1ByKernel(message);
  const hex = hashHex(name, message);
  let digest = shortMessages.get(hex);
  if (digest === undefined) {
    shortBytes += message.length;
    digest = { hex, isAttack: isSha1Attack(message) };
    shortMessages.set(hex, digest);
  }
  return digest;
}

/** Starts a digest of a message that comes in pieces. */
export function createOutsideHasher(name: HashName): OutsideHasher {
  if (name === "sha1") return createSha1KernelHasher();
  const plain = createHasher(name);
  const hasher: OutsideHasher = {
    update(bytes) {
      plain.update(bytes);
      return hasher;
    },
    digest: () => plain.digest(),
    isAttack: false,
  };
  return hasher;
}
