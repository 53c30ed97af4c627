/**
 * Packs and indexes with anything in them, and always with the right checksums (gitformat-pack).
 *
 * @module
 */
import { createHash } from "node:crypto";
import { deflateSync } from "node:zlib";
import { applyDelta } from "../../src/git/objects/delta.ts";
import { crc32 } from "../../src/platform/crc32.ts";
import { compareBytes, concatBytes, utf8 } from "../../src/platform/text.ts";

/** What a delta stands on: an entry by its place in the list, a distance in bytes, or a name. */
export type Base = { readonly entry: number } | { readonly distance: number } | { readonly name: Uint8Array };

/** An entry. */
export interface EntryPlan {
  /** 0 to 7; 6 is a delta by distance, 7 by name. */
  readonly type: number;
  /** What the stream inflates to. */
  readonly content: Uint8Array;
  readonly base?: Base;
  /** The size that its header claims, when that is another one. */
  readonly claims?: number;
  /** Bytes with their continuation bit set that lengthen the header's number without adding to it. */
  readonly padding?: number;
  /** How much of the stream is left out at its end. */
  readonly cut?: number;
  readonly level?: number;
}

/** A pack with its index. */
export interface BuiltPack {
  readonly pack: Uint8Array;
  readonly index: Uint8Array;
  /** Raw names in the order of the entries. */
  readonly names: readonly Uint8Array[];
}

const TYPE_WORDS: Readonly<Record<number, string>> = { 1: "commit", 2: "tree", 3: "blob", 4: "tag" };

/** SHA-1 of byte strings. */
export function sha1(...parts: Uint8Array[]): Uint8Array {
  const hash = createHash("sha1");
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

/** A big-endian number of four bytes. */
export function uint32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

/** A number as deltas have it: seven bits a byte, lowest first; padding makes it longer than it need be. */
export function deltaSize(value: number, padding = 0): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push(0x80 | rest % 0x80);
  if (padding === 0) return [...bytes, rest];
  return [...bytes, 0x80 | rest, ...Array<number>(padding - 1).fill(0x80), 0];
}

function entryHeader({ type, content, claims, padding }: EntryPlan): Uint8Array {
  const size = claims ?? content.length;
  const rest = Math.floor(size / 16);
  const first = type << 4 | size % 16;
  if (rest === 0 && padding === undefined) return Uint8Array.of(first);
  return Uint8Array.from([0x80 | first, ...deltaSize(rest, padding ?? 0)]);
}

/** A distance as packs have it: each continued byte counts one more than its bits say. */
function distanceBytes(distance: number): number[] {
  const bytes = [distance % 128];
  for (let rest = Math.floor(distance / 128); rest > 0; rest = Math.floor(rest / 128)) {
    rest--;
    bytes.unshift(0x80 | rest % 128);
  }
  return bytes;
}

/** Builds a pack of version 2 and its index of version 1 or 2. */
export function buildPack(plans: readonly EntryPlan[], indexVersion: 1 | 2 = 2): BuiltPack {
  const names = plans.map((_, index) => nameOf(plans, index));
  const parts: Uint8Array[] = [utf8("PACK"), uint32(2), uint32(plans.length)];
  const offsets: number[] = [];
  const sums: number[] = [];
  let offset = 12;
  plans.forEach((plan, index) => {
    const stream = new Uint8Array(deflateSync(plan.content, { level: plan.level ?? 6 }));
    const bytes = concatBytes([
      entryHeader(plan),
      baseBytes(plan, offset, offsets, names),
      stream.subarray(0, Math.max(0, stream.length - (plan.cut ?? 0))),
    ]);
    offsets[index] = offset;
    sums.push(crc32(bytes));
    parts.push(bytes);
    offset += bytes.length;
  });
  const body = concatBytes(parts);
  const pack = concatBytes([body, sha1(body)]);
  const entries = names.map((name, index) => ({ name, offset: offsets[index]!, sum: sums[index]! }));
  return { pack, index: buildIndex(entries, pack.subarray(-20), indexVersion), names };
}

function baseBytes(
  plan: EntryPlan,
  offset: number,
  offsets: readonly number[],
  names: readonly Uint8Array[],
): Uint8Array {
  const { base, type } = plan;
  if (base === undefined) return new Uint8Array(0);
  if (type === 7) return "name" in base ? base.name : names["entry" in base ? base.entry : 0] ?? sha1();
  if (type !== 6) return new Uint8Array(0);
  if ("distance" in base) return Uint8Array.from(distanceBytes(base.distance));
  const stands = "entry" in base ? offsets[base.entry] : undefined;
  return Uint8Array.from(distanceBytes(stands === undefined ? 0 : offset - stands)); // a later entry cannot be named so
}

function buildIndex(
  entries: readonly { name: Uint8Array; offset: number; sum: number }[],
  packSum: Uint8Array,
  version: 1 | 2,
): Uint8Array {
  const sorted = [...entries].sort((a, b) => compareBytes(a.name, b.name));
  const fanout = Array.from({ length: 256 }, (_, byte) => uint32(sorted.filter(({ name }) => name[0]! <= byte).length));
  const table = version === 1 ? sorted.flatMap(({ name, offset }) => [uint32(offset), name]) : [
    ...sorted.map(({ name }) => name),
    ...sorted.map(({ sum }) => uint32(sum)),
    ...sorted.map(({ offset }) => uint32(offset)),
  ];
  const head = version === 1 ? [] : [uint32(0xff744f63), uint32(2)];
  const body = concatBytes([...head, ...fanout, ...table, packSum]);
  return concatBytes([body, sha1(body)]);
}

/** The name of what an entry means, where it means something; else a name of its own that nothing has. */
function nameOf(plans: readonly EntryPlan[], index: number): Uint8Array {
  const meaning = resolve(plans, index, 0);
  if (meaning === null) return sha1(utf8(`nothing ${index}`));
  return sha1(utf8(`${meaning.word} ${meaning.content.length}\0`), meaning.content);
}

function resolve(
  plans: readonly EntryPlan[],
  index: number,
  depth: number,
): { word: string; content: Uint8Array } | null {
  const plan = plans[index];
  if (plan === undefined || depth > plans.length) return null;
  const word = TYPE_WORDS[plan.type];
  if (word !== undefined) return { word, content: plan.content };
  if (plan.base === undefined || !("entry" in plan.base) || plan.base.entry === index) return null;
  if (plan.type === 6 && plan.base.entry > index) return null;
  const below = resolve(plans, plan.base.entry, depth + 1);
  if (below === null) return null;
  try {
    return { word: below.word, content: applyDelta(below.content, plan.content) };
  } catch {
    return null; // the delta is bad, as it is meant to be
  }
}
