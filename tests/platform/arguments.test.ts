/** The tokenizer splits command lines as `parseArgs` of `node:util` does. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { parseArgs } from "node:util";
import { tokenizeArguments, type TokenizerOption } from "../../src/platform/arguments.ts";
import { test } from "../harness.ts";
import { holds } from "../property.ts";

const OPTIONS: Record<string, TokenizerOption> = Object.assign(Object.create(null), {
  quiet: { type: "boolean", short: "q" },
  verbose: { type: "boolean", short: "v" },
  file: { type: "string", short: "f" },
  C: { type: "string" },
  limit: { type: "string" },
});

function expected(args: string[]) {
  return parseArgs({ args, options: OPTIONS, strict: false, allowPositionals: true, tokens: true }).tokens;
}

function requireSame(args: string[]): void {
  assert.deepEqual(tokenizeArguments(args, OPTIONS).map(plain), expected(args).map(plain));
}

/** Without the prototypes, in which runtimes differ. */
function plain(token: object): unknown {
  return { ...token };
}

test("tokenizeArguments() splits made-up command lines as parseArgs does", () => {
  const letters = fc.string({ unit: fc.constantFrom(..."qvfCxé="), minLength: 1, maxLength: 4 });
  const names = fc.constantFrom("quiet", "file", "C", "limit", "unknown", "q", "f", "toString", "__proto__");
  const word = fc.oneof(
    letters.map((text) => `-${text}`),
    names.map((name) => `--${name}`),
    fc.tuple(names, fc.constantFrom("", "a", "a=b", "-x", "=")).map(([name, value]) => `--${name}=${value}`),
    fc.constantFrom("", "-", "--", "meta", "-5", "a b", "x=y"),
  );
  holds(
    "tokenizeArguments() splits made-up command lines as parseArgs does",
    fc.property(fc.array(word, { maxLength: 6 }), requireSame),
    { seed: 20260214, numRuns: 3000 },
  );
});

test("tokenizeArguments() gives an option that needs a value the next word, whatever it looks like", () => {
  for (const args of [["-f", "-q"], ["--file", "--"], ["-qf", "x", "y"], ["-qfx", "y"], ["--limit"], ["-f"]]) {
    requireSame(args);
  }
});

test("tokenizeArguments() takes a hyphen among short options for one, never for the end of the options", () => {
  const [, second] = tokenizeArguments(["-q-", "x"], OPTIONS);
  assert.deepEqual(second && plain(second), {
    kind: "option",
    name: "-",
    rawName: "--",
    value: undefined,
    inlineValue: undefined,
    index: 0,
  });
});
