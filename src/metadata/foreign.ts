/**
 * Recognises documents of other tools below `refs/branch-metadata/`: Graphite, Charcoal and stax keep there a JSON
 * object with `parentBranchName`, `parentBranchRevision` and `prInfo`, every one of which may be absent.
 *
 * The three descend from one program, so a document that has none of the keys peculiar to one of them may be of any.
 *
 * @module
 */
import type { ForeignTool } from "./errors.ts";
import { isJsonObject } from "./strict_json.ts";

/** Keys that at least one of the tools writes; a document of theirs has one of these, or no key at all. */
const FOREIGN_KEYS = ["parentBranchName", "parentBranchRevision", "prInfo"];

/**
 * Says whose a document is.
 *
 * @param value The parsed document.
 * @returns The tools that it may be of, the likeliest first; `null`: of none that is known.
 */
export function recogniseForeign(value: unknown): ForeignTool[] | null {
  if (!isJsonObject(value) || Object.hasOwn(value, "kind")) return null;
  const keys = Object.keys(value);
  if (keys.length > 0 && !FOREIGN_KEYS.some((key) => keys.includes(key))) return null;
  if (keys.includes("frozen") || keys.includes("sourceRemote")) return ["stax"];
  const pr = value["prInfo"];
  const prKeys = isJsonObject(pr) ? Object.keys(pr) : [];
  if (prKeys.includes("isDraftPR")) return ["graphite"];
  if (prKeys.includes("mergedStackAncestors")) return ["charcoal"];
  if (prKeys.includes("isDraft")) {
    return prKeys.includes("reviewDecision") ? ["charcoal", "graphite"] : ["charcoal", "stax"];
  }
  return ["graphite", "charcoal", "stax"];
}
