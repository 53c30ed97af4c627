/**
 * The store of secrets by the name of its provider.
 *
 * @module
 */
import { LatticeError } from "../platform/errors.ts";
import { FileSecretStore } from "./file_store.ts";
import { KeychainSecretStore } from "./keychain_store.ts";
import { SECRET_PROVIDERS, type SecretStore, type SecretStoreOptions } from "./secret_store.ts";

/**
 * Opens a store of secrets; nothing is read yet.
 *
 * @param provider `file` ({@link FileSecretStore}, of this user) or `keychain` ({@link KeychainSecretStore}).
 * @throws {LatticeError} `usage`: another name; or, for `file`, neither `LATTICE_HOME` nor `HOME` is set.
 *
 * @example
 * ```ts
 * import { createSecretStore } from "../mod.ts";
 *
 * async function deployKey(): Promise<string> {
 *   const key = await createSecretStore("file").get("deploy.key");
 *   if (key === undefined) throw new Error("lattice secret set deploy.key < key.pem");
 *   return key;
 * }
 * ```
 */
export function createSecretStore(provider: string, options: SecretStoreOptions = {}): SecretStore {
  switch (provider) {
    case "file":
      return FileSecretStore.ofUser(options);
    case "keychain":
      return new KeychainSecretStore(options);
    default:
      throw new LatticeError(
        "usage",
        `there is no secret provider ${JSON.stringify(provider)}: it is one of ${SECRET_PROVIDERS.join(", ")}`,
        {
          hint: "file is the one that works everywhere",
          details: { provider, providers: [...SECRET_PROVIDERS] },
        },
      );
  }
}
