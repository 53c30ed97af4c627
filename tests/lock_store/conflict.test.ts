import assert from "node:assert/strict";
import fc from "fast-check";
import { type Claim, conflicts, overlaps } from "../../src/lock_store/conflict.ts";
import { UINT64_MAX } from "../../src/lock_store/lock.ts";
import { holds } from "../property.ts";
import { test } from "../harness.ts";

/** Numbers where ranges begin and end: near 0, near the middle, near the end of 64 bits. */
const corner = fc.oneof(
  fc.bigInt({ min: 0n, max: 4n }),
  fc.bigInt({ min: (1n << 63n) - 2n, max: (1n << 63n) + 2n }),
  fc.bigInt({ min: UINT64_MAX - 3n, max: UINT64_MAX }),
);

const range = fc.tuple(corner, corner).filter(([offset, length]) =>
  length === 0n || offset + (length - 1n) <= UINT64_MAX
).map(([offset, length]) => ({ offset, length }));

/** The bytes near the corners that a range holds: the plain meaning of a range. */
function bytesOf({ offset, length }: { offset: bigint; length: bigint }): Set<bigint> {
  const probes: bigint[] = [];
  for (const base of [0n, (1n << 63n) - 8n, UINT64_MAX - 12n]) {
    for (let step = 0n; step < 16n; step++) if (base + step <= UINT64_MAX) probes.push(base + step);
  }
  return new Set(probes.filter((byte) => byte >= offset && (length === 0n || byte < offset + length)));
}

test("overlaps() says whether two ranges have a byte in common, in all corners of 64 bits", () => {
  holds(
    "ranges that overlap",
    fc.property(range, range, (a, b) => {
      const common = [...bytesOf(a)].some((byte) => bytesOf(b).has(byte));
      assert.equal(overlaps(a, b), common);
      assert.equal(overlaps(b, a), common);
    }),
    { seed: 20_261_121, numRuns: 2000, tortureRuns: 500_000 },
  );
});

test("conflicts() is symmetric, and never holds between two locks of one owner", () => {
  const claim = fc.record({
    shareName: fc.constantFrom("s", "t"),
    fileId: fc.constantFrom("f", "g"),
    ownerId: fc.constantFrom("a", "b"),
    clientId: fc.constantFrom("c", "d"),
    lockType: fc.constantFrom(0, 1),
    shareReservation: fc.constantFrom(0, 1, 2, 3),
  });
  holds(
    "conflicts of claims",
    fc.property(claim, claim, range, range, (one, two, first, second) => {
      const [a, b] = [{ ...one, ...first }, { ...two, ...second }] as [Claim, Claim];
      assert.equal(conflicts(a, b), conflicts(b, a));
      if (a.ownerId === b.ownerId && a.clientId === b.clientId) assert.equal(conflicts(a, b), false);
      if (a.fileId !== b.fileId || a.shareName !== b.shareName) assert.equal(conflicts(a, b), false);
    }),
    { seed: 20_261_121, numRuns: 2000, tortureRuns: 500_000 },
  );
});
