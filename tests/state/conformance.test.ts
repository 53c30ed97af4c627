/** What every backend of the state repository does, asked of each of them. */
import assert from "node:assert/strict";
import * as z from "zod";
import { LatticeError } from "../../src/platform/errors.ts";
import { utf8 } from "../../src/platform/text.ts";
import { digestOf } from "../../src/state/document_store.ts";
import { CorruptedStateFile, DeserializationFailed, ExpectationFailed } from "../../src/state/errors.ts";
import { TypedRepository } from "../../src/state/typed_repository.ts";
import { test } from "../harness.ts";
import { type Backend, BACKENDS } from "./backends.ts";
import { rejection } from "./rejection.ts";

const Environment = z.object({ version: z.string(), replicas: z.int() });
type Environment = z.infer<typeof Environment>;

const FIRST: Environment = { version: "1.0", replicas: 1 };
const SECOND: Environment = { version: "2.0", replicas: 2 };
const ANY = { kind: "any" } as const;

const DAMAGED: readonly (readonly [what: string, bytes: Uint8Array, flaw: RegExp])[] = [
  ["empty", utf8(""), /it is empty/],
  ["blank", utf8(" \n"), /nothing in it but white space/],
  ["cut off", utf8('{"version":"1.0","repl'), /found the end, expected a closing "/],
  ["cut off in an object", utf8('{"version":"1.0",'), /found the end, expected a key, in line 1, column 18/],
  ["an array", utf8("[1]\n"), /no JSON object/],
  ["a text", utf8('"x"\n'), /no JSON object/],
  ["null", utf8("null\n"), /no JSON object/],
  ["two objects", utf8("{}\n{}\n"), /found "\{", expected the end/],
  ["a byte order mark", utf8("\uFEFF{}\n"), /byte order mark/],
  ["NUL bytes", new Uint8Array(64), /begins with "\\u0000"/],
  ["a NUL behind it", utf8("{}\n\0"), /found "\\u0000"/],
  ["not UTF-8", Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d), /not UTF-8/],
  ["UTF-16", new Uint8Array(Uint16Array.from([0x7b, 0x7d]).buffer), /found "\\u0000"/],
];

for (const [backend, make] of Object.entries(BACKENDS)) {
  const world = async () => {
    const made: Backend = await make();
    return {
      ...made,
      states: new TypedRepository(made.store, Environment),
      others: new TypedRepository(made.other, Environment),
    };
  };

  test(`save() and load() give back what was saved, by whomever, and list() names it: ${backend}`, async () => {
    const { store, states, others } = await world();
    assert.deepEqual([await states.load("production"), await states.read("production")], [undefined, undefined]);
    assert.deepEqual([await states.exists("production"), await states.list()], [false, []]);
    const { digest } = await states.save("production", FIRST);
    assert.deepEqual(await others.load("production"), FIRST);
    assert.deepEqual(await others.read("production"), { digest, value: FIRST });
    await others.save("staging", SECOND);
    await others.save("a-1", SECOND);
    assert.deepEqual(await states.list(), ["a-1", "production", "staging"]);
    assert.equal(await others.exists("production"), true);
    const bytes = await store.read("production");
    assert.equal(new TextDecoder().decode(bytes!), '{\n  "version": "1.0",\n  "replicas": 1\n}\n');
    assert.equal(digest, digestOf(bytes!));
    await others.save("production", SECOND);
    assert.deepEqual(await states.load("production"), SECOND);
  });

  test(`delete() removes a document once and for all, and does not mind one that is not there: ${backend}`, async () => {
    const { states, others } = await world();
    await states.delete("production");
    await states.save("production", FIRST);
    await states.save("staging", FIRST);
    await others.delete("production");
    await others.delete("production");
    assert.deepEqual([await states.load("production"), await states.exists("production")], [undefined, false]);
    assert.deepEqual(await states.list(), ["staging"]);
    await states.save("production", SECOND, null);
    assert.deepEqual(await others.load("production"), SECOND);
  });

  test(`save() compares with the expectation, and changes nothing where it is not met: ${backend}`, async () => {
    const { states, others } = await world();
    const absent = await rejection(states.save("production", FIRST, "0".repeat(64)), ExpectationFailed);
    assert.deepEqual([absent.code, absent.expected, absent.actual], ["cas_failed", "0".repeat(64), null]);
    assert.deepEqual(await states.list(), []);
    const { digest } = await states.save("production", FIRST, null);
    const present = await rejection(others.save("production", SECOND, null), ExpectationFailed);
    assert.deepEqual([present.expected, present.actual], [null, digest]);
    assert.deepEqual(present.details["name"], "production");
    const other = await rejection(others.save("production", SECOND, "0".repeat(64)), ExpectationFailed);
    assert.equal(other.actual, digest);
    assert.deepEqual(await states.load("production"), FIRST);
    const next = await others.save("production", SECOND, digest);
    assert.equal((await states.save("production", SECOND, next.digest)).digest, next.digest);
    await states.save("production", FIRST, ANY);
    assert.equal((await states.read("production"))!.digest, digest);
  });

  test(`an expectation that is none is refused, as a program without types may give it: ${backend}`, async () => {
    const { states } = await world();
    for (const wrong of ["", "abc", "A".repeat(64), "0".repeat(63), {}, { kind: "some" }, 7, true] as never[]) {
      assert.equal((await rejection(states.save("production", FIRST, wrong), LatticeError)).code, "usage");
    }
    assert.deepEqual(await states.list(), []);
  });

  test(`a damaged document is reported and left alone, exists, and is replaced only where that is said: ${backend}`, async () => {
    for (const [what, bytes, flaw] of DAMAGED) {
      const { store, damage, states } = await world();
      await damage("production", bytes);
      for (const attempt of [() => states.load("production"), () => states.read("production")]) {
        assert.match((await rejection(attempt(), CorruptedStateFile)).message, flaw, what);
      }
      for (const expectation of [undefined, null, digestOf(bytes), "0".repeat(64)]) {
        const error = await rejection(states.save("production", FIRST, expectation), CorruptedStateFile);
        assert.equal(error.code, "invalid_data");
        assert.match(error.hint!, /lattice state save production --expect-any/);
      }
      assert.deepEqual(await store.read("production"), bytes, what);
      assert.deepEqual([await states.exists("production"), await states.list()], [true, ["production"]]);
      await states.save("production", FIRST, ANY);
      assert.deepEqual(await states.load("production"), FIRST);
      await damage("production", bytes);
      await states.delete("production");
      assert.equal(await states.exists("production"), false, what);
    }
  });

  test(`a document of another type is told from a damaged one, and can be replaced: ${backend}`, async () => {
    const { damage, states } = await world();
    for (const text of ["{}", '{"version":1,"replicas":1}', '{"version":"1.0"}', '{"__proto__":{"version":"1"}}']) {
      await damage("production", utf8(text));
      const error = await rejection(states.load("production"), DeserializationFailed);
      assert.equal(error.code, "invalid_data");
      assert.ok(error.cause instanceof z.ZodError, String(error.cause));
      await rejection(states.read("production"), DeserializationFailed);
    }
    await states.save("production", FIRST);
    assert.deepEqual(await states.load("production"), FIRST);
  });

  test(`of names that no document can have each is refused, and nothing is touched: ${backend}`, async () => {
    const { states } = await world();
    const wrong = [
      "",
      "1a",
      "-a",
      "a-",
      "a--b",
      "A",
      "a_b",
      "a.b",
      ".",
      "..",
      "a/b",
      "../a",
      "a\\b",
      "a\0",
      "a\n",
      "ä",
      "a b",
      "a".repeat(64),
      "constructor/..",
      "a/",
    ];
    for (const name of [...wrong, undefined, 7] as string[]) {
      for (
        const attempt of [
          () => states.save(name, FIRST),
          () => states.load(name),
          () => states.read(name),
          () => states.exists(name),
          () => states.delete(name),
        ]
      ) {
        assert.equal((await rejection(attempt(), LatticeError)).code, "usage", JSON.stringify(name));
      }
    }
    assert.deepEqual(await states.list(), []);
    const right = ["a", "a1", "a-b-c", "a1-2", "z".repeat(63), "constructor", "tostring"];
    for (const name of right) await states.save(name, FIRST);
    assert.deepEqual(await states.list(), right.toSorted());
  });

  test(`what was read or written does not change with what the caller has: ${backend}`, async () => {
    const { store, states } = await world();
    const value = { ...FIRST };
    await states.save("production", value);
    value.version = "changed";
    (await store.read("production"))!.fill(0);
    const loaded = (await states.load("production"))!;
    loaded.version = "changed";
    assert.deepEqual(await states.load("production"), FIRST);
  });

  test(`tasks that count up by compare-and-swap lose no update: ${backend}`, async () => {
    const { states, others } = await world();
    await states.save("production", { version: "1.0", replicas: 0 });
    let refused = 0;
    await Promise.all(Array.from({ length: 6 }, async (_, task) => {
      const repository = task % 2 === 0 ? states : others;
      for (let done = 0; done < 5;) {
        const { digest, value } = (await repository.read("production"))!;
        try {
          await repository.save("production", { ...value, replicas: value.replicas + 1 }, digest);
          done++;
        } catch (error) {
          if (!(error instanceof ExpectationFailed)) throw error;
          refused++;
        }
      }
    }));
    assert.equal((await states.load("production"))!.replicas, 30);
    assert.ok(refused > 0, "the tasks never met");
  });
}
