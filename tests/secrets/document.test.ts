import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { LatticeError } from "../../src/platform/errors.ts";
import { decodeUtf8, utf8 } from "../../src/platform/text.ts";
import {
  entryName,
  entryValue,
  INDEX_NAME,
  parseIndex,
  renderIndex,
  valueOfEntry,
} from "../../src/secrets/keychain_names.ts";
import { parseSecrets, renderSecrets } from "../../src/secrets/document.ts";
import { test } from "../harness.ts";
import { holds, holdsAsync } from "../property.ts";
import { HARD_TEXTS } from "./conformance.ts";

/** Any text that UTF-8 can hold: of every plane, of control characters, of what formats use themselves, and the hard ones. */
const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom(..."\u0000\u0001\b\t\n\f\r\u001b\u007f\u0085\"'\\=#[].,{} aé🔑".split(/(?:)/u)) }),
  fc.string({ unit: "grapheme" }),
  fc.constantFrom(...HARD_TEXTS),
);

test("every table of secrets comes back as it was, and its text is sorted by keys", async () => {
  const property = fc.asyncProperty(fc.array(fc.tuple(text, text), { maxLength: 8 }), async (entries) => {
    const secrets = new Map(entries);
    const bytes = await renderSecrets(secrets);
    assert.deepEqual([...await parseSecrets(bytes, "/f")].sort(), [...secrets].sort());
    assert.equal(decodeUtf8(bytes)!.split("\n").length, secrets.size + 1, "one line each");
    const again = await renderSecrets(new Map([...secrets].reverse()));
    assert.deepEqual(again, bytes, "the order in which they came does not matter");
  });
  await holdsAsync("tables of secrets", property, { seed: 20_261_121, numRuns: 800, tortureRuns: 200_000 });
});

test("any bytes are a table of texts or damaged, and no message quotes them", async () => {
  const line = fc.tuple(text, fc.constantFrom("=", " = ", ":", ""), text).map(([key, sign, value]) =>
    `${JSON.stringify(key)}${sign}${JSON.stringify(value)}\n`
  );
  const property = fc.asyncProperty(
    fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(fc.oneof(line, text)).map((lines) => new TextEncoder().encode(lines.join(""))),
    ),
    async (bytes) => {
      const marked = new Uint8Array([...bytes, ...new TextEncoder().encode('\nhunter2 = "hunter2" hunter2')]);
      try {
        for (const value of (await parseSecrets(bytes, "/f")).values()) assert.equal(typeof value, "string");
        await parseSecrets(marked, "/f");
      } catch (error) {
        assert.ok(error instanceof LatticeError && error.code === "invalid_data", String(error));
        assert.ok(!`${error.stack}${String(error.cause)}`.includes("hunter2"));
      }
    },
  );
  await holdsAsync("damaged tables of secrets", property, { seed: 20_261_121, numRuns: 500, kind: "fuzz inputs" });
});

test("every key has an entry name of its own and every value comes back from its entry, without a NUL and not empty", () => {
  const property = fc.property(text, text, (a, b) => {
    for (const stored of [entryName(a), entryValue(a)]) assert.ok(stored !== "" && !stored.includes("\0"));
    assert.equal(valueOfEntry(entryValue(a)), a);
    assert.equal(entryName(a) === entryName(b), a === b);
    assert.notEqual(entryName(a), INDEX_NAME);
    assert.deepEqual(parseIndex(renderIndex([a, b])), [a, b]);
  });
  holds("entries of a keychain", property, { seed: 20_261_121, numRuns: 1500 });
});

test("an entry and a list of keys that are damaged are told, and not quoted", () => {
  for (const stored of ["lattice:", "lattice:hex:zz", "lattice:hex:6", "lattice:hex:ff", "lattice:index"]) {
    assert.throws(
      () => valueOfEntry(stored),
      (error) => error instanceof LatticeError && error.code === "invalid_data",
    );
  }
  for (const stored of ["", "{}", "[1]", "[", '["a"', "null", '"a"']) {
    assert.throws(() => parseIndex(stored), (error) => error instanceof LatticeError && error.code === "invalid_data");
  }
  assert.equal(valueOfEntry("hunter2"), "hunter2");
});

test("docs/formats.md: the file of the secrets is read, and written to the same bytes", async () => {
  const page = readFileSync(new URL("../../docs/formats.md", import.meta.url), "utf8");
  const bytes = utf8(/^```secrets\n([\s\S]*?)^```$/m.exec(page)![1]!);
  const secrets = await parseSecrets(bytes, "/example");
  assert.deepEqual([...secrets.keys()], ["deploy.key", "forge_token"]);
  assert.deepEqual(await renderSecrets(secrets), bytes);
});
