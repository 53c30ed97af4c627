/**
 * What every store of secrets offers, and which keys and values it takes.
 *
 * @module
 */
import type { LockObserver } from "../locks/file_lock.ts";
import { LatticeError } from "../platform/errors.ts";
import type { System } from "../platform/system.ts";
import { isWellFormed, utf8 } from "../platform/text.ts";

/** Where secrets are kept. */
export type SecretProvider = "file" | "keychain";

/** All of them; the first is taken when nothing else is said. */
export const SECRET_PROVIDERS: readonly SecretProvider[] = ["file", "keychain"];

/** The longest value, in bytes of UTF-8 (1 MiB). */
export const SECRET_BYTES_MAX = 1024 * 1024;

/** Secrets by their keys. Keys and values are any text that UTF-8 can hold, the empty one too. */
export interface SecretStore {
  /** Where the secrets are kept. */
  readonly provider: SecretProvider;
  /**
   * The value of a key; `undefined`: there is none.
   *
   * @throws {SecretReadError} It cannot be read.
   */
  get(key: string): Promise<string | undefined>;
  /**
   * Stores a value, in place of the one that is there.
   *
   * @param value At most 1 MiB in UTF-8.
   * @throws {SecretWriteError} It cannot be stored; what was there stays.
   */
  set(key: string, value: string): Promise<void>;
  /**
   * Removes a key; one that is not there is fine.
   *
   * @throws {SecretDeleteError} It cannot be removed.
   */
  delete(key: string): Promise<void>;
  /**
   * All keys, in the order of their bytes.
   *
   * @throws {SecretReadError} They cannot be read.
   */
  list(): Promise<string[]>;
}

/** How a store works. */
export interface SecretStoreOptions {
  /** The world; this machine, when nothing is said. */
  readonly system?: System;
  /** Longest wait for another writer in milliseconds; 10,000 when nothing is said. */
  readonly lockTimeoutMs?: number;
  /** Told of waiting for another writer. */
  readonly observer?: LockObserver;
  /** Told each value that comes into this process's memory, so that it can be kept out of what is printed. */
  readonly onValue?: (value: string) => void;
}

/** @throws {LatticeError} `usage`: no store can have such a key. */
export function checkKey(key: string): void {
  if (isWellFormed(key)) return;
  throw new LatticeError("usage", `${JSON.stringify(key)} is no key: it is not UTF-8`, {
    hint: "keys are any text in UTF-8",
  });
}

/** @throws {LatticeError} `invalid_data`: it is too long, or no text. The value is not in the message. */
export function checkValue(value: string): void {
  if (!isWellFormed(value)) throw valueNotUtf8();
  const bytes = value.length * 3 <= SECRET_BYTES_MAX ? 0 : utf8(value).length;
  if (bytes > SECRET_BYTES_MAX) throw valueTooLong();
}

/** The error about a value that is no text. */
export function valueNotUtf8(): LatticeError {
  return new LatticeError("invalid_data", "the value is not UTF-8", {
    hint: "encode it as text first, such as with base64",
  });
}

/** The error about a value beyond the limit. */
export function valueTooLong(): LatticeError {
  return new LatticeError("invalid_data", `the value is longer than ${SECRET_BYTES_MAX} bytes`, {
    hint: "a secret has at most 1 MiB; store the key by which the rest is encrypted",
    details: { limit: SECRET_BYTES_MAX },
  });
}
