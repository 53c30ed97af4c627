/**
 * The one way to declare a test: the same file runs under `bun test` and under `deno test`.
 *
 * Assertions come from `node:assert/strict`, which both runtimes have.
 *
 * @module
 */

import { torture } from "./thoroughness.ts";

/** No single test may take longer than this. */
const TEST_TIMEOUT_MS = (torture ? 24 * 60 : 10) * 60 * 1000;

type Body = () => void | Promise<void>;

const runtime = globalThis as {
  Deno?: { test(options: { name: string; fn: Body; sanitizeOps: boolean; sanitizeResources: boolean }): void };
};

const declare: (name: string, body: Body) => void = await (async () => {
  const deno = runtime.Deno;
  if (deno !== undefined) {
    return (name, fn) => deno.test({ name, fn, sanitizeOps: false, sanitizeResources: false });
  }
  const name = "bun:test"; // not a literal, so that the other runtime does not look for it
  const bun = await import(name) as { test(name: string, body: Body, timeoutMs: number): void };
  return (title, body) => bun.test(title, body, TEST_TIMEOUT_MS);
})();

/**
 * Declares a test.
 *
 * @param name Symbol and behaviour: `inflate() refuses a stream that is cut off`.
 * @param body Throws when the behaviour is not there.
 */
export function test(name: string, body: Body): void {
  declare(name, body);
}
