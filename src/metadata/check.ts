/**
 * The rules of the document: takes any value apart and gives a sound {@link BranchMetadata}, or says which field is
 * wrong, what stands there and what was expected.
 *
 * It is strict: every key must be there, no other may be, and nothing is converted. What it cannot see is whether the
 * base exists and whether the parents form a stack.
 *
 * @module
 */
import { isOid, type ObjectFormat, type Oid } from "../git/object_format.ts";
import { isBranchName } from "../git/refs/names.ts";
import { isWellFormed } from "../platform/text.ts";
import {
  type BranchMetadata,
  DOCUMENT_KIND,
  FORGES,
  type Freeze,
  FREEZE_SCOPES,
  type Parent,
  PARENT_KINDS,
  PR_STATES,
  type PullRequest,
  type PullRequestState,
  SCHEMA_VERSION,
} from "./document.ts";
import { quote } from "./errors.ts";
import { describeJson, isJsonObject } from "./strict_json.ts";
import { isTimestamp } from "./timestamp.ts";

/** What a document must fit beside its schema. */
export interface DocumentContext {
  /** The branch that it must be of. */
  readonly branch: string;
  /** Format of the repository, which decides how long an oid is. */
  readonly format: ObjectFormat;
}

/** What is wrong with a document. Callers turn it into an error that names the branch. */
export class DocumentFlaw extends Error {
  override readonly name = "DocumentFlaw";

  /**
   * @param field Path of the field, such as `freeze.scope`; empty for the whole document.
   * @param message What is wrong, beginning with the field.
   */
  constructor(readonly field: string, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
  }
}

/**
 * Checks a value against the schema and its context.
 *
 * @param value What was parsed, or what a caller wants to store.
 * @returns A new document with its keys in the order in which they are stored.
 * @throws {DocumentFlaw} The first flaw; kind and version are looked at first.
 */
export function checkDocument(value: unknown, context: DocumentContext): BranchMetadata {
  if (!isJsonObject(value)) throw new DocumentFlaw("", `it is ${describeJson(value)}, expected an object`);
  const document = new Fields(value, "");
  const kind = document.oneOf("kind", KINDS);
  const version = document.version();
  document.allowOnly(DOCUMENT_KEYS);
  return {
    kind,
    schema_version: version,
    branch: { name: checkBranch(document.fields("branch", "branch."), context.branch) },
    parent: checkParent(document.fields("parent", "parent.")),
    base: { oid: checkBase(document.fields("base", "base."), context.format) },
    freeze: checkFreeze(document.fields("freeze", "freeze.")),
    pr: checkPullRequest(document.fields("pr", "pr.")),
    timestamps: checkTimestamps(document.fields("timestamps", "timestamps.")),
  };
}

const KINDS = [DOCUMENT_KIND] as const;
const FREEZE_STATES = ["unfrozen", "frozen"] as const;
const PR_LINK_STATES = ["none", "linked"] as const;

const DOCUMENT_KEYS = ["kind", "schema_version", "branch", "parent", "base", "freeze", "pr", "timestamps"];
const BRANCH_KEYS = ["name"];
const PARENT_KEYS = ["kind", "name"];
const BASE_KEYS = ["oid"];
const STATE_KEYS = ["state"];
const FROZEN_KEYS = ["state", "scope", "reason", "frozen_at"];
const LINKED_KEYS = ["state", "forge", "number", "url", "last_known"];
const LAST_KNOWN_KEYS = ["state", "is_draft"];
const TIMESTAMPS_KEYS = ["created_at", "updated_at"];

function checkBranch(branch: Fields, expected: string): string {
  branch.allowOnly(BRANCH_KEYS);
  const name = branch.branchName("name");
  if (name !== expected) throw branch.flaw("name", `${quote(expected)}, the branch of the ref`);
  return name;
}

function checkParent(parent: Fields): Parent {
  parent.allowOnly(PARENT_KEYS);
  return { kind: parent.oneOf("kind", PARENT_KINDS), name: parent.branchName("name") };
}

function checkBase(base: Fields, format: ObjectFormat): Oid {
  base.allowOnly(BASE_KEYS);
  const oid = base.text("oid");
  if (!isOid(format, oid)) throw base.flaw("oid", `${format.hexLength} lower-case hexadecimal digits`);
  if (oid === format.zero) throw base.flaw("oid", "the name of a commit");
  return oid;
}

function checkFreeze(freeze: Fields): Freeze {
  if (freeze.oneOf("state", FREEZE_STATES) === "unfrozen") {
    freeze.allowOnly(STATE_KEYS);
    return { state: "unfrozen" };
  }
  freeze.allowOnly(FROZEN_KEYS);
  return {
    state: "frozen",
    scope: freeze.oneOf("scope", FREEZE_SCOPES),
    reason: freeze.isNull("reason") ? null : freeze.text("reason"),
    frozen_at: freeze.timestamp("frozen_at"),
  };
}

function checkPullRequest(pr: Fields): PullRequest {
  if (pr.oneOf("state", PR_LINK_STATES) === "none") {
    pr.allowOnly(STATE_KEYS);
    return { state: "none" };
  }
  pr.allowOnly(LINKED_KEYS);
  return {
    state: "linked",
    forge: pr.oneOf("forge", FORGES),
    number: pr.positive("number"),
    url: pr.nonEmptyText("url"),
    last_known: pr.isNull("last_known") ? null : checkLastKnown(pr.fields("last_known", "pr.last_known.")),
  };
}

function checkLastKnown(known: Fields): { state: PullRequestState; is_draft: boolean } {
  known.allowOnly(LAST_KNOWN_KEYS);
  return { state: known.oneOf("state", PR_STATES), is_draft: known.boolean("is_draft") };
}

function checkTimestamps(timestamps: Fields): BranchMetadata["timestamps"] {
  timestamps.allowOnly(TIMESTAMPS_KEYS);
  return { created_at: timestamps.timestamp("created_at"), updated_at: timestamps.timestamp("updated_at") };
}

/** The fields of one object, read by the type that they must have. */
class Fields {
  /**
   * @param object The object.
   * @param path Its place in the document, with a final dot; empty at the top.
   */
  constructor(private readonly object: Readonly<Record<string, unknown>>, private readonly path: string) {}

  flaw(key: string, expected: string): DocumentFlaw {
    const field = this.path + key;
    return new DocumentFlaw(field, `${field} is ${describeJson(this.value(key))}, expected ${expected}`);
  }

  /** The value, or `undefined` where there is none. */
  value(key: string): unknown {
    return this.object[key];
  }

  allowOnly(keys: readonly string[]): void {
    for (const key in this.object) {
      if (keys.includes(key)) continue;
      const field = this.path + key;
      throw new DocumentFlaw(field, `${quote(field)} is no key of the schema`);
    }
  }

  /** @param path The path of the object in this field, with a final dot. */
  fields(key: string, path: string): Fields {
    const value = this.value(key);
    if (!isJsonObject(value)) throw this.flaw(key, "an object");
    return new Fields(value, path);
  }

  isNull(key: string): boolean {
    return this.value(key) === null;
  }

  text(key: string): string {
    const value = this.value(key);
    if (typeof value !== "string") throw this.flaw(key, "a string");
    if (!isWellFormed(value)) throw this.flaw(key, "valid Unicode");
    return value;
  }

  nonEmptyText(key: string): string {
    const text = this.text(key);
    if (text === "") throw this.flaw(key, "a text");
    return text;
  }

  branchName(key: string): string {
    const name = this.text(key);
    if (!isBranchName(name)) throw this.flaw(key, "a valid branch name");
    return name;
  }

  timestamp(key: string): string {
    const text = this.text(key);
    if (!isTimestamp(text)) throw this.flaw(key, 'an RFC 3339 time in UTC, such as "2026-01-07T00:00:00Z"');
    return text;
  }

  boolean(key: string): boolean {
    const value = this.value(key);
    if (typeof value !== "boolean") throw this.flaw(key, "true or false");
    return value;
  }

  positive(key: string): number {
    const value = this.value(key);
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= 1) return value;
    throw this.flaw(key, `a whole number from 1 to ${Number.MAX_SAFE_INTEGER}`);
  }

  version(): typeof SCHEMA_VERSION {
    if (this.value("schema_version") === SCHEMA_VERSION) return SCHEMA_VERSION;
    throw this.flaw("schema_version", String(SCHEMA_VERSION));
  }

  oneOf<const Choice extends string>(key: string, choices: readonly Choice[]): Choice {
    const value = this.value(key);
    if (!choices.includes(value as Choice)) throw this.flaw(key, choices.map(quote).join(" or "));
    return value as Choice;
  }
}
