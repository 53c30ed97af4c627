/**
 * A repository for the tests of the engine, on any system: the smallest one that git would accept, with a given
 * configuration.
 *
 * @module
 */
import type { Config } from "../../src/git/config/config.ts";
import { SHA1 } from "../../src/git/object_format.ts";
import { openObjectStore } from "../../src/git/objects/open.ts";
import type { Repository } from "../../src/git/repository.ts";
import { openRefStore } from "../../src/git/refs/open.ts";
import { openWriter, type Writer } from "../../src/engine/mod.ts";
import type { System } from "../../src/platform/system.ts";

/** Files of an empty repository at `/r/.git`. */
export const EMPTY_REPOSITORY: Record<string, string | null> = {
  "/r/.git/HEAD": "ref: refs/heads/main\n",
  "/r/.git/config": "[core]\n\trepositoryformatversion = 0\n",
  "/r/.git/objects/info": null,
  "/r/.git/objects/pack": null,
  "/r/.git/refs/heads": null,
  "/r/.git/refs/tags": null,
};

/** Configuration from a record of keys. */
export function fixedConfig(values: Record<string, string> = {}): Config {
  const entries = Object.entries(values).map(([key, value]) => ({ key, value, scope: "local" as const, path: null }));
  return {
    entries,
    get: (key) => values[key],
    getAll: (key) => values[key] === undefined ? [] : [values[key]],
    getBoolean: (key) => values[key] === undefined ? undefined : values[key] === "true",
    getInteger: (key) => values[key] === undefined ? undefined : Number(values[key]),
  };
}

/** Opens the repository at `/r/.git` of a system, from its main worktree or from a linked one. */
export function openTestRepository(
  system: System,
  config: Record<string, string> = {},
  worktreeId: string | null = null,
): Repository {
  const commonDir = "/r/.git";
  const gitDir = worktreeId === null ? commonDir : `${commonDir}/worktrees/${worktreeId}`;
  const settings = fixedConfig({ "user.name": "T", "user.email": "t@example.com", ...config });
  const refs = openRefStore({ system, gitDir, commonDir, format: SHA1, refStorage: "files" });
  const objects = openObjectStore({
    system,
    objectsDir: `${commonDir}/objects`,
    format: SHA1,
    config: settings,
    readReplaceRef: () => null,
  });
  return {
    system,
    config: settings,
    objects,
    refs,
    gitDir,
    commonDir,
    workDir: worktreeId === null ? "/r" : `/${worktreeId}`,
    worktreeId,
    objectsDir: `${commonDir}/objects`,
    bare: false,
    objectFormat: SHA1,
    refStorage: "files",
    prefix: "",
  };
}

/** Opens a writer of the test repository, or of another one. */
export function openTestWriter(repository: Repository, evenIfPaused = false): Promise<Writer> {
  return openWriter(repository, { command: "test", arguments: [], lockTimeoutMs: 0, evenIfPaused });
}
