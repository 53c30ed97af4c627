/**
 * The published attack on SHA-1 among the fixtures: two messages, and what is known of them.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { messageDifferences, VECTORS } from "../../src/platform/sha1_vectors.ts";

/** The first message: 192 bytes that both have, and two near-collision blocks. */
export const ATTACK: Uint8Array = new Uint8Array(
  readFileSync(fileURLToPath(new URL("../../../shared/fixtures/sha1-collision/shattered-prefix.bin", import.meta.url))),
);

/** The SHA-1 of both messages. */
export const ATTACK_DIGEST = "f92d74e3874587aaf443d1db961d4e26dde13e9c";

/** Where the two near-collision blocks begin. */
export const NEAR_COLLISIONS: readonly number[] = [192, 256];

/** The place of the vector by which the messages were made, II(52,0), in the list of them. */
export const ATTACK_VECTOR: number = VECTORS.findIndex(({ type, K, b }) => type === 2 && K === 52 && b === 0);

/** A block with the differences of a vector put in, or taken out again. */
export function otherBlock(block: Uint8Array, vector: number): Uint8Array {
  const bytes = block.slice();
  const view = new DataView(bytes.buffer);
  const differences = messageDifferences(VECTORS[vector]!);
  for (let t = 0; t < 16; t++) view.setUint32(4 * t, view.getUint32(4 * t) ^ differences[t]!);
  return bytes;
}

/** The second message. */
export function otherAttack(): Uint8Array {
  const bytes = ATTACK.slice();
  for (const at of NEAR_COLLISIONS) bytes.set(otherBlock(bytes.subarray(at, at + 64), ATTACK_VECTOR), at);
  return bytes;
}
