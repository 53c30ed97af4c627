/**
 * How a repository stores things, and whether we know how to handle that (git's "repository-version").
 *
 * @module
 */
import { LatticeError } from "../platform/errors.ts";
import type { ParsedEntry } from "./config/parse.ts";
import { badValue, parseBoolean, parseInteger } from "./config/values.ts";
import { type ObjectFormat, SHA1, SHA256 } from "./object_format.ts";

/** Highest `core.repositoryFormatVersion` that is understood. */
const FORMAT_VERSION_MAX = 1;

/** What the config file of a repository says of its format. Included files do not count. */
export interface RepositoryFormat {
  readonly objectFormat: ObjectFormat;
  readonly refStorage: "files" | "reftable";
  /** Whether each worktree has a `config.worktree` of its own. */
  readonly worktreeConfig: boolean;
  /** `core.bare`; `undefined` when it is not said. */
  readonly bare: boolean | undefined;
  /** `core.worktree`, as it stands. */
  readonly workTree: string | undefined;
}

/** What holds where no version is said. */
const UNSAID: RepositoryFormat = {
  objectFormat: SHA1,
  refStorage: "files",
  worktreeConfig: false,
  bare: undefined,
  workTree: undefined,
};

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Reads the format and refuses what is not understood.
 *
 * @param entries The assignments of the config file alone.
 * @param path That file.
 * @throws {LatticeError} `unsupported`: version or extension; `invalid_data`: a value that is malformed.
 */
export function readRepositoryFormat(entries: readonly ParsedEntry[], path: string): RepositoryFormat {
  const format: Mutable<RepositoryFormat> = { ...UNSAID };
  const unknown: string[] = [];
  const newOnly: string[] = [];
  let version = -1;
  for (const entry of entries) {
    if (entry.key === "core.repositoryformatversion") version = integer(entry, path);
    else if (entry.key.startsWith("core.")) readPlaces(format, entry, path);
    else if (entry.key.startsWith("extensions.")) {
      const kind = readExtension(format, entry, path);
      if (kind === "unknown") unknown.push(entry.key);
      else if (kind === "version 1") newOnly.push(entry.key);
    }
  }
  if (version < 0) return UNSAID;
  if (version > FORMAT_VERSION_MAX) {
    throw unsupported(`repository format version ${version}`, path, "it was made by a newer git; use a newer lattice", {
      version,
    });
  }
  if (version === 1 && unknown.length > 0) {
    throw unsupported(
      `repository extension ${unknown.map(quoted).join(", ")}`,
      path,
      "the repository needs something that lattice does not know; use a newer lattice",
      { extensions: unknown },
    );
  }
  if (version === 0 && newOnly.length > 0) {
    throw unsupported(
      `repository extension ${newOnly.map(quoted).join(", ")} with format version 0`,
      path,
      "if the extension is meant, run `git config core.repositoryFormatVersion 1`",
      { extensions: newOnly, version },
    );
  }
  return format;
}

/** The same format with what `config.worktree` says of bare and work tree. */
export function withWorktreeConfig(
  format: RepositoryFormat,
  entries: readonly ParsedEntry[],
  path: string,
): RepositoryFormat {
  const changed = { ...format };
  for (const entry of entries) readPlaces(changed, entry, path);
  return changed;
}

function readPlaces(format: Mutable<RepositoryFormat>, entry: ParsedEntry, path: string): void {
  if (entry.key === "core.bare") format.bare = boolean(entry, path);
  else if (entry.key === "core.worktree") format.workTree = text(entry, path);
}

/** Reads one `extensions.*`; tells which versions it may stand in. */
function readExtension(
  format: Mutable<RepositoryFormat>,
  entry: ParsedEntry,
  path: string,
): "any version" | "version 1" | "unknown" {
  switch (entry.key) {
    case "extensions.noop":
      return "any version";
    case "extensions.preciousobjects":
      boolean(entry, path);
      return "any version";
    case "extensions.partialclone":
      text(entry, path);
      return "any version";
    case "extensions.worktreeconfig":
      format.worktreeConfig = boolean(entry, path);
      return "any version";
    case "extensions.noop-v1":
      return "version 1";
    case "extensions.relativeworktrees":
      boolean(entry, path);
      return "version 1";
    case "extensions.objectformat":
      format.objectFormat = oneOf(entry, path, { sha1: SHA1, sha256: SHA256 });
      return "version 1";
    case "extensions.refstorage":
      format.refStorage = oneOf(entry, path, { files: "files", reftable: "reftable" });
      return "version 1";
    default:
      return "unknown";
  }
}

function integer(entry: ParsedEntry, path: string): number {
  const value = entry.value === null ? null : parseInteger(entry.value);
  if (value === null) throw badValue({ ...entry, path }, "an integer");
  return value;
}

function boolean(entry: ParsedEntry, path: string): boolean {
  const value = parseBoolean(entry.value);
  if (value === null) throw badValue({ ...entry, path }, "a boolean");
  return value;
}

function text(entry: ParsedEntry, path: string): string {
  if (entry.value === null) throw badValue({ ...entry, path }, "a text");
  return entry.value;
}

function oneOf<T>(entry: ParsedEntry, path: string, known: Readonly<Record<string, T>>): T {
  const name = text(entry, path);
  if (Object.hasOwn(known, name)) return known[name]!;
  throw unsupported(`${entry.key} ${quoted(name)}`, path, `known are ${Object.keys(known).join(" and ")}`, {
    extension: entry.key,
    value: name,
  });
}

function quoted(name: string): string {
  return JSON.stringify(name);
}

function unsupported(what: string, path: string, hint: string, details: Record<string, unknown>): LatticeError {
  return new LatticeError("unsupported", `${what} is not supported (in ${quoted(path)})`, {
    hint,
    details: { ...details, path },
  });
}
