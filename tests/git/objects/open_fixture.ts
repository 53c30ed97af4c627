/**
 * Opens the objects of an unpacked fixture or of a repository that a test made, without the rest of lattice.
 *
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Config, ConfigEntry } from "../../../src/git/config/config.ts";
import { SHA1, SHA256 } from "../../../src/git/object_format.ts";
import { type ObjectStoreOptions, type OpenObjectStore, openObjectStore } from "../../../src/git/objects/open.ts";
import { realSystem } from "../../../src/platform/real_system.ts";

/** A configuration that holds just these values, by their keys in lower case. */
export function configOf(values: Record<string, string>): Config {
  const entries: ConfigEntry[] = Object.entries(values).map(([key, value]) => (
    { key, value, scope: "local", path: null }
  ));
  const get = (key: string) => values[key];
  return {
    entries,
    get,
    getAll: (key) => key in values ? [values[key]!] : [],
    getBoolean: (key) => key in values ? ["true", "1", "yes", "on", ""].includes(values[key]!) : undefined,
    getInteger: (key) => key in values ? Number(values[key]) : undefined,
  };
}

/**
 * Opens the objects of a git directory.
 *
 * @param more What differs from a plain SHA-1 repository without configuration and without replacements.
 */
export function openObjects(gitDir: string, more: Partial<ObjectStoreOptions> = {}): OpenObjectStore {
  return openObjectStore({
    system: realSystem,
    objectsDir: join(gitDir, "objects"),
    format: SHA1,
    config: configOf({}),
    env: {},
    readReplaceRef: (oid) => {
      const path = join(gitDir, "refs/replace", oid);
      return existsSync(path) ? readFileSync(path, "utf8").trim() : null;
    },
    ...more,
  });
}

/** The object format by its name in the manifest. */
export function formatNamed(name: string | undefined): typeof SHA1 {
  return name === "sha256" ? SHA256 : SHA1;
}
