/**
 * Configuration: the environment, then the repository's config file, then the user's; the first that says something
 * counts.
 *
 * @module
 */
import type { CommandContext } from "./context.ts";
import {
  type ConfigFile,
  type ConfigTable,
  invalidConfig,
  readConfigFile,
  repoConfig,
  userConfig,
} from "./config_file.ts";
import { DURATION_HINT, parseDuration, requireDuration } from "./duration.ts";
import { LOCK_BACKENDS } from "../locks/repo_lock_backend.ts";
import { checkBranchName } from "../git/refs/names.ts";
import { SECRET_PROVIDERS } from "../secrets/secret_store.ts";
import { LatticeError } from "../platform/errors.ts";
import type { System } from "../platform/system.ts";

/** What the config files say; `undefined` where they say nothing. */
export interface Settings {
  /** Longest wait for a lock, in milliseconds. */
  readonly lockTimeoutMs: number | undefined;
  /** Short name of the trunk. */
  readonly trunk: string | undefined;
  /** How many of the newest operations `op prune` keeps. */
  readonly opsKeep: number | undefined;
  /** For how long `op prune` keeps an operation, in milliseconds. */
  readonly opsKeepForMs: number | undefined;
  /** Where lock records are kept. */
  readonly leaseStore: string | undefined;
  /** Whether a database of lock records is brought to the present version by itself. */
  readonly leaseAutoMigrate: boolean;
  /** Where secrets are kept. */
  readonly secretsProvider: string | undefined;
  /** Where state documents are kept. */
  readonly stateStore: string | undefined;
}

/** Says what is wrong with the value of a key. */
type ValueCheck = (value: string, file: ConfigFile) => LatticeError | null;

/** The keys that are known; values are texts, but for {@link COUNTS}. A map, since any word may be looked up in it. */
const KEYS: ReadonlyMap<string, ValueCheck> = new Map([
  ["lease.auto_migrate", () => null],
  ["lease.store", () => null],
  ["lock.backend", checkBackend],
  ["lock.timeout", checkDuration("lock.timeout")],
  ["ops.keep", () => null],
  ["ops.keep_for", checkDuration("ops.keep_for")],
  ["secrets.provider", checkProvider],
  ["state.store", () => null],
  ["trunk", checkTrunk],
]);

/** Keys whose values are whole numbers. */
const COUNTS: ReadonlySet<string> = new Set(["ops.keep"]);

/** Keys whose values are true or false. */
const SWITCHES: ReadonlySet<string> = new Set(["lease.auto_migrate"]);

/** Tables are not searched deeper for keys; no known key has as many words. */
const DEPTH_MAX = 8;

/**
 * Reads the config files.
 *
 * @throws {LatticeError} `invalid_data`: a file is no TOML, or a value is not sound; file and key are named;
 *   `unsupported`: something else stands in the place of a file.
 */
export async function loadSettings(context: CommandContext): Promise<Settings> {
  const commonDir = await commonDirIfAny(context);
  const files = [commonDir === null ? null : repoConfig(commonDir), userConfig(context.system)];
  const layers: ReadonlyMap<string, string>[] = [];
  for (const file of files) {
    if (file !== null) layers.push(await readValues(context, file));
  }
  function text(key: string): string | undefined {
    for (const layer of layers) {
      if (layer.has(key)) return layer.get(key);
    }
    return undefined;
  }
  const keep = text("ops.keep");
  return {
    lockTimeoutMs: milliseconds(text("lock.timeout")),
    trunk: text("trunk"),
    opsKeep: keep === undefined ? undefined : Number(keep),
    opsKeepForMs: milliseconds(text("ops.keep_for")),
    leaseStore: text("lease.store"),
    leaseAutoMigrate: text("lease.auto_migrate") === "true",
    secretsProvider: text("secrets.provider"),
    stateStore: text("state.store"),
  };
}

/** @param duration One that was checked. */
function milliseconds(duration: string | undefined): number | undefined {
  return duration === undefined ? undefined : parseDuration(duration)!;
}

/** `LATTICE_LOCK_TIMEOUT` in milliseconds. @throws {LatticeError} `usage`: it is no duration. */
export function environmentLockTimeoutMs({ env }: System): number | undefined {
  const text = env["LATTICE_LOCK_TIMEOUT"];
  return text === undefined || text === "" ? undefined : requireDuration(text, "LATTICE_LOCK_TIMEOUT");
}

async function readValues({ system, log }: CommandContext, file: ConfigFile): Promise<Map<string, string>> {
  const values = new Map<string, string>();
  const content = await readConfigFile(system, file);
  for (const [key, value] of content === null ? [] : flatten(content.table, "", 1)) {
    const check = KEYS.get(key);
    if (check === undefined) {
      log.detail(`config: ${file.path}: unknown key ${key} is ignored`);
      continue;
    }
    const text = textOf(key, value);
    if (text === null) {
      const expected = COUNTS.has(key)
        ? "a whole number that is not negative"
        : SWITCHES.has(key)
        ? "true or false"
        : "a text";
      throw invalidConfig(file.path, `${key} is ${describeType(value)}, expected ${expected}`, { key });
    }
    const error = check(text, file);
    if (error !== null) throw error;
    values.set(key, text);
  }
  return values;
}

/** Every value of the tables, by its dotted key. A known key that holds a table counts as a value of that type. */
function* flatten(table: ConfigTable, prefix: string, depth: number): Generator<[string, unknown]> {
  for (const [name, value] of Object.entries(table)) {
    const key = `${prefix}${name}`;
    const isTable = typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
    if (isTable && !KEYS.has(key) && depth < DEPTH_MAX) {
      yield* flatten(value as ConfigTable, `${key}.`, depth + 1);
    } else {
      const missing = [...KEYS.keys()].find((known) => known.startsWith(`${key}.`));
      yield missing === undefined ? [key, value] : [missing, value];
    }
  }
}

/** A value as a text; `null`: it is not of the type that the key takes. */
function textOf(key: string, value: unknown): string | null {
  if (SWITCHES.has(key)) return typeof value === "boolean" ? String(value) : null;
  if (!COUNTS.has(key)) return typeof value === "string" ? value : null;
  return Number.isSafeInteger(value) && value as number >= 0 ? String(value) : null;
}

function checkDuration(key: string): ValueCheck {
  return (value, { path }) => {
    if (parseDuration(value) !== null) return null;
    return invalidConfig(path, `${key} is no duration: ${JSON.stringify(value)}`, { key, hint: DURATION_HINT });
  };
}

function checkProvider(value: string, { path }: ConfigFile): LatticeError | null {
  if ((SECRET_PROVIDERS as readonly string[]).includes(value)) return null;
  const key = "secrets.provider";
  return invalidConfig(path, `${key} is ${JSON.stringify(value)}, expected one of ${SECRET_PROVIDERS.join(", ")}`, {
    key,
    hint: `correct the file; provider = "file" is the one that works everywhere`,
  });
}

function checkTrunk(value: string, { path }: ConfigFile): LatticeError | null {
  const reason = checkBranchName(value);
  if (reason === null) return null;
  return invalidConfig(path, `trunk is no valid branch name: ${JSON.stringify(value)}: ${reason}`, {
    key: "trunk",
    hint: `correct the file; trunk = "main" is how a branch is named there`,
  });
}

/** Two users of one repository must not disagree, so it is said in the repository alone; `locks/` heeds it. */
function checkBackend(value: string, { path, owner }: ConfigFile): LatticeError | null {
  const key = "lock.backend";
  if (owner !== "repository") {
    return invalidConfig(path, `${key} belongs into the config file of a repository`, {
      key,
      hint: "remove it here; all who use a repository must lock it in the same way",
    });
  }
  if (LOCK_BACKENDS.some((known) => known === value)) return null;
  return invalidConfig(path, `${key} is ${JSON.stringify(value)}, expected one of ${LOCK_BACKENDS.join(", ")}`, {
    key,
  });
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

function describeType(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (value instanceof Date) return "a date";
  if (typeof value === "number") return `the number ${value}`;
  return typeof value === "object" ? "a table" : `a ${typeof value}`;
}
