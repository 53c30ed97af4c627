/**
 * The files of configuration: where they are, each read and parsed once.
 *
 * @module
 */
import { isDiskError } from "../../platform/disk.ts";
import type { System } from "../../platform/system.ts";
import { joinPath } from "../../platform/paths.ts";
import { readBounded } from "../bounded_file.ts";
import type { ConfigScope } from "./config.ts";
import { commandEntries } from "./environment.ts";
import { parseConfig, type ParsedEntry } from "./parse.ts";
import { badValue, parseBoolean } from "./values.ts";

/** Reads configuration files and remembers them for as long as a repository is opened. */
export interface ConfigFiles {
  /**
   * Assignments of a file. `null`: there is none.
   *
   * @param tolerant Whether a file that may not be read counts as absent, as git has it for those outside of the
   *   repository.
   * @throws {LatticeError} `invalid_data`: malformed; `io`.
   */
  read(path: string, tolerant?: boolean): readonly ParsedEntry[] | null;
  /** Assignments of the environment and of the caller. */
  command(): readonly ParsedEntry[];
}

/** A file and the scope that it belongs to. */
export interface ScopedFile {
  readonly scope: ConfigScope;
  readonly path: string;
  readonly tolerant: boolean;
}

/** Makes the reader of configuration files. */
export function createConfigFiles(system: System, overrides: readonly string[]): ConfigFiles {
  const parsed = new Map<string, readonly ParsedEntry[] | null>();
  let command: readonly ParsedEntry[] | undefined;

  function readNow(path: string, tolerant: boolean): readonly ParsedEntry[] | null {
    try {
      // What the environment names may be a pipe that somebody writes to, such as a process substitution of a shell.
      const bytes = tolerant ? system.disk.readFile(path) : readBounded(system.disk, path);
      return bytes === null ? null : parseConfig(bytes, path);
    } catch (error) {
      if (tolerant && isDiskError(error, "EACCES")) return null; // as git: no business of this user
      throw error;
    }
  }

  return {
    read(path, tolerant = false) {
      let entries = parsed.get(path);
      if (entries === undefined) {
        entries = readNow(path, tolerant);
        parsed.set(path, entries);
      }
      return entries;
    },
    command: () => command ??= commandEntries(system.env, overrides),
  };
}

/** The files outside of any repository: of the system, then of the user. */
export function protectedFiles({ env, host }: System): ScopedFile[] {
  const absolute = (path: string) => joinPath(host.workingDirectory, path);
  const files: ScopedFile[] = [];
  const add = (scope: ConfigScope, path: string) => files.push({ scope, path, tolerant: true });
  if (!environmentSwitch(env, "GIT_CONFIG_NOSYSTEM")) {
    add("system", absolute(env["GIT_CONFIG_SYSTEM"] ?? "/etc/gitconfig"));
  }
  const global = env["GIT_CONFIG_GLOBAL"];
  const home = env["HOME"];
  const xdg = env["XDG_CONFIG_HOME"];
  if (global !== undefined) {
    if (global !== "") add("global", absolute(global));
    return files;
  }
  if (xdg !== undefined && xdg !== "") add("global", absolute(joinPath(xdg, "git/config")));
  else if (home !== undefined) add("global", absolute(joinPath(home, ".config/git/config")));
  if (home !== undefined) add("global", absolute(joinPath(home, ".gitconfig")));
  return files;
}

/**
 * A boolean in an environment variable; false when it is not set.
 *
 * @throws {LatticeError} `invalid_data`: it is no boolean.
 */
export function environmentSwitch(env: System["env"], name: string, otherwise = false): boolean {
  const text = env[name];
  if (text === undefined) return otherwise;
  const value = parseBoolean(text);
  if (value === null) throw badValue({ key: name, value: text, path: null }, "a boolean");
  return value;
}
