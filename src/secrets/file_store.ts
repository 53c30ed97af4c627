/**
 * Secrets in a file of the user's own.
 *
 * Writers exclude each other by a lock beside the file; readers need none, since the file is only ever replaced.
 *
 * @module
 */
import { FileLock } from "../locks/file_lock.ts";
import { sweepTemporaryFiles } from "../locks/temporary_file.ts";
import { LatticeError } from "../platform/errors.ts";
import { realSystem } from "../platform/real_system.ts";
import type { System } from "../platform/system.ts";
import { compareNames } from "../platform/text.ts";
import { parseSecrets, renderSecrets, type Secrets } from "./document.ts";
import { SecretDeleteError, SecretReadError, SecretWriteError } from "./errors.ts";
import { FILE_MODE, requireSecretsFolder, secretsFile } from "./location.ts";
import { makePrivateFolder, readPrivateFile, writePrivateFile } from "./private_file.ts";
import { checkKey, checkValue, type SecretStore, type SecretStoreOptions } from "./secret_store.ts";
import { absolutePath, folderOf } from "../platform/paths.ts";

/** The largest file, in bytes (64 MiB). */
export const SECRETS_FILE_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Secrets in `~/.lattice/secrets.toml`, readable by their owner alone (folder 0700, file 0600).
 *
 * A file that others may read, that is somebody else's, or that is a symbolic link is refused, with the command that
 * mends it; a damaged one is reported and never written over.
 *
 * @example
 * ```ts
 * import { FileSecretStore } from "../mod.ts";
 *
 * // A token that is asked for once, and then kept.
 * async function forgeToken(folder: string, ask: () => Promise<string>): Promise<string> {
 *   const store = FileSecretStore.withPath(`${folder}/secrets.toml`);
 *   const kept = await store.get("forge.token");
 *   if (kept !== undefined) return kept;
 *   const token = await ask();
 *   await store.set("forge.token", token);
 *   return token;
 * }
 * ```
 */
export class FileSecretStore implements SecretStore {
  /** Where the secrets are kept. */
  readonly provider = "file";
  readonly #system: System;
  readonly #path: string;
  readonly #options: SecretStoreOptions;

  private constructor(system: System, path: string, options: SecretStoreOptions) {
    this.#system = system;
    this.#path = path;
    this.#options = options;
  }

  /**
   * The store of this user: `$LATTICE_HOME/secrets.toml`, else `~/.lattice/secrets.toml`.
   *
   * @throws {LatticeError} `usage`: neither `LATTICE_HOME` nor `HOME` is set.
   */
  static ofUser(options: SecretStoreOptions = {}): FileSecretStore {
    const system = options.system ?? realSystem;
    return new FileSecretStore(system, secretsFile(requireSecretsFolder(system)), options);
  }

  /**
   * A store in another file. Its folder, which is made where it is not there, must be as private as the file.
   *
   * @param path Counts from the working folder, unless it is absolute.
   */
  static withPath(path: string, options: SecretStoreOptions = {}): FileSecretStore {
    const system = options.system ?? realSystem;
    return new FileSecretStore(system, absolutePath(system, path), options);
  }

  /** The file, absolute. */
  get path(): string {
    return this.#path;
  }

  /** See {@link SecretStore.get}. */
  async get(key: string): Promise<string | undefined> {
    checkKey(key);
    try {
      return (await this.#read())?.secrets.get(key);
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
      makePrivateFolder(this.#system, this.#realFolder());
      await this.#underLock("secret set", async () => {
        const now = await this.#read();
        await this.#write(now?.bytes ?? null, new Map(now?.secrets ?? []).set(key, value));
      });
    } catch (cause) {
      throw new SecretWriteError(this.provider, key, cause);
    }
  }

  /** See {@link SecretStore.delete}. */
  async delete(key: string): Promise<void> {
    checkKey(key);
    try {
      if ((await this.#read())?.secrets.has(key) !== true) return this.#settle();
      await this.#underLock("secret delete", async () => {
        const now = await this.#read();
        if (now?.secrets.delete(key) === true) await this.#write(now.bytes, now.secrets);
        else this.#settle();
      });
    } catch (cause) {
      throw new SecretDeleteError(this.provider, key, cause);
    }
  }

  /** See {@link SecretStore.list}. */
  async list(): Promise<string[]> {
    try {
      return [...(await this.#read())?.secrets.keys() ?? []].sort(compareNames);
    } catch (cause) {
      throw new SecretReadError(this.provider, null, cause);
    }
  }

  /** The folder by its own name: people link theirs elsewhere, and what is judged and flushed must be the folder itself. */
  #realFolder(): string {
    const folder = folderOf(this.#path);
    return this.#system.disk.realPath(folder) ?? folder;
  }

  #realPath(): string {
    const folder = this.#realFolder();
    return `${folder === "/" ? "" : folder}/${this.#path.slice(this.#path.lastIndexOf("/") + 1)}`;
  }

  async #read(): Promise<{ bytes: Uint8Array; secrets: Secrets } | null> {
    const path = this.#realPath();
    const bytes = readPrivateFile(this.#system, path, SECRETS_FILE_BYTES_MAX);
    if (bytes === null) return null;
    const secrets = await parseSecrets(bytes, path);
    for (const value of secrets.values()) this.#options.onValue?.(value);
    return { bytes, secrets };
  }

  async #write(before: Uint8Array | null, secrets: Secrets): Promise<void> {
    const bytes = await renderSecrets(secrets);
    if (bytes.length > SECRETS_FILE_BYTES_MAX) {
      throw new LatticeError("invalid_data", `the file of the secrets would have ${bytes.length} bytes`, {
        hint: `it has at most ${SECRETS_FILE_BYTES_MAX}; remove secrets that are not needed any more`,
        details: { path: this.#path, limit: SECRETS_FILE_BYTES_MAX },
      });
    }
    writePrivateFile(this.#system, this.#realPath(), bytes, before);
  }

  /** Makes the removal durable that another process may not have come to flush. */
  #settle(): void {
    const folder = this.#realFolder();
    if (this.#system.disk.stat(folder) !== null) this.#system.disk.syncDirectory(folder);
  }

  async #underLock(command: string, action: () => Promise<void>): Promise<void> {
    const { lockTimeoutMs, observer } = this.#options;
    const path = this.#realPath();
    const lock = new FileLock(path, {
      command,
      mode: FILE_MODE,
      ...(lockTimeoutMs === undefined ? {} : { timeoutMs: lockTimeoutMs }),
      ...(observer === undefined ? {} : { observer }),
    }, this.#system);
    await lock.using(async () => {
      const name = path.slice(path.lastIndexOf("/") + 1);
      sweepTemporaryFiles(this.#system, folderOf(path), (target) => target === name);
      await action();
    });
  }
}
