/**
 * What a program says that a ref holds, for compare-and-swap. Overwriting whatever is there has a name of its own, so
 * that nobody does it by leaving something out.
 *
 * @module
 */
import { isOid, type ObjectFormat, type Oid } from "../git/object_format.ts";
import { LatticeError } from "../platform/errors.ts";
import type { Expectation } from "./update.ts";

/** Takes whatever is there, another writer's value too: the named exception to compare-and-swap. */
export interface Overwrite {
  /** Any value, or none. */
  readonly kind: "any";
}

/** Takes whatever is there. */
export const OVERWRITE: Overwrite = { kind: "any" };

/** What a ref must hold for a write to happen: an object name, or `null` for "it must not exist". */
export type Expected = Oid | null | Overwrite;

/**
 * Checks what a program says and puts it in the engine's words.
 *
 * @param ref The ref that it is said of, for the message.
 * @throws {LatticeError} `usage`: it is no oid of the repository, nor `null`, nor {@link OVERWRITE}.
 */
export function expectationFrom(expected: Expected, ref: string, format: ObjectFormat): Expectation {
  if (expected === null) return { kind: "absent" };
  if (typeof expected === "string" && isOid(format, expected) && expected !== format.zero) {
    return { kind: "exactly", oid: expected };
  }
  // A program without types may have left it out: that must not overwrite.
  if (typeof expected === "object" && expected.kind === "any") return { kind: "any" };
  throw new LatticeError("usage", `what is expected of ${JSON.stringify(ref)} is ${describe(expected)}`, {
    hint: `give an oid of ${format.hexLength} digits, null where the ref must not exist, or OVERWRITE`,
    details: { ref },
  });
}

/** A wrong value for a message. */
function describe(value: unknown): string {
  return value === undefined ? "not said" : typeof value === "string" ? JSON.stringify(value) : `a ${typeof value}`;
}
