/**
 * How a repository is locked: as its config file says, else by flock, but on file systems that several hosts share by a
 * PID lock file. Everybody reads the same file, so that nobody locks it in another way.
 *
 * @module
 */
import { automaticBackend } from "./automatic_backend.ts";
import { LatticeError } from "../platform/errors.ts";
import type { System } from "../platform/system.ts";
import { decodeUtf8 } from "../platform/text.ts";
import type { BackendName } from "./lock_backend.ts";

/** What the config file may say. */
export const LOCK_BACKENDS: readonly (BackendName | "auto")[] = ["auto", "flock", "pid"];

/** A larger config file is not read, in bytes (1 MiB). */
const CONFIG_BYTES_MAX = 1024 * 1024;

/**
 * Finds out how a repository is locked.
 *
 * @throws {LatticeError} `invalid_data`: its config file is no TOML, or names another way; `io`.
 */
export async function repoLockBackend(system: System, commonDir: string): Promise<BackendName> {
  const path = `${commonDir}/lattice/config.toml`;
  // A link in its place is refused by who reads the whole file.
  const bytes = system.disk.lstat(path)?.kind === "file" ? system.disk.readFile(path, CONFIG_BYTES_MAX) : null;
  const text = bytes === null ? "" : decodeUtf8(bytes) ?? "";
  // To understand TOML takes longer than all else here, and hardly a repository says anything about this.
  const configured = text.includes("backend") ? await configuredBackend(path, text) : undefined;
  if (configured !== undefined && configured !== "auto") return configured;
  return automaticBackend(system, commonDir);
}

/** What the text of the config file says; `undefined`: nothing. */
async function configuredBackend(path: string, text: string): Promise<BackendName | "auto" | undefined> {
  const { parse, TomlError } = await import("smol-toml");
  let lock: unknown;
  try {
    lock = parse(text)["lock"];
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    throw invalid(path, `line ${cause.line} is no TOML`, cause);
  }
  const value = typeof lock === "object" && lock !== null ? (lock as Record<string, unknown>)["backend"] : undefined;
  if (value === undefined) return undefined;
  const known = LOCK_BACKENDS.find((name) => name === value);
  if (known === undefined) throw invalid(path, `lock.backend is none of ${LOCK_BACKENDS.join(", ")}`);
  return known;
}

function invalid(path: string, reason: string, cause?: unknown): LatticeError {
  return new LatticeError("invalid_data", `config file ${JSON.stringify(path)}: ${reason}`, {
    hint: "correct the file, or move it away",
    details: { path, key: "lock.backend" },
    cause,
  });
}
