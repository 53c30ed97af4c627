/**
 * How it is told in a PostgreSQL database that locks may have become free: by a number on one channel, which stands for many
 * files, so that who waits for another one sleeps on. Names are not told: who may listen need not be allowed to read the
 * tables.
 *
 * @module
 */
import type { Place } from "./backend.ts";

/** The channel; in a database all stores share it. */
export const CHANNEL = "lattice_locks";

/** A text without a number stands for all files. */
export const ALL_FILES = "";

/** So many numbers there are. */
export const TOPICS = 1024;

/** The first state and the factor of FNV-1a with 32 bits (http://www.isthe.com/chongo/tech/comp/fnv/). */
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** The number of a file: 0 and up to {@link TOPICS}, exclusive. */
export function topicOf({ shareName, fileId }: Place): number {
  let hash = FNV_OFFSET;
  for (const text of [shareName, "\0", fileId]) {
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), FNV_PRIME);
  }
  return (hash >>> 0) % TOPICS;
}

/** The number that was told; `null`: all files. What other programs may have told stands for all as well. */
export function readTopic(text: string): number | null {
  const topic = /^\d{1,4}$/.test(text) ? Number(text) : TOPICS;
  return topic < TOPICS ? topic : null;
}
