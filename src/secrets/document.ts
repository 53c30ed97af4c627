/**
 * The file of the secrets: a TOML table without tables in it, each key a secret, each value a text.
 *
 * @module
 */
import { LatticeError } from "../platform/errors.ts";
import { compareNames, decodeUtf8, utf8 } from "../platform/text.ts";

/** Secrets by key. A map, since a key may be any word of the language's own. */
export type Secrets = Map<string, string>;

/**
 * Reads the bytes of a file.
 *
 * @param path For messages.
 * @throws {LatticeError} `invalid_data`: it is damaged. Where is told, what stands there is not.
 */
export async function parseSecrets(bytes: Uint8Array, path: string): Promise<Secrets> {
  const text = decodeUtf8(bytes);
  if (text === null) throw damaged(path, "it is not UTF-8");
  const { parse, TomlError } = await import("smol-toml");
  let table: Record<string, unknown>;
  try {
    table = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // The parser's error quotes the lines around, so neither its text nor the error itself is handed on.
    throw damaged(path, `it is no TOML, line ${error.line}, column ${error.column}`);
  }
  const secrets: Secrets = new Map();
  for (const [key, value] of Object.entries(table)) {
    if (typeof value !== "string") throw damaged(path, `the value of ${JSON.stringify(key)} is no text`);
    secrets.set(key, value);
  }
  return secrets;
}

/** The bytes of a file, keys in the order of their bytes. */
export async function renderSecrets(secrets: Secrets): Promise<Uint8Array<ArrayBuffer>> {
  const { stringify } = await import("smol-toml");
  const keys = [...secrets.keys()].sort(compareNames);
  let text = "";
  for (const key of keys) {
    // One at a time: in an object, keys that look like numbers would move to the front.
    text += `${stringify(Object.fromEntries([[key, secrets.get(key)!]])).trimEnd()}\n`;
  }
  return utf8(text);
}

function damaged(path: string, reason: string): LatticeError {
  return new LatticeError("invalid_data", `${JSON.stringify(path)} is damaged: ${reason}`, {
    hint: "correct it in an editor, or move it away; lattice does not write over it",
    details: { path },
  });
}
