/**
 * Runs the cases of the conformance suite on the keychain of this process's session, which a test began, and prints
 * what went wrong in each, as JSON. A program of its own, since libraries read their session from the environment.
 *
 * @module
 */
import { isBun } from "../../src/platform/runtime.ts";
import { SECRET_BYTES_MAX } from "../../src/secrets/secret_store.ts";
import { createSecretStore } from "../../src/secrets/create_store.ts";
import { CASES } from "./conformance.ts";

const wrong: Record<string, string | null> = {};
for (const { name, run } of CASES) {
  try {
    const store = createSecretStore("keychain");
    for (const key of await store.list()) await store.delete(key);
    await run({ open: () => createSecretStore("keychain"), bytesMax: isBun ? SECRET_BYTES_MAX : 8190 });
    wrong[name] = null;
  } catch (error) {
    wrong[name] = String((error as Error).stack).slice(0, 4000);
  }
}
console.log(JSON.stringify(wrong));
