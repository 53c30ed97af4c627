/**
 * Programs of simulated processes that store secrets in a file.
 *
 * @module
 */
import { FileSecretStore } from "../../src/secrets/file_store.ts";
import type { SimulatedProcess } from "../simulation/together.ts";

/** Stores a secret. */
export async function setKey(
  { system }: SimulatedProcess,
  { key, value }: { readonly key: string; readonly value: string },
): Promise<void> {
  await FileSecretStore.ofUser({ system, lockTimeoutMs: 60_000 }).set(key, value);
}
