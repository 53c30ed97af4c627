/**
 * `include.path` and `includeIf.<condition>.path` (git-config, "Includes").
 *
 * @module
 */
import { LatticeError } from "../../platform/errors.ts";
import type { System } from "../../platform/system.ts";
import { bytesToName } from "../../platform/text.ts";
import { folderOf, joinPath } from "../../platform/paths.ts";
import { readBounded } from "../bounded_file.ts";
import { normalizePath } from "../paths.ts";
import { compileWildmatch } from "../wildmatch.ts";
import type { ConfigEntry, ConfigScope } from "./config.ts";
import { expandPath } from "./expand_path.ts";
import type { ConfigFiles } from "./files.ts";
import type { ParsedEntry } from "./parse.ts";

/** Files may include files this deep, as in git. */
const INCLUDE_DEPTH_MAX = 10;

/** So many files may be included in all, so that a fan of includes ends. */
const INCLUDES_MAX = 10_000;

/** What includes depend on. */
export interface IncludeContext {
  readonly system: System;
  readonly files: ConfigFiles;
  /** The git directory, or `null` while none is known: then conditions about it do not hold. */
  readonly gitDir: string | null;
  /** URLs of all remotes; `null` while they are being collected: then every condition about them holds. */
  readonly remoteUrls: (() => readonly string[]) | null;
  /** How many files were included so far. */
  included: number;
}

/** A file or the command line, from which assignments come. */
export interface Origin {
  readonly scope: ConfigScope;
  /** `null` for the command line. */
  readonly path: string | null;
  /** Whether the file is here because of the URL of a remote; then it may not set any itself. */
  readonly byRemoteUrl?: boolean;
}

/**
 * Adds assignments, and after each include those of the included file.
 *
 * @param depth How many files included each other to come here.
 * @throws {LatticeError} `invalid_data`: malformed, too deep, too many.
 */
export function addWithIncludes(
  context: IncludeContext,
  into: ConfigEntry[],
  entries: readonly ParsedEntry[],
  origin: Origin,
  depth = 0,
): void {
  for (const { key, value } of entries) {
    if (origin.byRemoteUrl === true && isRemoteUrl(key)) {
      throw badInclude("a file that is included by hasconfig:remote.*.url sets the URL of a remote", origin);
    }
    into.push({ key, value, scope: origin.scope, path: origin.path });
    if (!key.startsWith("include") || !isActive(context, key, origin)) continue;
    if (value === null) throw badInclude(`${JSON.stringify(key)} has no value`, origin);
    const path = includedPath(context.system, value, origin);
    const included = context.files.read(path);
    if (included === null) continue;
    if (depth === INCLUDE_DEPTH_MAX) {
      throw badInclude(
        `files include each other more than ${INCLUDE_DEPTH_MAX} deep at ${JSON.stringify(path)}`,
        origin,
      );
    }
    if (++context.included > INCLUDES_MAX) throw badInclude(`more than ${INCLUDES_MAX} files are included`, origin);
    const byRemoteUrl = origin.byRemoteUrl === true || key.startsWith("includeif.hasconfig:");
    addWithIncludes(context, into, included, { scope: origin.scope, path, byRemoteUrl }, depth + 1);
  }
}

function includedPath(system: System, value: string, origin: Origin): string {
  const path = expandPath(system, value);
  if (path.startsWith("/")) return path;
  if (origin.path === null) throw badInclude(`the path ${JSON.stringify(value)} is not relative to any file`, origin);
  return joinPath(folderOf(origin.path), path);
}

function badInclude(what: string, { path }: Origin): LatticeError {
  const where = path === null ? "on the command line" : `in ${JSON.stringify(path)}`;
  return new LatticeError("invalid_data", `bad include ${where}: ${what}`, {
    hint: "correct include.path or includeIf.*.path there",
    details: { path },
  });
}

function isActive(context: IncludeContext, key: string, origin: Origin): boolean {
  if (key === "include.path") return true;
  if (!key.startsWith("includeif.") || !key.endsWith(".path") || key.length < "includeif..path".length) return false;
  const condition = key.slice("includeif.".length, -".path".length);
  const colon = condition.indexOf(":");
  const pattern = condition.slice(colon + 1);
  switch (condition.slice(0, colon + 1)) {
    case "gitdir:":
      return matchesGitDir(context, pattern, origin, false);
    case "gitdir/i:":
      return matchesGitDir(context, pattern, origin, true);
    case "onbranch:":
      return matchesBranch(context, pattern);
    case "hasconfig:":
      return matchesRemoteUrl(context, pattern);
    default:
      return false; // git passes over conditions that it does not know
  }
}

/** A pattern that ends with a slash stands for all that is below. */
function withFinalStars(pattern: string): string {
  return pattern.endsWith("/") ? `${pattern}**` : pattern;
}

function matchesGitDir(context: IncludeContext, pattern: string, origin: Origin, ignoreCase: boolean): boolean {
  const { system, gitDir } = context;
  if (gitDir === null) return false;
  let tail = expandPath(system, pattern);
  let literal = ""; // what must stand at the beginning, letter by letter
  if (tail.startsWith("./")) {
    if (origin.path === null) return false;
    literal = `${folderOf(system.disk.realPath(origin.path) ?? origin.path)}/`;
    tail = tail.slice(2);
  } else if (!tail.startsWith("/")) {
    tail = `**/${tail}`;
  }
  const matches = compileWildmatch(withFinalStars(tail), { pathname: true, ignoreCase });
  const fold = (text: string) => ignoreCase ? text.toLowerCase() : text;
  return [system.disk.realPath(gitDir) ?? gitDir, normalizePath(gitDir)].some((path) =>
    fold(path).startsWith(fold(literal)) && matches(path.slice(literal.length))
  );
}

function matchesBranch({ system, gitDir }: IncludeContext, pattern: string): boolean {
  if (gitDir === null) return false;
  const branch = currentBranch(system, gitDir);
  return branch !== null && compileWildmatch(withFinalStars(pattern), { pathname: true, ignoreCase: false })(branch);
}

/** The branch that `HEAD` names, without asking the ref store, which needs configuration itself. */
function currentBranch({ disk }: System, gitDir: string): string | null {
  const link = disk.readLink(`${gitDir}/HEAD`);
  const bytes = link === null ? readBounded(disk, `${gitDir}/HEAD`) : null;
  const target = link ?? (bytes === null ? undefined : /^ref:[ \t\n\r]*(.*?)[ \t\n\r]*$/.exec(bytesToName(bytes))?.[1]);
  return target?.startsWith("refs/heads/") ? target.slice("refs/heads/".length) : null;
}

function matchesRemoteUrl(context: IncludeContext, condition: string): boolean {
  const stem = "remote.*.url:";
  if (!condition.startsWith(stem)) return false;
  if (context.remoteUrls === null) return true;
  const matches = compileWildmatch(withFinalStars(condition.slice(stem.length)), { pathname: true, ignoreCase: false });
  return context.remoteUrls().some(matches);
}

/** Whether a key is the URL of a remote. */
export function isRemoteUrl(key: string): boolean {
  return key.startsWith("remote.") && key.endsWith(".url") && key.length > "remote..url".length;
}
