/**
 * Files that Graphite and Charcoal keep in the git directory: their configuration of the repository, and what is left to
 * do of an operation that is under way.
 *
 * @module
 */
import { checkBranchName } from "../git/refs/names.ts";
import type { Repository } from "../git/repository.ts";
import { LatticeError } from "../platform/errors.ts";
import { decodeUtf8 } from "../platform/text.ts";
import { quote } from "./errors.ts";
import { describeJson, isJsonObject, JsonError, type JsonObject, type JsonValue, parseJson } from "./strict_json.ts";

/** What the tools' configuration of a repository says; `null` where it says nothing. */
export interface GraphiteConfig {
  /** Short name of the trunk. */
  readonly trunk: string | null;
  /** Address of the project, to which `/pull/<number>` can be added. */
  readonly project: string | null;
}

/** A larger configuration is not read, in bytes (1 MiB). */
const CONFIG_BYTES_MAX = 1024 * 1024;

/** How owners and projects are called on GitHub. */
const PROJECT_NAME = /^[A-Za-z0-9_.-]+$/;

/**
 * Makes sure that none of the tools is in the middle of something: its documents say then what is to be, not what is.
 *
 * @throws {LatticeError} `op_in_progress`.
 */
export function refuseUnfinished({ system, commonDir, gitDir }: Repository): void {
  for (const folder of new Set([commonDir, gitDir])) {
    const path = `${folder}/.gtcontinue`;
    if (system.disk.lstat(path) === null) continue;
    throw new LatticeError(
      "op_in_progress",
      `Graphite or Charcoal is in the middle of an operation: ${quote(path)} is there`,
      {
        hint: "end it with that tool (gt continue, or gt abort); where it knows of none, remove the file",
        details: { path },
      },
    );
  }
}

/**
 * Reads `.graphite_repo_config`.
 *
 * @throws {LatticeError} `invalid_data`: it is no JSON object, too large, or its trunk is no name of a branch;
 *   `unsupported`: it is no file; `io`.
 */
export function readGraphiteConfig(repository: Repository): GraphiteConfig {
  const path = `${repository.commonDir}/.graphite_repo_config`;
  const config = readJsonFile(repository, path);
  const text = (key: string) => {
    const value = Object.hasOwn(config, key) ? config[key]! : null;
    if (value === null || typeof value === "string") return value;
    throw invalid(path, `${key} is ${describeJson(value)}, expected a text`);
  };
  const trunk = text("trunk");
  const reason = trunk === null ? null : checkBranchName(trunk);
  if (reason !== null) throw invalid(path, `trunk is no name of a branch: ${reason}`);
  const [owner, name] = [text("owner"), text("name")];
  const isKnown = owner !== null && name !== null && PROJECT_NAME.test(owner) && PROJECT_NAME.test(name);
  return { trunk, project: isKnown ? `https://github.com/${owner}/${name}` : null };
}

function readJsonFile({ system }: Repository, path: string): JsonObject {
  const stat = system.disk.lstat(path);
  if (stat === null) return {};
  if (stat.kind !== "file") {
    throw new LatticeError("unsupported", `${quote(path)} is not a file`, {
      hint: "move it away; without it the trunk is found as lattice trunk finds it",
      details: { path },
    });
  }
  const bytes = system.disk.readFile(path, CONFIG_BYTES_MAX + 1) ?? new Uint8Array();
  if (bytes.length > CONFIG_BYTES_MAX) throw invalid(path, `it has more than ${CONFIG_BYTES_MAX} bytes`);
  const text = decodeUtf8(bytes);
  if (text === null) throw invalid(path, "it is not UTF-8");
  const value = parse(path, text);
  if (!isJsonObject(value)) throw invalid(path, `it is ${describeJson(value)}, expected an object`);
  return value;
}

function parse(path: string, text: string): JsonValue {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof JsonError) throw invalid(path, `it is not JSON: ${error.message}`, error);
    throw error;
  }
}

function invalid(path: string, reason: string, cause?: unknown): LatticeError {
  return new LatticeError("invalid_data", `${quote(path)} cannot be read: ${reason}`, {
    hint: "correct it, or move it away; without it the trunk is found as lattice trunk finds it",
    details: { path },
    cause,
  });
}
