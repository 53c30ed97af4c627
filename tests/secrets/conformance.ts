/**
 * What every store of secrets must do, whatever it keeps them in.
 *
 * @module
 */
import assert from "node:assert/strict";
import { LatticeError } from "../../src/platform/errors.ts";
import { SECRET_BYTES_MAX, type SecretStore } from "../../src/secrets/secret_store.ts";

/** What a case works with. */
export interface Bed {
  /** A store of the same secrets, as another process would open it. */
  open(): SecretStore;
  /** The longest value that this backend takes here, in bytes. */
  readonly bytesMax: number;
  /** Keys and values that are tried; without it, all the hard ones. */
  readonly texts?: readonly string[];
}

/** A case; the store is empty when it begins. */
export interface Case {
  readonly name: string;
  run(bed: Bed): Promise<void>;
}

/** Texts that are hard on formats: of arguments, of TOML, of a keychain. */
export const HARD_TEXTS: readonly string[] = [
  "",
  " ",
  "\n",
  "a\n",
  "a\r\nb",
  "\r",
  "\t\u0000\u0001\u001b[31m\u007f\u0085\u2028",
  "\u0000",
  `"'\\"""'''\\u0041`,
  "=#[table]\n[[list]]",
  "__proto__",
  "constructor",
  "toString",
  "1",
  "a.b.c",
  "--raw",
  "-",
  "lattice:index",
  "lattice:hex:61",
  "lattice:",
  "ключ 鍵 🔑 é e\u0301 \ufeff\uffff",
  "\ud83d\udd11".repeat(3),
];

const LONE_SURROGATES = ["\ud800", "a\udc80b", "\udfff\ud800"];

async function codeOf(action: Promise<unknown>): Promise<string> {
  try {
    await action;
  } catch (error) {
    if (error instanceof LatticeError) return error.code;
    throw error;
  }
  return "none";
}

/** All of them. */
export const CASES: readonly Case[] = [
  {
    name: "get() of a key that is not there is undefined, and list() is empty",
    async run({ open }) {
      assert.equal(await open().get("nope"), undefined);
      assert.deepEqual(await open().list(), []);
    },
  },
  {
    name: "what was set is got by another one, and replaced by what is set next",
    async run({ open }) {
      await open().set("key", "one");
      assert.equal(await open().get("key"), "one");
      await open().set("key", "two");
      await open().set("other", "three");
      assert.equal(await open().get("key"), "two");
      assert.deepEqual(await open().list(), ["key", "other"]);
    },
  },
  {
    name: "delete() removes a key and no other, and takes one that is not there for removed",
    async run({ open }) {
      await open().delete("a");
      await open().set("a", "1");
      await open().set("b", "2");
      await open().delete("a");
      await open().delete("a");
      assert.equal(await open().get("a"), undefined);
      assert.deepEqual(await open().list(), ["b"]);
      await open().set("a", "3");
      assert.deepEqual([await open().get("a"), await open().get("b")], ["3", "2"]);
    },
  },
  {
    name: "keys and values are any UTF-8, and list() sorts by bytes",
    async run({ open, texts = HARD_TEXTS }) {
      const valueOf = (index: number) => texts.at(-1 - index)!;
      for (const [index, text] of texts.entries()) await open().set(text, valueOf(index));
      for (const [index, text] of texts.entries()) {
        assert.equal(await open().get(text), valueOf(index), JSON.stringify(text));
      }
      const bytes = (text: string) =>
        [...new TextEncoder().encode(text)].map((byte) => byte.toString(16).padStart(2, "0"));
      const byBytes = [...texts].sort((a, b) => bytes(a).join("") < bytes(b).join("") ? -1 : 1);
      assert.deepEqual(await open().list(), byBytes);
    },
  },
  {
    name: "what is no text is refused as key and as value, and changes nothing",
    async run({ open }) {
      await open().set("key", "old");
      for (const text of LONE_SURROGATES) {
        assert.equal(await codeOf(open().set("key", text)), "invalid_data");
        for (const act of [open().get(text), open().set(text, "v"), open().delete(text)]) {
          assert.equal(await codeOf(act), "usage");
        }
      }
      assert.deepEqual([await open().list(), await open().get("key")], [["key"], "old"]);
    },
  },
  {
    name: "a value has up to 1 MiB; a longer one is refused and changes nothing",
    async run({ open, bytesMax }) {
      const longest = "é".repeat(Math.floor(bytesMax / 2));
      await open().set("long", longest);
      assert.equal(await open().get("long") === longest, true);
      const code = await codeOf(open().set("long", `${longest}xx`));
      assert.equal(code, bytesMax < SECRET_BYTES_MAX ? "unsupported" : "invalid_data");
      assert.equal(await open().get("long") === longest, true);
      assert.equal(await codeOf(open().set("new", "x".repeat(SECRET_BYTES_MAX + 1))), "invalid_data");
      assert.deepEqual(await open().list(), ["long"]);
    },
  },
  {
    name: "writers at the same time lose nothing",
    async run({ open }) {
      const keys = Array.from({ length: 8 }, (_, index) => `key-${String(index).padStart(2, "0")}`);
      await Promise.all(keys.map((key) => open().set(key, `value of ${key}`)));
      assert.deepEqual(await open().list(), keys);
      await Promise.all(keys.slice(3).map((key) => open().delete(key)));
      assert.deepEqual(await open().list(), keys.slice(0, 3));
      for (const key of keys.slice(0, 3)) assert.equal(await open().get(key), `value of ${key}`);
    },
  },
];
