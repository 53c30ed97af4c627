import assert from "node:assert/strict";
import { test } from "../harness.ts";
import { type HistoryOperation, linearize } from "./linearizability.ts";

type Register = HistoryOperation<number>;

function write(from: number, to: number, value: number, optional = false): Register {
  return { label: `write ${value}`, from, to, optional, apply: () => value };
}

function read(from: number, to: number, value: number): Register {
  return { label: `read ${value}`, from, to, optional: false, apply: (state) => state === value ? state : undefined };
}

function swap(from: number, to: number, old: number, value: number): Register {
  return {
    label: `swap ${old} ${value}`,
    from,
    to,
    optional: false,
    apply: (state) => state === old ? value : undefined,
  };
}

const explain = (operations: Register[]) => linearize(0, operations, String);

test("linearize() explains operations that overlap, in either order", () => {
  assert.deepEqual(explain([write(0, 9, 1), read(1, 2, 0)]), ["read 0", "write 1"]);
  assert.deepEqual(explain([write(0, 9, 1), read(1, 2, 1)]), ["write 1", "read 1"]);
});

test("linearize() finds no order for a stale read, a lost update, and a read that goes back", () => {
  assert.equal(explain([write(0, 1, 1), read(2, 3, 0)]), null);
  assert.equal(explain([swap(0, 5, 0, 1), swap(1, 6, 0, 2)]), null);
  assert.equal(explain([write(0, 9, 1), read(1, 2, 1), read(3, 4, 0)]), null);
});

test("linearize() lets what was cut off have happened at any time behind its beginning, or never", () => {
  assert.notEqual(explain([write(0, Infinity, 1, true), read(5, 6, 0), read(7, 8, 1)]), null);
  assert.notEqual(explain([write(0, Infinity, 1, true), read(5, 6, 0)]), null);
  assert.equal(explain([read(0, 1, 1), write(2, Infinity, 1, true)]), null);
  assert.equal(explain([write(0, Infinity, 1, true), read(1, 2, 1), read(3, 4, 0)]), null);
  assert.equal(explain([write(0, 2, 1, true), swap(3, 4, 0, 5), read(5, 6, 1)]), null, "it was over before the swap");
});

test("linearize() explains the state at the end", () => {
  const operations = [write(0, 9, 1), write(1, 8, 2)];
  assert.deepEqual(linearize(0, operations, String, (state) => state === 1), ["write 2", "write 1"]);
  assert.equal(linearize(0, operations, String, (state) => state === 0), null);
});
