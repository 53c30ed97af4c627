/**
 * Notices when git would convert a file's content before naming it (line ends, `$Id$`, filters, encodings), which
 * lattice does not do: a refusal is better than the name of other bytes.
 *
 * @module
 */
import { readBounded } from "../../git/bounded_file.ts";
import type { Repository } from "../../git/repository.ts";
import { compileWildmatch } from "../../git/wildmatch.ts";
import type { System } from "../../platform/system.ts";
import { bytesToName, concatBytes, nameToBytes } from "../../platform/text.ts";
import { GitExit } from "./context.ts";

/** Insists that content stays as it is. */
export interface UnchangedContent {
  /** Looks at the next bytes. @throws {GitExit} 128: git would change them. */
  take(bytes: Uint8Array): void;
}

/** What git would do to files. */
export interface ContentConversion {
  /**
   * Begins to watch the content of one file.
   *
   * @param path Absolute path whose attributes count.
   * @returns `null`: git would not change it, whatever it holds.
   * @throws {GitExit} 128: git would change it, whatever it holds.
   */
  require(path: string): UnchangedContent | null;
}

/** A sequence of bytes that a conversion would touch, and what asks for the conversion. */
interface Trigger {
  readonly bytes: Uint8Array;
  readonly source: string;
}

/** A line of an attributes file that asks for a conversion. */
interface AttributeRule {
  /** Whether it may hold for a file, by its absolute path. */
  readonly mayMatch: (path: string) => boolean;
  readonly attributes: readonly string[];
  readonly path: string;
}

const CRLF = Uint8Array.of(13, 10);
const IDENT = nameToBytes("$Id");

/** Reads the configuration and attributes that ask for conversions, each file once. */
export function createContentConversion(system: System, repository: Repository | null): ContentConversion {
  const root = repository === null ? system.host.workingDirectory : repository.workDir;
  const byFolder = new Map<string, readonly AttributeRule[]>();
  let shared: readonly AttributeRule[] | null = null;
  const configured = configuredTriggers(repository);

  /** Rules that hold in a folder: those of its own file, and of the folders above up to the root. */
  const rulesIn = (folder: string): readonly AttributeRule[] => {
    const known = byFolder.get(folder);
    if (known !== undefined) return known;
    shared ??= sharedFiles(system, repository).flatMap((path) => readRules(system, path, root ?? ""));
    const inside = root !== null && (folder === root || folder.startsWith(`${root}/`));
    const above = inside && folder !== root ? rulesIn(parentOf(folder)) : shared;
    const rules = inside ? [...above, ...readRules(system, `${folder}/.gitattributes`, folder)] : above;
    byFolder.set(folder, rules);
    return rules;
  };

  return {
    require(path) {
      const rules = rulesIn(parentOf(path));
      if (rules.length === 0 && configured.length === 0) return null;
      const triggers = [...configured];
      for (const rule of rules) {
        if (rule.mayMatch(path)) triggers.push(...triggersOf(rule, path, repository));
      }
      return triggers.length === 0 ? null : watch(triggers, path);
    },
  };
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf("/"), 0));
}

function configuredTriggers(repository: Repository | null): Trigger[] {
  const value = repository?.config.get("core.autocrlf");
  if (value === undefined) return [];
  const converts = value.toLowerCase() === "input" || repository?.config.getBoolean("core.autocrlf") === true;
  return converts ? [{ bytes: CRLF, source: `core.autocrlf=${value}` }] : [];
}

/** The attributes files that hold everywhere (gitattributes, "FILES"). */
function sharedFiles(system: System, repository: Repository | null): string[] {
  const { env } = system;
  const files: string[] = [];
  const noSystem = env["GIT_ATTR_NOSYSTEM"];
  if (noSystem === undefined || /^(?:|0|no|off|false)$/i.test(noSystem)) files.push("/etc/gitattributes");
  const home = env["HOME"];
  const configured = repository?.config.get("core.attributesfile");
  const xdg = env["XDG_CONFIG_HOME"] || (home === undefined ? undefined : `${home}/.config`);
  if (configured !== undefined) files.push(home === undefined ? configured : configured.replace(/^~(?=\/)/, home));
  else if (xdg !== undefined) files.push(`${xdg}/git/attributes`);
  if (repository !== null) files.push(`${repository.commonDir}/info/attributes`);
  return files.filter((path) => path.startsWith("/"));
}

/** @param folder What patterns with a slash are relative to. */
function readRules(system: System, path: string, folder: string): AttributeRule[] {
  const bytes = readBounded(system.disk, path);
  if (bytes === null) return [];
  const rules: AttributeRule[] = [];
  for (const line of bytesToName(bytes).split("\n")) {
    const [pattern, ...attributes] = line.trim().split(/[ \t\r]+/);
    if (pattern === undefined || pattern === "" || pattern.startsWith("#")) continue;
    const relevant = attributes.filter((attribute) =>
      /^(?:text|crlf|eol|ident|filter|working-tree-encoding)(?:=|$)/.test(attribute)
    );
    if (relevant.length > 0) rules.push({ mayMatch: compilePattern(pattern, folder), attributes: relevant, path });
  }
  return rules;
}

/**
 * Compiles a pattern (gitattributes): on the bare name without a slash, else on the path from the file's folder.
 *
 * A macro gives its attributes wherever it is used, so it counts everywhere; so does a quoted pattern.
 */
function compilePattern(pattern: string, folder: string): (path: string) => boolean {
  if (pattern.startsWith("[attr]") || pattern.startsWith('"')) return () => true;
  const anchored = pattern.includes("/");
  const matches = compileWildmatch(pattern.replace(/^\//, ""), { pathname: anchored, ignoreCase: true });
  if (!anchored) return (path) => matches(path.slice(path.lastIndexOf("/") + 1));
  return (path) => path.startsWith(`${folder}/`) && matches(path.slice(folder.length + 1));
}

function triggersOf(rule: AttributeRule, path: string, repository: Repository | null): Trigger[] {
  const triggers: Trigger[] = [];
  for (const attribute of rule.attributes) {
    const source = `attribute ${attribute} in ${JSON.stringify(rule.path)}`;
    const [name, value] = attribute.split("=");
    if (name === "filter") {
      if (value !== undefined && hasCleanFilter(repository, value)) throw refusal(path, source);
    } else if (name === "working-tree-encoding") {
      if (value !== undefined && !/^utf-?8$/i.test(value)) throw refusal(path, source);
    } else {
      triggers.push({ bytes: name === "ident" ? IDENT : CRLF, source });
    }
  }
  return triggers;
}

/** Outside of a repository the configuration is not read, so that every filter may be there. */
function hasCleanFilter(repository: Repository | null, driver: string): boolean {
  if (repository === null) return true;
  const { config } = repository;
  return config.get(`filter.${driver}.clean`) !== undefined || config.get(`filter.${driver}.process`) !== undefined;
}

function watch(triggers: readonly Trigger[], path: string): UnchangedContent {
  let tail: Uint8Array = new Uint8Array(0);
  return {
    take(bytes) {
      const border = concatBytes([tail, bytes.subarray(0, IDENT.length)]);
      for (const { bytes: sequence, source } of triggers) {
        if (contains(border, sequence) || contains(bytes, sequence)) throw refusal(path, source);
      }
      tail = bytes.slice(Math.max(0, bytes.length - IDENT.length + 1));
    },
  };
}

function contains(bytes: Uint8Array, sequence: Uint8Array): boolean {
  for (let at = bytes.indexOf(sequence[0]!); at >= 0; at = bytes.indexOf(sequence[0]!, at + 1)) {
    if (sequence.every((byte, index) => bytes[at + index] === byte)) return true;
  }
  return false;
}

function refusal(path: string, source: string): GitExit {
  return new GitExit(
    128,
    `fatal: the conversion of '${path}' (${source}) is not supported; use --no-filters to name the bytes as they are`,
  );
}
