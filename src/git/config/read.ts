/**
 * Reads configuration in git's order: system, global, local, worktree, command.
 *
 * @module
 */
import type { System } from "../../platform/system.ts";
import type { Config, ConfigEntry } from "./config.ts";
import { type ConfigFiles, protectedFiles, type ScopedFile } from "./files.ts";
import { addWithIncludes, type IncludeContext, isRemoteUrl } from "./include.ts";
import { configTable } from "./table.ts";

/** Where the configuration of a repository is. */
export interface ConfigPlace {
  readonly gitDir: string;
  readonly commonDir: string;
  /** Whether `config.worktree` counts (`extensions.worktreeConfig`). */
  readonly worktreeConfig: boolean;
}

/**
 * Reads all configuration that holds in a repository; without one, that of system, user and command line.
 *
 * @throws {LatticeError} `invalid_data`: malformed, with file and line; `io`.
 */
export function readConfig(system: System, files: ConfigFiles, place: ConfigPlace | null): Config {
  const scoped = protectedFiles(system);
  if (place !== null) {
    scoped.push({ scope: "local", path: `${place.commonDir}/config`, tolerant: false });
    if (place.worktreeConfig) {
      scoped.push({ scope: "worktree", path: `${place.gitDir}/config.worktree`, tolerant: false });
    }
  }
  return configTable(readEntries(system, files, scoped, place?.gitDir ?? null));
}

/** Reads what no repository can set: system, user and command line (git-config, "SCOPES"). */
export function readProtectedConfig(system: System, files: ConfigFiles): Config {
  return configTable(readEntries(system, files, protectedFiles(system), null));
}

function readEntries(
  system: System,
  files: ConfigFiles,
  scoped: readonly ScopedFile[],
  gitDir: string | null,
): ConfigEntry[] {
  const readAll = (remoteUrls: IncludeContext["remoteUrls"]) => {
    const context: IncludeContext = { system, files, gitDir, remoteUrls, included: 0 };
    const entries: ConfigEntry[] = [];
    for (const { scope, path, tolerant } of scoped) {
      const own = files.read(path, tolerant);
      if (own !== null) addWithIncludes(context, entries, own, { scope, path });
    }
    addWithIncludes(context, entries, files.command(), { scope: "command", path: null });
    return entries;
  };
  let urls: readonly string[] | undefined;
  return readAll(() =>
    urls ??= readAll(null).flatMap(({ key, value }) => isRemoteUrl(key) && value !== null ? [value] : [])
  );
}
