import assert from "node:assert/strict";
import { test } from "../harness.ts";
import { insistAsOne, type Span } from "./as_one.ts";
import type { Values } from "./explained.ts";
import { type Happening, NOTHING, type RefChange } from "./history.ts";

const BEFORE: Values = { a: "1", b: "1" };
const MOVED: readonly RefChange[] = [{ ref: "a", old: "1", new: "2" }, { ref: "b", old: "1", new: "2" }];

const step: Happening = {
  ...NOTHING,
  label: "a step",
  process: 0,
  by: "lattice",
  from: 1,
  to: 2,
  within: "op",
  changes: MOVED,
};
const neighbour = (from: number, to: number): Happening => ({
  ...NOTHING,
  label: "a git beside it",
  process: 1,
  by: "git",
  from,
  to,
  changes: [{ ref: "b", old: undefined, new: "3" }],
});

function judge(ended: Span["ended"], after: Values, others: readonly Happening[] = []): string {
  const question = { before: BEFORE, after, happenings: [step, ...others], powerCut: false };
  return insistAsOne(question, { op: "op", helpers: [], ended, from: 0, to: 3, transactions: MOVED });
}

test("an operation of several steps is judged by all of its refs that nobody else touched", () => {
  assert.equal(judge("all", { a: "2", b: "2" }), "all");
  assert.equal(judge("none", BEFORE), "none");
  for (const half of [{ a: "2", b: "1" }, { a: "1", b: "2" }, { a: "2" }]) {
    assert.throws(() => judge("all", half), /did not happen as a whole \(all of it should have\)/);
    assert.throws(() => judge("none", half), /did not happen as a whole \(none of it should have\)/);
  }
  assert.throws(() => judge("none", { a: "2", b: "2" }), /as a whole/);
  assert.throws(() => judge("all", BEFORE), /as a whole/);
});

test("what others did before, meanwhile or afterwards to a ref of such an operation is told apart", () => {
  assert.equal(judge("all", { a: "2", b: "3" }, [neighbour(4, 5)]), "all");
  assert.throws(() => judge("none", { a: "2", b: "3" }, [neighbour(4, 5)]), /as a whole/);
  for (const b of ["1", "2", "3"]) {
    assert.equal(judge("none", { a: "1", b }, [neighbour(2, 4)]), "none");
    assert.throws(() => judge("none", { a: "2", b }, [neighbour(2, 4)]), /as a whole/);
  }
});
