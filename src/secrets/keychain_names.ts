/**
 * Keys and values as a keychain can hold them: it takes neither the empty text nor a NUL.
 *
 * What it takes is stored as it is, so that other programs find it. The rest, and what could be taken for it, stands
 * behind `lattice:`.
 *
 * @module
 */
import { LatticeError } from "../platform/errors.ts";
import { concatBytes, decodeUtf8, fromHex, toHex, utf8 } from "../platform/text.ts";

/** What names and values of our own making begin with. */
const OWN = "lattice:";
const ENCODED = `${OWN}hex:`;

/** The entry that lists the keys. */
export const INDEX_NAME = `${OWN}index`;

/** The name of the entry of a key. */
export function entryName(key: string): string {
  return encode(key);
}

/** What is stored for a value. */
export function entryValue(value: string): string {
  return encode(value);
}

/** The value that an entry stands for. @throws {LatticeError} `invalid_data`: it is ours, and damaged. */
export function valueOfEntry(stored: string): string {
  if (!stored.startsWith(OWN)) return stored;
  const digits = stored.startsWith(ENCODED) ? stored.slice(ENCODED.length) : "-";
  const value = /^(?:[0-9a-f]{2})*$/.test(digits) ? decodeUtf8(concatBytes([fromHex(digits)])) : null;
  if (value !== null) return value;
  throw new LatticeError("invalid_data", "the entry in the keychain is damaged", {
    hint: "store the secret once more",
  });
}

/** What is stored for the list of keys. */
export function renderIndex(keys: readonly string[]): string {
  return JSON.stringify(keys);
}

/** The keys of a list. @throws {LatticeError} `invalid_data`: it is damaged. */
export function parseIndex(stored: string): string[] {
  try {
    const keys: unknown = JSON.parse(stored);
    if (Array.isArray(keys) && keys.every((key) => typeof key === "string")) return keys;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  throw new LatticeError("invalid_data", `the entry ${JSON.stringify(INDEX_NAME)} of the keychain is damaged`, {
    hint: "remove that entry in the keychain's own program, and store the secrets once more; their values are not lost",
  });
}

function encode(text: string): string {
  const isPlain = text !== "" && !text.includes("\0") && !text.startsWith(OWN);
  return isPlain ? text : `${ENCODED}${toHex(utf8(text))}`;
}
