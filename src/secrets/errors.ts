/**
 * What can go wrong with a store of secrets: one class for each thing that was tried. A value is never in them, nor in
 * what caused them.
 *
 * @module
 */
import { LatticeError } from "../platform/errors.ts";
import type { SecretProvider } from "./secret_store.ts";

/** What the three have in common: code, hint and details are those of what caused them. */
function aboutCause(cause: unknown, provider: SecretProvider, key: string | null) {
  const from = cause instanceof LatticeError ? cause : null;
  return {
    code: from?.code ?? "internal" as const,
    text: cause instanceof Error ? cause.message : String(cause),
    options: {
      ...(from?.hint === undefined ? {} : { hint: from.hint }),
      details: { ...from?.details, provider, key },
      cause,
    },
  };
}

/**
 * Secrets cannot be read.
 *
 * @example
 * ```ts
 * import { createSecretStore, SecretReadError } from "../mod.ts";
 *
 * // The token, or `undefined` where it cannot be had, for whatever reason.
 * async function tokenOrNone(): Promise<string | undefined> {
 *   try {
 *     return await createSecretStore("file").get("forge.token");
 *   } catch (error) {
 *     if (error instanceof SecretReadError) return undefined; // `error.hint` says what would mend it
 *     throw error;
 *   }
 * }
 * ```
 */
export class SecretReadError extends LatticeError {
  /** Tells the class apart. */
  override readonly name = "SecretReadError";
  /** Where it is kept. */
  readonly provider: SecretProvider;
  /** Which secret; `null`: all of them were asked for. */
  readonly key: string | null;

  /** Made of what went wrong. */
  constructor(provider: SecretProvider, key: string | null, cause: unknown) {
    const { code, text, options } = aboutCause(cause, provider, key);
    super(code, `cannot read ${key === null ? "the secrets" : `secret ${JSON.stringify(key)}`}: ${text}`, options);
    this.provider = provider;
    this.key = key;
  }
}

/**
 * A secret cannot be stored; what was there before is there still.
 *
 * @example
 * ```ts
 * import { createSecretStore, SecretWriteError } from "../mod.ts";
 *
 * async function keep(token: string): Promise<boolean> {
 *   try {
 *     await createSecretStore("keychain").set("forge.token", token);
 *     return true;
 *   } catch (error) {
 *     // There is no keychain on this machine; everything else is a matter for whoever called.
 *     if (error instanceof SecretWriteError && error.code === "unsupported") return false;
 *     throw error;
 *   }
 * }
 * ```
 */
export class SecretWriteError extends LatticeError {
  /** Tells the class apart. */
  override readonly name = "SecretWriteError";
  /** Where it was to be kept. */
  readonly provider: SecretProvider;
  /** Which secret. */
  readonly key: string;

  /** Made of what went wrong. */
  constructor(provider: SecretProvider, key: string, cause: unknown) {
    const { code, text, options } = aboutCause(cause, provider, key);
    super(code, `cannot store secret ${JSON.stringify(key)}: ${text}`, options);
    this.provider = provider;
    this.key = key;
  }
}

/**
 * A secret cannot be removed.
 *
 * @example
 * ```ts
 * import { createSecretStore, SecretDeleteError } from "../mod.ts";
 *
 * async function forget(key: string): Promise<void> {
 *   try {
 *     await createSecretStore("file").delete(key);
 *   } catch (error) {
 *     if (error instanceof SecretDeleteError) throw new Error(`${error.key} is still there: ${error.message}`);
 *     throw error;
 *   }
 * }
 * ```
 */
export class SecretDeleteError extends LatticeError {
  /** Tells the class apart. */
  override readonly name = "SecretDeleteError";
  /** Where it is kept. */
  readonly provider: SecretProvider;
  /** Which secret. */
  readonly key: string;

  /** Made of what went wrong. */
  constructor(provider: SecretProvider, key: string, cause: unknown) {
    const { code, text, options } = aboutCause(cause, provider, key);
    super(code, `cannot remove secret ${JSON.stringify(key)}: ${text}`, options);
    this.provider = provider;
    this.key = key;
  }
}
