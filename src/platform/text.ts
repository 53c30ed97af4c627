/**
 * Bytes to strings and back without loss, and the order of bytes.
 *
 * Git's names are bytes. They are carried here as strings in which each byte that is not part of valid UTF-8 stands
 * as a lone surrogate U+DC80..U+DCFF (byte 0x80 + n as U+DC80 + n, the convention known as "surrogateescape"), so
 * that every byte string has exactly one string and back.
 *
 * @module
 */

const encoder = new TextEncoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lenientDecoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** UTF-8 bytes of a well-formed string. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text) as Uint8Array<ArrayBuffer>;
}

/** Text of bytes that must be UTF-8; `null` when they are not. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return null; // fatal decoders report bad UTF-8 in this one way
  }
}

/**
 * The string that stands for a byte string.
 *
 * @param bytes Any bytes.
 * @returns A string from which {@link nameToBytes} gives the same bytes back.
 */
export function bytesToName(bytes: Uint8Array): string {
  const text = lenientDecoder.decode(bytes);
  if (!text.includes("\uFFFD")) return text;
  return decodeUtf8(bytes) ?? decodeByParts(bytes);
}

/** The bytes that a string of {@link bytesToName} stands for. */
export function nameToBytes(name: string): Uint8Array<ArrayBuffer> {
  if (isWellFormed(name)) return utf8(name);
  const parts: Uint8Array[] = [];
  let start = 0;
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    if (unit >= 0xd800 && unit < 0xdc00 && isLowSurrogate(name.charCodeAt(i + 1))) {
      i++; // a proper pair
    } else if (unit >= 0xdc80 && unit <= 0xdcff) {
      parts.push(utf8(name.slice(start, i)), Uint8Array.of(unit - 0xdc00));
      start = i + 1;
    }
  }
  parts.push(utf8(name.slice(start)));
  return concatBytes(parts);
}

/** Whether a string is valid Unicode, so that it stands for valid UTF-8. */
export function isWellFormed(text: string): boolean {
  return (text as unknown as { isWellFormed(): boolean }).isWellFormed();
}

/** Units among which the order of UTF-16 is not that of the bytes. */
const BEYOND_PLAIN = /[\ud800-\uffff]/;

/**
 * Compares two names by their bytes, as git sorts refs and tree entries (UTF-16 order differs beyond U+FFFF).
 *
 * @returns Negative, zero or positive.
 */
export function compareNames(a: string, b: string): number {
  const length = a.length < b.length ? a.length : b.length;
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    if (x < 0xd800 && y < 0xd800) return x - y;
    return compareBytes(nameToBytes(a), nameToBytes(b));
  }
  return a.length - b.length;
}

/**
 * Sorts by names, in the order of their bytes; what is in order already, as it nearly always is, takes one pass.
 *
 * @returns The same array.
 */
export function sortByName<Item>(items: Item[], nameOf: (item: Item) => string): Item[] {
  const names = items.map(nameOf);
  const isPlain = !BEYOND_PLAIN.test(names.join("")); // asked once of all of them
  for (let i = 1; i < names.length; i++) {
    const previous = names[i - 1]!;
    const name = names[i]!;
    if (isPlain ? previous <= name : compareNames(previous, name) <= 0) continue;
    return items.sort((a, b) => compareNames(nameOf(a), nameOf(b)));
  }
  return items;
}

/** Compares byte strings: negative, zero or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = a.length < b.length ? a.length : b.length;
  for (let i = 0; i < length; i++) {
    const difference = a[i]! - b[i]!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Whether two byte strings are the same. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && compareBytes(a, b) === 0;
}

/** One byte string out of many. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** What both runtimes have and their common types do not. */
type HexBytes = Uint8Array & { toHex(): string; toBase64(): string };

/** Lower-case hexadecimal digits of bytes. */
export function toHex(bytes: Uint8Array): string {
  return (bytes as HexBytes).toHex();
}

/** Base64 of bytes, with its padding. */
export function toBase64(bytes: Uint8Array): string {
  return (bytes as HexBytes).toBase64();
}

/** Bytes of an even number of hexadecimal digits, which the caller has checked. */
export function fromHex(digits: string): Uint8Array<ArrayBuffer> {
  return (Uint8Array as unknown as { fromHex(digits: string): Uint8Array<ArrayBuffer> }).fromHex(digits);
}

/** Bytes of a text in base64, which is sound. A loop over the characters takes 2 ms for 10 KiB, this takes none. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return (Uint8Array as unknown as { fromBase64(text: string): Uint8Array<ArrayBuffer> }).fromBase64(text);
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

/** Slow path of {@link bytesToName}: the longest valid stretches, and single bytes between them. */
function decodeByParts(bytes: Uint8Array): string {
  let text = "";
  let at = 0;
  while (at < bytes.length) {
    const length = validSequenceLength(bytes, at);
    if (length === 0) {
      text += String.fromCharCode(0xdc00 + bytes[at]!);
      at++;
    } else {
      text += strictDecoder.decode(bytes.subarray(at, at + length));
      at += length;
    }
  }
  return text;
}

/** Length in bytes of the valid UTF-8 sequence that begins here; 0 when none does. */
function validSequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  return decodeUtf8(bytes.subarray(at, at + length)) === null ? 0 : length;
}

/** A name as it is typed in a shell, so that a hint can be pasted whatever is in the name. */
export function shellWord(name: string): string {
  return /^[\w@%+=:,./-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`;
}
