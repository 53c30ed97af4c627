/**
 * Runs the cases of the conformance suite on the keychain of this process's session, which a test began, and prints
 * what went wrong in each, as JSON. A program of its own, since libraries read their session from the environment.
 *
 * @module
 */
import { isBun } from "../../src/platform/runtime.ts";
import { SECRET_BYTES_MAX } from "../../src/secrets/secret_store.ts";
import { createSecretStore } from "../../src/secrets/create_store.ts";
import { torture } from "../thoroughness.ts";
import { CASES, HARD_TEXTS } from "./conformance.ts";

const SOME_TEXTS = HARD_TEXTS.filter((_, index) => index % 3 === 0);

const wrong: Record<string, string | null> = {};
for (const { name, run } of CASES) {
  try {
    const store = createSecretStore("keychain");
    for (const key of await store.list()) await store.delete(key);
    // Under Deno each step starts a program, so it takes every third of the texts.
    const limits = isBun
      ? { bytesMax: SECRET_BYTES_MAX }
      : { bytesMax: 8190, ...(torture ? {} : { texts: SOME_TEXTS }) };
    await run({ open: () => createSecretStore("keychain"), ...limits });
    wrong[name] = null;
  } catch (error) {
    wrong[name] = String((error as Error).stack).slice(0, 4000);
  }
}
console.log(JSON.stringify(wrong));
