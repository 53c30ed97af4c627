/**
 * The config files: where they are, and what their tables hold.
 *
 * The repository's is `<common dir>/lattice/config.toml`, a file of ours like the others there; the user's is
 * `$LATTICE_CONFIG`, else `$XDG_CONFIG_HOME/lattice/config.toml`, else `~/.lattice/config.toml`, and may be a link.
 *
 * @module
 */
import { readOpenFile, readOwnFile } from "../platform/own_file.ts";
import type { Disk } from "../platform/disk.ts";
import { LatticeError } from "../platform/errors.ts";
import { absolutePath } from "../platform/paths.ts";
import type { System } from "../platform/system.ts";
import { decodeUtf8 } from "../platform/text.ts";

/** A table of a config file. */
export type ConfigTable = Record<string, unknown>;

/** A config file and whose it is. */
export interface ConfigFile {
  /** Absolute. */
  readonly path: string;
  readonly owner: "repository" | "user";
}

/** A config file that was read. */
export interface ConfigContent {
  /** Exactly what the file holds. */
  readonly text: string;
  readonly table: ConfigTable;
}

/** A larger config file is not read, in bytes (1 MiB). */
const CONFIG_BYTES_MAX = 1024 * 1024;

/** The repository's config file. */
export function repoConfig(commonDir: string): ConfigFile {
  return { path: `${commonDir}/lattice/config.toml`, owner: "repository" };
}

/** The user's config file, or `null` where nothing says where it would be. */
export function userConfig(system: System): ConfigFile | null {
  const path = userConfigPath(system.env);
  if (path === null || path === "/dev/null") return null; // the usual way to say: none
  return { path: absolutePath(system, path), owner: "user" };
}

function userConfigPath(env: System["env"]): string | null {
  const { LATTICE_CONFIG, XDG_CONFIG_HOME, HOME } = env;
  if (LATTICE_CONFIG !== undefined && LATTICE_CONFIG !== "") return LATTICE_CONFIG;
  // The XDG Base Directory Specification tells to ignore a relative path.
  if (XDG_CONFIG_HOME?.startsWith("/")) return `${XDG_CONFIG_HOME}/lattice/config.toml`;
  return HOME === undefined || HOME === "" ? null : `${HOME}/.lattice/config.toml`;
}

/**
 * Reads a config file.
 *
 * @returns `null`: the file is not there.
 * @throws {LatticeError} `invalid_data`: it is no TOML, or too large; `unsupported`: it is no file; `io`.
 */
export async function readConfigFile({ disk }: System, file: ConfigFile): Promise<ConfigContent | null> {
  const { path } = file;
  const bytes = file.owner === "repository" ? readOwnFile(disk, path, CONFIG_BYTES_MAX) : readUserFile(disk, path);
  if (bytes === null) return null;
  const text = decodeUtf8(bytes);
  if (text === null) throw invalidConfig(path, "it is not UTF-8");
  const parsed = await parseConfig(text);
  if ("table" in parsed) return { text, table: parsed.table };
  throw invalidConfig(path, parsed.reason, { cause: parsed.cause });
}

/** The tables of a text, or why it is no TOML. */
export async function parseConfig(text: string): Promise<{ table: ConfigTable } | { reason: string; cause: unknown }> {
  const { parse, TomlError } = await import("smol-toml");
  try {
    return { table: parse(text) as ConfigTable };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const reason = error.message.split("\n")[0]!.replace("Invalid TOML document: ", "");
    return { reason: `line ${error.line}: ${reason}`, cause: error };
  }
}

/** The error about a config file. */
export function invalidConfig(
  path: string,
  reason: string,
  options: { key?: string; hint?: string; cause?: unknown } = {},
): LatticeError {
  return new LatticeError("invalid_data", `config file ${JSON.stringify(path)}: ${reason}`, {
    hint: options.hint ?? "correct the file, or move it away",
    details: { path, key: options.key ?? null },
    cause: options.cause,
  });
}

/** People keep their files elsewhere and link to them, so a link is followed; but only a file is read, and never waited for. */
function readUserFile(disk: Disk, path: string): Uint8Array | null {
  const seen = disk.stat(path);
  if (seen === null) return null;
  if (seen.kind !== "file") throw notAFile(path);
  using file = disk.openRead(path);
  if (file === null) return null;
  if (file.stat().kind !== "file") throw notAFile(path);
  return readOpenFile(file, CONFIG_BYTES_MAX);
}

function notAFile(path: string): LatticeError {
  return new LatticeError("unsupported", `config file ${JSON.stringify(path)} is not a file`, {
    hint: "move it away, or name another one with LATTICE_CONFIG",
    details: { path },
  });
}
