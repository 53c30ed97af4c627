/**
 * Secrets in the system's keychain.
 *
 * A keychain can be asked for an entry, and cannot be asked which there are. So one entry lists the keys. It always
 * names all that are there: a key is put on the list before its entry is made, and taken off after that is gone. Whoever
 * dies in between leaves a key too many, which `list` notices, since there is no entry.
 *
 * @module
 */
import { FileLock } from "../locks/file_lock.ts";
import { LatticeError } from "../platform/errors.ts";
import { type Keychain, openKeychain } from "../platform/keychain.ts";
import { realSystem } from "../platform/real_system.ts";
import type { System } from "../platform/system.ts";
import { compareNames, utf8 } from "../platform/text.ts";
import { SecretDeleteError, SecretReadError, SecretWriteError } from "./errors.ts";
import { entryName, entryValue, INDEX_NAME, parseIndex, renderIndex, valueOfEntry } from "./keychain_names.ts";
import { FILE_MODE, requireSecretsFolder, secretsFolder } from "./location.ts";
import { makePrivateFolder } from "./private_file.ts";
import { checkKey, checkValue, type SecretStore, type SecretStoreOptions } from "./secret_store.ts";

/** The service to which all entries belong. */
export const KEYCHAIN_SERVICE = "lattice";

/**
 * Secrets in the system's keychain (Secret Service, macOS Keychain, Windows Credential Manager), service `lattice`.
 *
 * The keychain is opened when it is first needed. Where there is none, every call is refused with code `unsupported`.
 *
 * @example
 * ```ts
 * import { KeychainSecretStore } from "../mod.ts";
 *
 * async function rotate(newToken: string): Promise<void> {
 *   await new KeychainSecretStore().set("forge.token", newToken);
 * }
 * ```
 */
export class KeychainSecretStore implements SecretStore {
  /** Where the secrets are kept. */
  readonly provider = "keychain";
  readonly #system: System;
  readonly #options: SecretStoreOptions;
  #opened: Keychain | null;

  /**
   * Does nothing yet.
   *
   * @param options How it works.
   * @param keychain In place of the system's.
   */
  constructor(options: SecretStoreOptions = {}, keychain: Keychain | null = null) {
    this.#system = options.system ?? realSystem;
    this.#options = options;
    this.#opened = keychain;
  }

  get #keychain(): Keychain {
    return this.#opened ??= openKeychain(this.#system, KEYCHAIN_SERVICE);
  }

  /** See {@link SecretStore.get}. */
  async get(key: string): Promise<string | undefined> {
    checkKey(key);
    try {
      const stored = await this.#keychain.get(entryName(key));
      if (stored === null) {
        await this.#index(); // a keychain that is locked shows nothing, and that must not pass for absent
        return undefined;
      }
      const value = valueOfEntry(stored);
      this.#options.onValue?.(value);
      return value;
    } catch (cause) {
      throw new SecretReadError(this.provider, key, cause);
    }
  }

  /** See {@link SecretStore.set}. */
  async set(key: string, value: string): Promise<void> {
    checkKey(key);
    this.#options.onValue?.(value);
    try {
      checkValue(value);
      const stored = entryValue(value);
      this.#insistOnRoom(stored);
      await this.#underLock("secret set", async () => {
        const keys = await this.#index();
        if (!keys.includes(key)) await this.#writeIndex([...keys, key]);
        await this.#keychain.set(entryName(key), stored);
      });
    } catch (cause) {
      throw new SecretWriteError(this.provider, key, cause);
    }
  }

  /** See {@link SecretStore.delete}. */
  async delete(key: string): Promise<void> {
    checkKey(key);
    try {
      const isThere = await this.#keychain.get(entryName(key)) !== null;
      if (!isThere && !(await this.#index()).includes(key)) return;
      await this.#underLock("secret delete", async () => {
        const keys = await this.#index(); // first: with a damaged list nothing is removed
        await this.#keychain.delete(entryName(key));
        if (keys.includes(key)) await this.#writeIndex(keys.filter((other) => other !== key));
      });
    } catch (cause) {
      throw new SecretDeleteError(this.provider, key, cause);
    }
  }

  /** See {@link SecretStore.list}. Each entry is looked up, since one may have been removed by another program. */
  async list(): Promise<string[]> {
    try {
      const there: string[] = [];
      for (const key of await this.#index()) {
        const stored = await this.#keychain.get(entryName(key));
        if (stored !== null) there.push(key);
      }
      return there.sort(compareNames);
    } catch (cause) {
      throw new SecretReadError(this.provider, null, cause);
    }
  }

  async #index(): Promise<string[]> {
    const stored = await this.#keychain.get(INDEX_NAME);
    if (stored !== null) return parseIndex(stored);
    this.#insistNeverUsed();
    return [];
  }

  async #writeIndex(keys: string[]): Promise<void> {
    const stored = renderIndex(keys.sort(compareNames));
    this.#insistOnRoom(stored);
    await this.#keychain.set(INDEX_NAME, stored);
    this.#noteUse();
  }

  /** An empty file which tells that there is a list of keys; `null`: nothing says where it would be. */
  #markPath(): string | null {
    const folder = secretsFolder(this.#system);
    return folder === null ? null : `${folder}/keychain.used`;
  }

  /**
   * The list of the keys is never removed. Where it is not to be seen although there is one, the keychain is locked: it
   * then answers as if there were nothing in it.
   */
  #insistNeverUsed(): void {
    const path = this.#markPath();
    if (path === null || this.#system.disk.lstat(path) === null) return;
    throw new LatticeError("unsupported", "the keychain shows nothing of what was stored in it: it is locked, or new", {
      hint: `unlock it; where it was emptied or is another one, remove ${JSON.stringify(path)}`,
      details: { path },
    });
  }

  /** Under the lock, so that nobody else makes the file. */
  #noteUse(): void {
    const path = this.#markPath()!;
    if (this.#system.disk.lstat(path) === null) this.#system.disk.create(path, FILE_MODE).close();
  }

  #insistOnRoom(stored: string): void {
    const { bytesMax } = this.#keychain;
    if (stored.length * 3 <= bytesMax || utf8(stored).length <= bytesMax) return;
    throw new LatticeError("unsupported", `an entry of the keychain holds at most ${bytesMax} bytes here`, {
      hint: "use the lattice binary, whose limit is 1 MiB, or --provider file",
      details: { limit: bytesMax },
    });
  }

  async #underLock(command: string, action: () => Promise<void>): Promise<void> {
    const { lockTimeoutMs, observer } = this.#options;
    void this.#keychain; // where there is none, no folder is made for its lock
    const folder = requireSecretsFolder(this.#system);
    makePrivateFolder(this.#system, folder);
    const lock = new FileLock(`${this.#system.disk.realPath(folder) ?? folder}/keychain`, {
      command,
      mode: FILE_MODE,
      ...(lockTimeoutMs === undefined ? {} : { timeoutMs: lockTimeoutMs }),
      ...(observer === undefined ? {} : { observer }),
    }, this.#system);
    await lock.using(action);
  }
}
