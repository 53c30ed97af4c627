/** What the schema and JSON make of values: given back, or refused. */
import assert from "node:assert/strict";
import fc from "fast-check";
import * as z from "zod";
import { decodeUtf8, utf8 } from "../../src/platform/text.ts";
import { STATE_BYTES_MAX } from "../../src/state/document.ts";
import { DeserializationFailed, SerializationFailed } from "../../src/state/errors.ts";
import { STATE_DEPTH_MAX } from "../../src/state/json_scan.ts";
import { MemoryStore } from "../../src/state/memory_store.ts";
import { openStateRepository } from "../../src/state/open.ts";
import type { StateSchema } from "../../src/state/repository.ts";
import { TypedRepository } from "../../src/state/typed_repository.ts";
import { test } from "../harness.ts";
import { holdsAsync } from "../property.ts";
import { SimDisk } from "../simulation/sim_disk.ts";
import { SimSystem } from "../simulation/sim_system.ts";
import { rejection } from "./rejection.ts";
import { acceptedObjects } from "./schemas.ts";

test("load() after save() gives back every value that a schema accepts", async () => {
  const property = fc.asyncProperty(acceptedObjects, async ({ schema, value }) => {
    const system = new SimSystem(SimDisk.fromTree({}));
    for (
      const states of [
        openStateRepository("/data", schema, { system }),
        new TypedRepository(new MemoryStore(), schema),
      ]
    ) {
      const { digest } = await states.save("any", value);
      assert.deepEqual(plain(await states.load("any")), plain(value));
      assert.equal((await states.read("any"))!.digest, digest);
    }
  });
  await holdsAsync("states of generated schemas", property, { seed: 20_261_121, numRuns: 200, tortureRuns: 20_000 });
});

test("save() of anything at all is refused, or load() gives it back", async () => {
  let kept = 0;
  const anything = fc.anything({
    maxDepth: 3,
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withNullPrototype: true,
    withSparseArray: true,
    withTypedArray: true,
    withUnicodeString: true,
  } as never);
  const values = fc.oneof(fc.jsonValue({ maxDepth: 3 }), anything);
  const property = fc.asyncProperty(values, async (value) => {
    const states = new TypedRepository(new MemoryStore(), z.object({ value: z.any() }));
    try {
      await states.save("any", { value });
    } catch (error) {
      assert.ok(error instanceof SerializationFailed, String(error));
      assert.equal(await states.exists("any"), false);
      return;
    }
    kept++;
    assert.deepEqual(plain((await states.load("any"))!.value), plain(value));
  });
  await holdsAsync("states of anything", property, { seed: 20_261_121, numRuns: 500, tortureRuns: 20_000 });
  assert.ok(kept > 50, `${kept} were kept`);
});

/** A value without what does not count: members that are `undefined`, and whether an object has a prototype. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return Array.from(value, plain);
  if (typeof value !== "object" || value === null || Object.prototype.toString.call(value) !== "[object Object]") {
    return value;
  }
  const members = Object.entries(value).filter(([, inner]) => inner !== undefined).map(([key, inner]) =>
    [key, plain(inner)] as const
  );
  const copy = Object.create(null) as Record<string, unknown>;
  for (const [key, inner] of members) Object.defineProperty(copy, key, { value: inner, enumerable: true });
  return copy;
}

const circle: Record<string, unknown> = {};
circle["circle"] = circle;

function nested(levels: number): Record<string, unknown> {
  let value: Record<string, unknown> = {};
  for (let i = 1; i < levels; i++) value = { inner: value };
  return value;
}

class Version {
  constructor(readonly text: string) {}
}

const REFUSED: readonly (readonly [what: string, schema: z.ZodType, value: unknown])[] = [
  ["what the schema refuses", z.object({ a: z.string() }), { a: 1 }],
  ["a circle", z.any(), circle],
  ["a BigInt", z.object({ a: z.bigint() }), { a: 1n }],
  ["a date without a schema that makes dates", z.object({ a: z.date() }), { a: new Date(0) }],
  ["no date", z.object({ a: z.any().transform((value) => new Date(value as string)) }), { a: new Date(NaN) }],
  ["NaN", z.object({ a: z.nan() }), { a: NaN }],
  ["infinity", z.object({ a: z.any() }), { a: Infinity }],
  ["a Map", z.object({ a: z.any() }), { a: new Map([[1, 2]]) }],
  ["a Set", z.object({ a: z.any() }), { a: new Set([1]) }],
  ["an object of a class", z.object({ a: z.object({ text: z.string() }) }), { a: new Version("1.0") }],
  ["an object of a class, with members or without", z.object({ a: z.any() }), { a: new (class {})() }],
  ["bytes", z.object({ a: z.any() }), { a: new Uint8Array(2) }],
  ["undefined in a list", z.object({ a: z.any() }), { a: [undefined] }],
  ["a hole in a list", z.object({ a: z.any() }), { a: [, 1] }], // deno-lint-ignore no-sparse-arrays
  ["a function", z.object({ a: z.any() }), { a: [() => 1] }],
  ["a symbol", z.object({ a: z.any() }), { a: [Symbol("x")] }],
  ["a text for a number that is made of it", z.object({ a: z.coerce.number() }), { a: "1" }],
  ["what the schema changes", z.object({ a: z.string().trim() }), { a: " a " }],
  ["what the schema leaves out", z.object({ a: z.number() }), { a: 1, b: 2 }],
  ["what the schema adds", z.object({ a: z.number().default(7) }), {}],
  ["what the schema makes of it each time", z.object({ a: z.number().transform((n) => n + 1) }), { a: 1 }],
  ["a list", z.array(z.number()), [1]],
  ["a text", z.string(), "x"],
  ["null", z.null(), null],
  ["undefined", z.any(), undefined],
  ["a function itself", z.any(), () => 1],
  ["one level too deep", z.any(), nested(STATE_DEPTH_MAX + 1)],
  ["far too deep", z.any(), nested(200_000)],
  ["more than fits", z.any(), { a: "x".repeat(STATE_BYTES_MAX) }],
  [
    "a check that throws",
    z.object({
      a: z.number().refine(() => {
        throw new Error("thrown by a check");
      }),
    }),
    { a: 1 },
  ],
  ["a check that takes time", z.object({ a: z.number().refine(() => Promise.resolve(true)) }), { a: 1 }],
];

test("save() refuses what would not be loaded as it is, by SerializationFailed, and stores nothing", async () => {
  for (const [what, schema, value] of REFUSED) {
    const store = new MemoryStore();
    const states = new TypedRepository(store, schema);
    const error = await rejection(states.save("production", value), SerializationFailed).catch((cause: unknown) => {
      throw new Error(what, { cause });
    });
    assert.deepEqual([error.code, error.path], ["invalid_data", "memory:production"], what);
    assert.equal(await store.exists("production"), false, what);
  }
});

test("save() keeps -0, halves of surrogate pairs, odd keys and what is deep, whatever JSON.stringify does", async () => {
  const store = new MemoryStore();
  const states = new TypedRepository(store, z.any() as z.ZodType<Record<string, unknown>>);
  const odd = JSON.parse('{"__proto__":{"x":1},"constructor":1,"":2,"toJSON":3}') as Record<string, unknown>;
  for (
    const value of [{ a: -0, b: [0, -0, "-0", "-00"] }, { a: "\ud800", "\udfff": "\0" }, odd, nested(STATE_DEPTH_MAX)]
  ) {
    await states.save("production", value);
    assert.deepEqual(await states.load("production"), value);
  }
  await states.save("production", { a: -0, b: "-0" });
  assert.equal(decodeUtf8((await store.read("production"))!), '{\n  "a": -0,\n  "b": "-0"\n}\n');
  await states.save("production", { a: undefined, b: 1 });
  assert.equal(decodeUtf8((await store.read("production"))!), '{\n  "b": 1\n}\n');
});

test("load() tells by DeserializationFailed what the schema has against a document", async () => {
  const store = new MemoryStore();
  const write = (text: string) => store.write("production", utf8(text), { kind: "any" });
  const load = (schema: StateSchema<unknown>) =>
    rejection(new TypedRepository(store, schema).load("production"), DeserializationFailed);
  await write('{"servers":[{"port":"80"}]}');
  const schema = z.object({ servers: z.array(z.object({ port: z.number() })) });
  assert.match((await load(schema)).message, /"servers\.0\.port": /);
  const throwing = {
    safeParse: () => {
      throw new TypeError("thrown by a schema");
    },
  };
  const error = await load(throwing);
  assert.match(error.message, /thrown by a schema/);
  assert.ok(error.cause instanceof TypeError);
  assert.match(
    (await load({ safeParse: () => ({ success: false, error: undefined }) })).message,
    /the schema refuses it/,
  );
  await write(`${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`);
  const recursive: z.ZodType = z.lazy(() => z.union([z.number(), z.object({ a: recursive })]));
  await new TypedRepository(store, recursive).load("production").catch((thrown: unknown) => {
    assert.ok(thrown instanceof DeserializationFailed, String(thrown));
  });
});
