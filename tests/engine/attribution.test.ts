import assert from "node:assert/strict";
import { attribute, type Transition } from "../../src/engine/attribution.ts";
import type { Difference } from "../../src/engine/snapshot.ts";
import { test } from "../harness.ts";

const [A, B, C, D] = ["a", "b", "c", "d"].map((digit) => digit.repeat(40)) as [string, string, string, string];

function changed(ref: string, old: string | null, now: string | null): Difference {
  return { ref, old, new: now };
}

function told(ref: string, old: string | null | undefined, now: string | null): Transition {
  return { ref, old, new: now };
}

/** Names of the program's own differences and of the others'. */
function sorted(found: readonly Difference[], transitions: readonly Transition[]): [string[], string[]] {
  const { own, others } = attribute(found, transitions);
  return [own.map(({ ref }) => ref), others.map(({ ref }) => ref)];
}

const X = "refs/heads/x";
const Y = "refs/heads/y";

test("attribute() takes a difference for the program's where what was told leads from first value to last", () => {
  const found = [changed(X, A, D)];
  const chains: Transition[][] = [
    [told(X, A, D)],
    [told(X, A, B), told(X, B, D)],
    [told(X, C, D), told(X, B, C), told(X, A, B)], // in any order
    [told(X, A, null), told(X, null, D)],
    [told(X, A, B), told(X, B, A), told(X, A, D)],
    [told(X, A, B), told(X, A, D)], // the first one was given up
  ];
  for (const chain of chains) assert.deepEqual(sorted(found, chain), [[X], []], JSON.stringify(chain));
});

test("attribute() takes a difference for somebody else's where the chain has a gap or another end", () => {
  const found = [changed(X, A, D)];
  const chains: Transition[][] = [
    [],
    [told(X, A, B)], // moved on by somebody else
    [told(X, C, D)], // moved by somebody else before
    [told(X, A, B), told(X, C, D)],
    [told(X, null, D)],
    [told(Y, A, D)],
  ];
  for (const chain of chains) assert.deepEqual(sorted(found, chain), [[], [X]], JSON.stringify(chain));
});

test("attribute() lets a value before that git did not say be any, the first and later ones", () => {
  assert.deepEqual(sorted([changed(X, A, D)], [told(X, undefined, D)]), [[X], []]);
  assert.deepEqual(sorted([changed(X, null, D)], [told(X, undefined, B), told(X, B, D)]), [[X], []]);
  assert.deepEqual(sorted([changed(X, A, D)], [told(X, undefined, B)]), [[], [X]]);
});

test("attribute() sorts creations, deletions and each ref for itself", () => {
  const found = [changed(X, null, A), changed(Y, B, null), changed("refs/tags/t", null, C)];
  assert.deepEqual(sorted(found, [told(X, null, A), told(Y, B, null)]), [[X, Y], ["refs/tags/t"]]);
});

test("attribute() concludes the new name of a renamed branch from the old one that went with the same value", () => {
  for (const [from, to] of [[X, Y], [X, `${X}/y`], [`${X}/y`, X]] as const) {
    const found = [changed(from, A, null), changed(to, null, A)];
    assert.deepEqual(sorted(found, [told(from, A, null)])[1], [], `${from} to ${to}`);
  }
  const found = [changed(X, A, null), changed(Y, null, B)];
  assert.deepEqual(sorted(found, [told(X, A, null)]), [[X], [Y]], "another value is another branch");
  assert.deepEqual(sorted([changed(Y, null, A)], []), [[], [Y]]);
  const tags = [changed(X, A, null), changed("refs/tags/y", null, A)];
  assert.deepEqual(sorted(tags, [told(X, A, null)]), [[X], ["refs/tags/y"]], "only branches are renamed");
});

test("attribute() counts HEAD always, and other worktrees' HEADs where they were told of or follow a rename", () => {
  const elsewhere = "worktrees/w/HEAD";
  assert.deepEqual(sorted([changed("HEAD", `ref: ${X}`, `ref: ${Y}`)], []), [["HEAD"], []]);
  assert.deepEqual(sorted([changed(elsewhere, A, B)], []), [[], [elsewhere]]);
  assert.deepEqual(sorted([changed(elsewhere, A, B)], [told(elsewhere, A, B)]), [[elsewhere], []]);
  const moved = changed(elsewhere, `ref: ${X}`, `ref: ${Y}`);
  const renamed = [changed(X, A, null), changed(Y, null, A), moved];
  assert.deepEqual(sorted(renamed, [told(X, A, null)])[1], []);
  assert.deepEqual(sorted([moved], [told(X, A, null)]), [[], [elsewhere]], "nothing was renamed to that");
});

test("attribute() never takes a damaged ref for the program's", () => {
  for (const ref of [X, "HEAD"]) {
    const found: Difference[] = [{ ref, old: A, new: null, damaged: true }];
    assert.deepEqual(sorted(found, [told(ref, A, null)]), [[], [ref]]);
  }
});
