/**
 * Configuration as a table of keys.
 *
 * @module
 */
import type { Config, ConfigEntry } from "./config.ts";
import { badValue, parseBoolean, parseInteger } from "./values.ts";

/** Makes the table of assignments that stand in git's order. */
export function configTable(entries: readonly ConfigEntry[]): Config {
  const byKey = new Map<string, ConfigEntry[]>();
  for (const entry of entries) {
    const same = byKey.get(entry.key);
    if (same === undefined) byKey.set(entry.key, [entry]);
    else same.push(entry);
  }
  function last(key: string): ConfigEntry | undefined {
    const same = byKey.get(key);
    return same?.[same.length - 1];
  }

  return {
    entries,

    get(key) {
      const entry = last(key);
      return entry === undefined ? undefined : entry.value ?? "";
    },

    getAll: (key) => (byKey.get(key) ?? []).map(({ value }) => value ?? ""),

    getBoolean(key) {
      const entry = last(key);
      if (entry === undefined) return undefined;
      const value = parseBoolean(entry.value);
      if (value === null) throw badValue(entry, "a boolean");
      return value;
    },

    getInteger(key) {
      const entry = last(key);
      if (entry === undefined) return undefined;
      const value = entry.value === null ? null : parseInteger(entry.value);
      if (value === null) throw badValue(entry, "an integer");
      return value;
    },
  };
}
