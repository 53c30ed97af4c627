/**
 * The store of secrets that a command works with.
 *
 * @module
 */
import type { CommandContext } from "./context.ts";
import { lockObserver } from "./lock_observer.ts";
import type { ParsedCommand } from "./parse.ts";
import { keepOut } from "./redaction.ts";
import { forbidCoreDumps } from "../platform/core_dumps.ts";
import { LatticeError } from "../platform/errors.ts";
import { createSecretStore } from "../secrets/create_store.ts";
import type { SecretStore } from "../secrets/secret_store.ts";

/**
 * Opens the store that option or configuration name; the configuration is read only where it is asked. From here on a crash of this process leaves no core file, and no
 * value that it reads is printed but as an answer.
 */
export async function openSecretStore(
  context: CommandContext,
  parsed: ParsedCommand,
  access: "read" | "write",
): Promise<SecretStore> {
  const { system, log } = context;
  const provider = parsed.value("provider") ?? (await context.settings()).secretsProvider ?? "file";
  const waiting = access === "read" ? {} : { lockTimeoutMs: await context.lockTimeoutMs() };
  void system.env; // read before this process's environment is closed to it
  if (!forbidCoreDumps()) log.detail("core files cannot be forbidden here");
  return createSecretStore(provider, {
    system,
    ...waiting,
    observer: lockObserver(context, "the lock of the secrets"),
    onValue: keepOut,
  });
}

/** The value of a key. @throws {LatticeError} `not_found`: there is none. */
export async function requireSecret(store: SecretStore, key: string): Promise<string> {
  const value = await store.get(key);
  if (value !== undefined) return value;
  throw new LatticeError("not_found", `there is no secret ${JSON.stringify(key)} (${store.provider})`, {
    hint: "lattice secret list shows those that there are; lattice secret set stores one",
    details: { key, provider: store.provider },
  });
}
