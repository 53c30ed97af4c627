/**
 * How sound bytes and sound text are damaged, and how many inputs a test tries.
 *
 * @module
 */
import fc from "fast-check";
import { createHash } from "node:crypto";
import { concatBytes, utf8 } from "../../src/platform/text.ts";
import { holdsAsync } from "../property.ts";
import { seedOr } from "../thoroughness.ts";

/** All inputs of these tests follow from it; a failing one is printed, made small, by fast-check. */
export const SEED = seedOr(20260107);

/**
 * Tries generated inputs.
 *
 * @param what What they are, for the line that is printed.
 * @param count How many in `npm test`; twenty times as many in `npm run torture`.
 * @param attempt Throws where an input is not handled as it should be.
 */
export async function tryInputs<T>(
  what: string,
  count: number,
  inputs: fc.Arbitrary<T>,
  attempt: (input: T) => Promise<void>,
): Promise<void> {
  const options = { seed: SEED, numRuns: count, tortureRuns: count * 20, kind: "fuzz inputs" } as const;
  await holdsAsync(what, fc.asyncProperty(inputs, attempt), options);
}

/** A change of bytes. Places are fractions of the length, so that they fit every file. */
export type ByteChange =
  | { readonly kind: "put"; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: "flip"; readonly at: number; readonly bit: number }
  | { readonly kind: "cut"; readonly at: number }
  | { readonly kind: "remove"; readonly at: number; readonly length: number }
  | { readonly kind: "insert"; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: "repeat"; readonly at: number; readonly length: number }
  | { readonly kind: "append"; readonly bytes: Uint8Array };

const place = fc.double({ min: 0, max: 1, noNaN: true });
const someBytes = fc.uint8Array({ minLength: 1, maxLength: 8 });
const someLength = fc.integer({ min: 1, max: 64 });

/** Any change of bytes; flips are the most frequent. */
export const byteChange: fc.Arbitrary<ByteChange> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("flip" as const), at: place, bit: fc.nat(7) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("put" as const), at: place, bytes: someBytes }) },
  fc.record({ kind: fc.constant("cut" as const), at: place }),
  fc.record({ kind: fc.constant("remove" as const), at: place, length: someLength }),
  fc.record({ kind: fc.constant("insert" as const), at: place, bytes: someBytes }),
  fc.record({ kind: fc.constant("repeat" as const), at: place, length: someLength }),
  fc.record({ kind: fc.constant("append" as const), bytes: someBytes }),
);

/** Makes a change. */
export function changeBytes(bytes: Uint8Array, change: ByteChange): Uint8Array {
  if (change.kind === "append") return concatBytes([bytes, change.bytes]);
  const at = Math.min(Math.floor(change.at * bytes.length), Math.max(0, bytes.length - 1));
  const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (change.kind) {
    case "put":
      return concatBytes([head, change.bytes, tail.subarray(change.bytes.length)]);
    case "flip":
      return concatBytes([head, tail.subarray(0, 1).map((byte) => byte ^ 1 << change.bit), tail.subarray(1)]);
    case "cut":
      return head;
    case "remove":
      return concatBytes([head, tail.subarray(change.length)]);
    case "insert":
      return concatBytes([head, change.bytes, tail]);
    case "repeat":
      return concatBytes([head, tail.subarray(0, change.length), tail]);
  }
}

/** Numbers at which programs go wrong, as far as 32 bits hold them. */
export const edgeNumber: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(0, 1, 2, 255, 256, 65535, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff),
  fc.nat(300),
  fc.integer({ min: 0, max: 0xffffffff }),
);

/** A big-endian number of four bytes put into a file: the field is chosen by a fraction of their number. */
export interface FieldChange {
  readonly field: number;
  /** The number itself, or what is added to the one that is there. */
  readonly value: { readonly set: number } | { readonly add: number };
}

/** Any change of a field. */
export const fieldChange: fc.Arbitrary<FieldChange> = fc.record({
  field: place,
  value: fc.oneof(fc.record({ set: edgeNumber }), fc.record({ add: fc.integer({ min: -3, max: 3 }) })),
});

/**
 * Changes one of the fields of four bytes that a stretch of a file consists of.
 *
 * @param from Where the fields begin, in bytes.
 * @param to Where they end.
 */
export function changeField(bytes: Uint8Array, from: number, to: number, change: FieldChange): Uint8Array {
  const changed = bytes.slice();
  const view = new DataView(changed.buffer);
  const at = from + 4 * Math.min(Math.floor(change.field * ((to - from) / 4)), (to - from) / 4 - 1);
  const { value } = change;
  view.setUint32(at, "set" in value ? value.set : view.getUint32(at) + value.add);
  return changed;
}

/** The same bytes with the SHA-1 of all before it at their end, so that what was changed gets past it. */
export function resealed(bytes: Uint8Array): Uint8Array {
  if (bytes.length < 20) return bytes;
  const body = bytes.subarray(0, bytes.length - 20);
  return concatBytes([body, new Uint8Array(createHash("sha1").update(body).digest())]);
}

/** Line ends, and what stands in their place. */
export const lineEnd: fc.Arbitrary<string> = fc.oneof(
  { weight: 120, arbitrary: fc.constant("\n") },
  { weight: 1, arbitrary: fc.constantFrom("\r\n", "\0", "\0\n", "\n\n", "", " \n", "\r", "\n\0") },
);

/**
 * A text of lines: mostly sound ones, some hostile, with odd ends.
 *
 * @param line One line without its end.
 */
export function textOf(line: fc.Arbitrary<string>, maxLength: number): fc.Arbitrary<string> {
  return fc.array(fc.tuple(line, lineEnd), { maxLength }).map((lines) => lines.flat().join(""));
}

/** Bytes of a text in which U+0080 to U+00FF stand for single bytes that are no UTF-8. */
export function rawBytes(text: string): Uint8Array {
  if (!/[\u0080-\u00ff]/.test(text)) return utf8(text);
  return Uint8Array.from(text, (character) => character.charCodeAt(0) & 0xff);
}
