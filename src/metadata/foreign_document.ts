/**
 * What Graphite and Charcoal know of a branch: their document taken apart, as far as ours has a place for it.
 *
 * ```text
 * { "parentBranchName": "a", "parentBranchRevision": "<oid>",
 *   "prInfo": { "number": 1, "url": "…", "state": "OPEN"|"CLOSED"|"MERGED", "isDraft" or "isDraftPR": false, … } }
 * ```
 *
 * Every member may be absent, and `null` counts as absent. Members that are not named here are passed over: the tools
 * have added some over the years, and ours has no place for titles, texts and reviews.
 *
 * @module
 */
import { isOid, type ObjectFormat, type Oid } from "../git/object_format.ts";
import { isBranchName } from "../git/refs/names.ts";
import { isWellFormed } from "../platform/text.ts";
import { DocumentFlaw } from "./check.ts";
import type { PullRequestState } from "./document.ts";
import { describeJson, isJsonObject, type JsonObject, type JsonValue } from "./strict_json.ts";

/** What such a document says. */
export interface ForeignBranch {
  /** Short name of the branch that this one is based on. */
  readonly parent: string;
  /** The commit of the parent on which it begins; `null`: it does not say. */
  readonly base: Oid | null;
  /** Its pull request; `null`: it has none. */
  readonly pr: ForeignPullRequest | null;
}

/** A pull request, as such a document has it. */
export interface ForeignPullRequest {
  readonly number: number;
  /** `null`: it does not say. */
  readonly url: string | null;
  /** What it was when it was last asked for; `null`: it does not say. */
  readonly lastKnown: { readonly state: PullRequestState; readonly is_draft: boolean } | null;
}

/**
 * Takes such a document apart.
 *
 * @param value The parsed document.
 * @param format The repository's, for the length of oids.
 * @throws {DocumentFlaw} It names no parent, or a member is not what the tools write.
 */
export function readForeignDocument(value: JsonObject, format: ObjectFormat): ForeignBranch {
  const parent = member(value, "parentBranchName", isText, "the name of a branch");
  if (parent === null) {
    throw new DocumentFlaw(
      "parentBranchName",
      "it names no parent, so the branch is not tracked by the tool that made it",
    );
  }
  if (!isBranchName(parent)) throw flaw("parentBranchName", parent, "the name of a branch");
  const isCommit = (revision: JsonValue): revision is string =>
    typeof revision === "string" && isOid(format, revision) && revision !== format.zero;
  return {
    parent,
    base: member(value, "parentBranchRevision", isCommit, `an oid of ${format.hexLength} digits`),
    pr: readPullRequest(member(value, "prInfo", isJsonObject, "an object")),
  };
}

/** Names of the states there and here. */
const STATES: Readonly<Record<string, PullRequestState>> = { OPEN: "open", CLOSED: "closed", MERGED: "merged" };

function readPullRequest(info: JsonObject | null): ForeignPullRequest | null {
  if (info === null) return null;
  const number = member(info, "number", isPullRequestNumber, "a whole number from 1 on", "prInfo.");
  const url = member(info, "url", isText, "a text", "prInfo.");
  const state = member(info, "state", isState, "OPEN, CLOSED or MERGED", "prInfo.");
  const isDraft = member(info, "isDraft", isBoolean, "true or false", "prInfo.") ??
    member(info, "isDraftPR", isBoolean, "true or false", "prInfo.") ?? false;
  if (number === null) return null; // it was never submitted, or its number was forgotten
  return {
    number,
    url: url === "" ? null : url,
    lastKnown: state === null ? null : { state: STATES[state]!, is_draft: isDraft },
  };
}

function isText(value: JsonValue): value is string {
  return typeof value === "string" && isWellFormed(value);
}

function isBoolean(value: JsonValue): value is boolean {
  return typeof value === "boolean";
}

function isState(value: JsonValue): value is string {
  return typeof value === "string" && Object.hasOwn(STATES, value);
}

function isPullRequestNumber(value: JsonValue): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 1;
}

/** A member of an object; `null`: it is absent. @throws {DocumentFlaw} It is of another type. */
function member<T extends JsonValue>(
  object: JsonObject,
  key: string,
  isExpected: (value: JsonValue) => value is T,
  expected: string,
  path = "",
): T | null {
  const value = Object.hasOwn(object, key) ? object[key]! : null;
  if (value === null) return null;
  if (isExpected(value)) return value;
  throw flaw(path + key, value, expected);
}

function flaw(field: string, value: JsonValue, expected: string): DocumentFlaw {
  return new DocumentFlaw(field, `${field} is ${describeJson(value)}, expected ${expected}`);
}
