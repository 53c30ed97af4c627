/**
 * The shapes of what lattice reads back of its own: the records of a journal, and the marker.
 *
 * A sum tells damage, not intent: whoever may write into the repository can write a journal whose sums are right. What
 * passes here can be worked with: names stay in their folders, values are values, nothing is missing.
 *
 * Members that are not known are allowed, so that a later version can add some.
 *
 * @module
 */
import { checkRefName, isSafeName } from "../git/refs/names.ts";
import { isOperationId } from "./operation_id.ts";

/**
 * What is wrong with a record: `unknown` is a type of a later version, `malformed` one that lacks a member, or has one
 * that is not what it should be. `null`: nothing.
 */
export function recordFault(record: { readonly type: string }): "unknown" | "malformed" | null {
  if (!Object.hasOwn(RECORDS, record.type)) return "unknown";
  return has(record, RECORDS[record.type]!) ? null : "malformed";
}

/** Whether a value is a marker. */
export function isMarker(value: unknown): boolean {
  return has(value, MARKER);
}

type Check = (value: unknown) => boolean;
type Shape = Readonly<Record<string, Check>>;

function has(value: unknown, shape: Shape): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const members = value as Readonly<Record<string, unknown>>;
  for (const name in shape) if (!shape[name]!(members[name])) return false;
  return true;
}

const isText: Check = (value) => typeof value === "string";
const isId: Check = (value) => typeof value === "string" && isOperationId(value);
const isInteger: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isTrue: Check = (value) => value === true;

const oneOf = (...allowed: readonly string[]): Check => (value) => allowed.includes(value as string);
const orNull = (check: Check): Check => (value) => value === null || check(value);
const orAbsent = (check: Check): Check => (value) => value === undefined || check(value);
const orAbsentOrNull = (check: Check): Check => (value) => value === undefined || value === null || check(value);
const listOf = (check: Check): Check => (value) => Array.isArray(value) && value.every((member) => check(member));
const objectOf = (shape: Shape): Check => (value) => has(value, shape);

const REF_RULES = { allowOneLevel: true };
const OID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** A name that keeps git's rules and, taken as a path, its folder. */
const isRef: Check = (value) =>
  typeof value === "string" && checkRefName(value, REF_RULES) === null && isSafeName(value);
const isOid: Check = (value) => typeof value === "string" && OID.test(value);
const isValue: Check = (value) =>
  value === null || isOid(value) || (typeof value === "string" && value.startsWith("ref: ") && isRef(value.slice(5)));

/** The name of one folder. */
const isFolderName: Check = (value) => typeof value === "string" && !value.includes("/") && isSafeName(value);

/** A line of a reflog holds it, so it may not end one. */
const isIdentity: Check = (value) => typeof value === "string" && !/[\0\n]/.test(value);
const isDigest: Check = (value) => typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
const isDecimal: Check = (value) => typeof value === "string" && /^\d{1,20}$/.test(value);

const isStoredBytes: Check = (value) => {
  if (typeof value !== "object" || value === null) return false;
  return "text" in value ? isText(value.text) : "base64" in value && isBase64(value.base64);
};

const isBase64: Check = (value) => {
  if (typeof value !== "string" || value.length % 4 !== 0 || /[^A-Za-z0-9+/=]/.test(value)) return false;
  const padding = value.indexOf("=");
  return padding < 0 || padding === value.length - 1 || (padding === value.length - 2 && value.endsWith("=="));
};

const UPDATE: Shape = {
  ref: isRef,
  old: isValue,
  new: isValue,
  verify: orAbsent(isTrue),
  document: orAbsent(isTrue),
  old_content: orAbsent(isStoredBytes),
  new_content: orAbsent(isStoredBytes),
};
const LOG: Shape = { ref: isRef, old: isOid, new: isOid, message: isText, create: orAbsent(isTrue) };
const DIVERGED: Shape = { ref: isRef, old: isValue, new: isValue, actual: isValue };
const isKept = orAbsent(listOf(isRef));

/** The records by their type; `docs/formats.md` says what each is for. */
const RECORDS: Readonly<Record<string, Shape>> = {
  begin: {
    format: isInteger,
    op_id: isId,
    command: isText,
    arguments: listOf(isText),
    purpose: oneOf("operation", "plumbing"),
    started_at: isText,
    pid: isInteger,
    host: isText,
    boot_id: orNull(isText),
    origin_git_dir: isText,
    origin_work_dir: orNull(isText),
    worktree_id: orNull(isFolderName),
    undoes: orNull(isId),
    resumes: orAbsentOrNull(isId),
    previous: orNull(objectOf({ id: isId, outcome: isText })),
    span: orAbsent(objectOf({ kind: oneOf("run", "begun"), plan_digest: isDigest, token_digest: isDigest })),
  },
  updates: {
    transaction: isInteger,
    path: oneOf("loose", "batch", "observed"),
    updates: listOf(objectOf(UPDATE)),
    locked: listOf(isRef),
    logs: listOf(objectOf(LOG)),
    identity: isIdentity,
    packed_inode: orAbsent(isDecimal),
  },
  checkpoint: { name: isText, at: isText },
  git_process: { arguments: listOf(isText), description: isText, at: isText },
  prepared: { transaction: isInteger },
  reverting: { transaction: isInteger },
  applied: { transaction: isInteger, at: orAbsent(isText), kept: isKept },
  reverted: { transaction: isInteger, kept: isKept },
  paused: { reason: isText, detail: listOf(objectOf(DIVERGED)), at: isText },
  committed: { at: isText, kept: isKept },
  rolled_back: { at: isText, kept: isKept },
};

const MARKER: Shape = {
  op_id: isId,
  command: isText,
  phase: oneOf("in_progress", "paused"),
  updated_at: isText,
  origin_git_dir: isText,
  origin_work_dir: orNull(isText),
  plan_digest: orNull(isText),
  touched_refs: listOf(objectOf({ ref: isRef, old: isValue })),
  awaiting_reason: orNull(isText),
  resumes: orAbsentOrNull(isId),
};
