/**
 * What a promise is rejected with.
 *
 * @module
 */
import assert from "node:assert/strict";
import { StateError } from "../../src/state/errors.ts";

/** The error of a class that a promise is rejected with. Errors of state have a path, a hint and a code. */
export async function rejection<T extends Error>(
  promise: Promise<unknown>,
  type: abstract new (...args: never[]) => T,
): Promise<T> {
  const error = await promise.then(() => assert.fail(`expected ${type.name}`), (thrown: unknown) => thrown);
  assert.ok(error instanceof type, `expected ${type.name}, got ${String(error)}`);
  if (error instanceof StateError) {
    assert.equal(error.name, type.name);
    assert.equal(error.details["path"], error.path);
    assert.ok(error.path !== "" && error.message.includes(error.path) || error.code === "cas_failed", error.message);
    assert.ok((error.hint ?? "").length > 10, `hint: ${error.hint}`);
  }
  return error;
}
