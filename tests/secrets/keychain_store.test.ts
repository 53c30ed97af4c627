/**
 * What stands between lattice and a keychain: the list of the keys beside the entries. The keychain here is a table in
 * memory, whose user is killed at any call.
 */
import assert from "node:assert/strict";
import { LatticeError } from "../../src/platform/errors.ts";
import type { Keychain } from "../../src/platform/keychain.ts";
import { SecretDeleteError, SecretReadError, SecretWriteError } from "../../src/secrets/errors.ts";
import { INDEX_NAME } from "../../src/secrets/keychain_names.ts";
import { KeychainSecretStore } from "../../src/secrets/keychain_store.ts";
import { SECRET_BYTES_MAX } from "../../src/secrets/secret_store.ts";
import { test } from "../harness.ts";
import { SimDisk } from "../simulation/sim_disk.ts";
import { SimSystem } from "../simulation/sim_system.ts";
import { CASES } from "./conformance.ts";

/** A keychain in memory. It refuses what real ones refuse. */
class TableKeychain implements Keychain {
  readonly bytesMax = Infinity;
  calls = 0;
  /** The user dies at this call, before or after it took effect. */
  death: { readonly call: number; readonly when: "before" | "after" } | null = null;

  constructor(readonly entries: Map<string, string> = new Map()) {}

  get(name: string): Promise<string | null> {
    return this.#call(name, () => this.entries.get(name) ?? null);
  }

  set(name: string, value: string): Promise<void> {
    assert.ok(value !== "" && !value.includes("\0"));
    return this.#call(name, () => void this.entries.set(name, value));
  }

  delete(name: string): Promise<void> {
    return this.#call(name, () => void this.entries.delete(name));
  }

  #call<T>(name: string, action: () => T): Promise<T> {
    assert.ok(name !== "" && !name.includes("\0"));
    const isLast = ++this.calls === this.death?.call;
    if (isLast && this.death?.when === "before") throw new Error("killed");
    const result = action();
    if (isLast) throw new Error("killed");
    return Promise.resolve(result);
  }
}

const machine = () => new SimSystem(SimDisk.fromTree({ "/h": null }), { env: { HOME: "/h" } });

for (const { name, run } of CASES) {
  if (name.startsWith("writers at the same time")) continue; // with a simulated clock, one process alone waits for itself
  test(`a keychain in memory: ${name}`, async () => {
    const [system, keychain] = [machine(), new TableKeychain()];
    await run({ open: () => new KeychainSecretStore({ system }, keychain), bytesMax: SECRET_BYTES_MAX });
  });
}

test("killed at any call, a key is listed if and only if it has a value, and the next one goes on", async () => {
  const steps: readonly (readonly [string, (store: KeychainSecretStore) => Promise<void>, readonly unknown[]])[] = [
    ["a new key", (store) => store.set("new", "v"), [undefined, "v"]],
    ["a key that is there", (store) => store.set("old", "v"), ["o", "v"]],
    ["a key that goes", (store) => store.delete("old"), ["o", undefined]],
  ];
  let deaths = 0;
  for (const [what, step, allowed] of steps) {
    for (let call = 1;; call++) {
      let died = false;
      for (const when of ["before", "after"] as const) {
        const [system, keychain] = [machine(), new TableKeychain()];
        await new KeychainSecretStore({ system }, keychain).set("old", "o");
        keychain.calls = 0;
        keychain.death = { call, when };
        await step(new KeychainSecretStore({ system }, keychain)).catch(() => died = true);
        keychain.death = null;
        const next = new KeychainSecretStore({ system: system.nextProcess(), lockTimeoutMs: 0 }, keychain);
        const key = what === "a new key" ? "new" : "old";
        const value = await next.get(key);
        assert.ok(allowed.includes(value), `${what}, call ${call} ${when}: ${value}`);
        assert.equal((await next.list()).includes(key), value !== undefined, `${what}, call ${call} ${when}`);
        await next.set("after", "stored");
        assert.ok((await next.list()).includes("after"));
        if (died) deaths++;
      }
      if (!died) break;
    }
  }
  assert.ok(deaths >= 12, `${deaths} deaths`);
});

test("a list of keys that is damaged is told and not written over, and values can still be read", async () => {
  const [system, keychain] = [machine(), new TableKeychain()];
  const store = new KeychainSecretStore({ system }, keychain);
  await store.set("key", "hunter2");
  keychain.entries.set(INDEX_NAME, "garbage");
  assert.equal(await store.get("key"), "hunter2");
  for (
    const [action, type] of [
      [store.list(), SecretReadError],
      [store.set("other", "v"), SecretWriteError],
      [store.delete("key"), SecretDeleteError],
    ] as const
  ) {
    await assert.rejects(action, (error) => error instanceof type && error.code === "invalid_data");
  }
  assert.deepEqual([keychain.entries.get(INDEX_NAME), await store.get("key")], ["garbage", "hunter2"]);
});

test("an entry that another program removed is not listed any more", async () => {
  const [system, keychain] = [machine(), new TableKeychain()];
  const store = new KeychainSecretStore({ system }, keychain);
  await store.set("a", "1");
  await store.set("b", "2");
  keychain.entries.delete("a");
  assert.deepEqual(await store.list(), ["b"]);
  await store.delete("a");
  assert.equal(keychain.entries.get(INDEX_NAME), '["b"]');
});

test("where a keychain shows nothing any more of what was stored, nothing passes for absent", async () => {
  const [system, keychain] = [machine(), new TableKeychain()];
  const store = new KeychainSecretStore({ system }, keychain);
  assert.equal(await store.get("key"), undefined);
  await store.set("key", "v");
  const locked = new KeychainSecretStore({ system }, new TableKeychain());
  for (const action of [locked.get("key"), locked.list(), locked.set("key", "v"), locked.delete("key")]) {
    await assert.rejects(action, (error) => error instanceof LatticeError && error.code === "unsupported");
  }
});

test("where a folder is needed for the lock and none is known, that is said, and reading goes without", async () => {
  const system = new SimSystem(SimDisk.fromTree({}), { env: {} });
  const store = new KeychainSecretStore({ system }, new TableKeychain(new Map([["key", "v"]])));
  assert.equal(await store.get("key"), "v");
  await assert.rejects(store.set("key", "w"), (error) => error instanceof LatticeError && /HOME/.test(error.message));
});
