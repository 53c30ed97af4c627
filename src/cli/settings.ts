/**
 * Configuration: the environment, then the repository's config file, then the user's; the first that says something
 * counts.
 *
 * The repository's file is `<common dir>/lattice/config.toml`; the user's is `$LATTICE_CONFIG`, else
 * `$XDG_CONFIG_HOME/lattice/config.toml`, else `~/.lattice/config.toml`.
 *
 * @module
 */
import type { CommandContext } from "./context.ts";
import { DURATION_HINT, parseDuration, requireDuration } from "./duration.ts";
import { LatticeError } from "../platform/errors.ts";
import type { System } from "../platform/system.ts";
import { decodeUtf8 } from "../platform/text.ts";

/** What is configured; `undefined` where nothing is. */
export interface Settings {
  /** Longest wait for a lock, in milliseconds. */
  readonly lockTimeoutMs: number | undefined;
  /** Short name of the trunk. */
  readonly trunk: string | undefined;
}

/** The keys that are known, and what their values must be. */
const KEYS: Readonly<Record<string, "duration" | "text">> = { "lock.timeout": "duration", trunk: "text" };

/** A table of a config file. */
export type ConfigTable = Record<string, unknown>;

/** Path of the repository's config file. */
export function repoConfigPath(commonDir: string): string {
  return `${commonDir}/lattice/config.toml`;
}

/** Path of the user's config file, or `null` where nothing says where it would be. */
export function userConfigPath({ env }: System): string | null {
  if (given(env["LATTICE_CONFIG"])) return env["LATTICE_CONFIG"]!;
  // The XDG Base Directory Specification tells to ignore a relative path.
  if (env["XDG_CONFIG_HOME"]?.startsWith("/")) return `${env["XDG_CONFIG_HOME"]}/lattice/config.toml`;
  return given(env["HOME"]) ? `${env["HOME"]}/.lattice/config.toml` : null;
}

/**
 * Reads the configuration.
 *
 * @throws {LatticeError} `invalid_data`: a file is no TOML, or a value has the wrong type; file and key are named.
 *   `usage`: `LATTICE_LOCK_TIMEOUT` is no duration.
 */
export async function loadSettings(context: CommandContext): Promise<Settings> {
  const { system } = context;
  const commonDir = await commonDirIfAny(context);
  const user = userConfigPath(system);
  const layers = [
    commonDir === null ? null : await readConfigFile(context, repoConfigPath(commonDir)),
    user === null ? null : await readConfigFile(context, absolute(system, user)),
  ];
  const text = (key: string) => layers.find((layer) => layer?.has(key))?.get(key);
  const timeout = text("lock.timeout");
  return {
    lockTimeoutMs: environmentLockTimeoutMs(system) ?? (timeout === undefined ? undefined : parseDuration(timeout)!),
    trunk: text("trunk"),
  };
}

/** `LATTICE_LOCK_TIMEOUT` in milliseconds. @throws {LatticeError} `usage`: it is no duration. */
export function environmentLockTimeoutMs({ env }: System): number | undefined {
  const text = env["LATTICE_LOCK_TIMEOUT"];
  return given(text) ? requireDuration(text, "LATTICE_LOCK_TIMEOUT") : undefined;
}

/**
 * The tables of a config file.
 *
 * @returns `null`: the file is not there.
 * @throws {LatticeError} `invalid_data`: it is no TOML.
 */
export async function parseConfigFile(system: System, path: string): Promise<ConfigTable | null> {
  const bytes = system.disk.readFile(path);
  if (bytes === null) return null;
  const text = decodeUtf8(bytes);
  if (text === null) throw invalid(path, "it is not UTF-8");
  const { parse, TomlError } = await import("smol-toml");
  try {
    return parse(text) as ConfigTable;
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const reason = error.message.split("\n")[0]!.replace("Invalid TOML document: ", "");
    throw invalid(path, `line ${error.line}: ${reason}`, error);
  }
}

async function readConfigFile({ system, log }: CommandContext, path: string): Promise<Map<string, string> | null> {
  const table = await parseConfigFile(system, path);
  if (table === null) return null;
  const values = new Map<string, string>();
  for (const [key, value] of flatten(table, "")) {
    const type = KEYS[key];
    if (type === undefined) {
      log.detail(`config: ${path}: unknown key ${key} is ignored`);
      continue;
    }
    if (typeof value !== "string") {
      throw invalid(path, `${key} is ${describeType(value)}, expected a text`, undefined, key);
    }
    if (type === "duration" && parseDuration(value) === null) {
      throw invalid(path, `${key} is no duration: ${JSON.stringify(value)}`, undefined, key, DURATION_HINT);
    }
    values.set(key, value);
  }
  return values;
}

/** Every value of the tables, by its dotted key. A known key that holds a table counts as a value of that type. */
function* flatten(table: ConfigTable, prefix: string): Generator<[string, unknown]> {
  for (const [name, value] of Object.entries(table)) {
    const key = `${prefix}${name}`;
    const isTable = typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
    if (isTable && KEYS[key] === undefined) {
      yield* flatten(value as ConfigTable, `${key}.`);
    } else {
      const missing = Object.keys(KEYS).find((known) => known.startsWith(`${key}.`));
      yield missing === undefined ? [key, value] : [missing, value];
    }
  }
}

async function commonDirIfAny(context: CommandContext): Promise<string | null> {
  try {
    return (await context.openRepository()).commonDir;
  } catch (error) {
    // Outside of a repository there is no repo config; every other reason for not opening one is an error.
    if (error instanceof LatticeError && error.code === "not_a_repository") return null;
    throw error;
  }
}

function absolute(system: System, path: string): string {
  return path.startsWith("/") ? path : `${system.host.workingDirectory}/${path}`;
}

function given(text: string | undefined): text is string {
  return text !== undefined && text !== "";
}

function describeType(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (value instanceof Date) return "a date";
  return typeof value === "object" ? "a table" : `a ${typeof value}`;
}

function invalid(path: string, reason: string, cause?: unknown, key?: string, hint?: string): LatticeError {
  return new LatticeError("invalid_data", `config file ${JSON.stringify(path)}: ${reason}`, {
    hint: hint ?? "correct the file, or move it away",
    details: { path, key: key ?? null },
    cause,
  });
}
