/**
 * The JSON lines of `lattice apply`: each line changes the metadata of one branch or the value of one ref.
 *
 * ```text
 * {"branch":"b","expect":"<oid>"|null,"metadata":{…}|null}
 * {"ref":"refs/heads/b","old":"<oid>"|null,"new":"<oid>"|null}
 * ```
 *
 * `expect` and `old` may be absent: then whatever is there is replaced. `null` there means that the ref must not
 * exist, `null` as the new value removes it.
 *
 * @module
 */
import type { Expectation } from "../engine/update.ts";
import { isOid, type ObjectFormat, type Oid } from "../git/object_format.ts";
import { checkBranchName, checkNameLength, checkRefName } from "../git/refs/names.ts";
import { LatticeError } from "../platform/errors.ts";
import { bytesToName, decodeUtf8 } from "../platform/text.ts";
import { matchCanonicalLine } from "./canonical_line.ts";
import { checkDocument, DocumentFlaw } from "./check.ts";
import type { BranchMetadata } from "./document.ts";
import { ParseError, quote } from "./errors.ts";
import { METADATA_PREFIX, metadataRef } from "./ref_name.ts";
import { encodeChecked, findChecked } from "./serialize.ts";
import { describeJson, isJsonObject, JsonError, type JsonObject, type JsonValue, parseJson } from "./strict_json.ts";

/** A line about the metadata of a branch. */
export interface MetadataLine {
  readonly kind: "metadata";
  /** Counted from 1. */
  readonly line: number;
  readonly branch: string;
  /** Its metadata ref. */
  readonly ref: string;
  readonly expect: Expectation;
  /** The bytes of the document in canonical form, perhaps a part of the input; `null`: it is to be removed. */
  readonly document: Uint8Array | null;
}

/** A line about a ref. */
export interface RefLine {
  readonly kind: "ref";
  /** Counted from 1. */
  readonly line: number;
  readonly ref: string;
  readonly expect: Expectation;
  /** The new value; `null`: the ref is to be removed. */
  readonly new: Oid | null;
}

/** A line of `apply`. */
export type ApplyLine = MetadataLine | RefLine;

const HEADS = "refs/heads/";

/** Refs that `apply` leaves alone: metadata has lines of its own kind, the others are lattice's. */
const RESERVED_PREFIXES = [METADATA_PREFIX, "refs/lattice/"];

/**
 * Reads all lines.
 *
 * @param bytes The whole input, which must not change afterwards; a final newline may be there or not, white space alone is no line at all.
 * @param format The repository's, for the length of oids.
 * @throws {LatticeError} `usage`: a line is malformed, with its number in `details.line`.
 * @throws {ParseError} A document breaks its schema, with the line in `details.line`.
 */
export function parseApplyLines(bytes: Uint8Array, format: ObjectFormat): ApplyLine[] {
  const { lines, isAscii } = splitLines(bytes);
  const records: ApplyLine[] = [];
  const lineOfRef = new Map<string, number>();
  let start = 0;
  for (let number = 1; number <= lines.length; number++) {
    const text = lines[number - 1]!;
    const end = start + text.length;
    const record = (isAscii ? readCanonicalLine(text, bytes, start, number, format) : null) ??
      parseLine(text, isAscii ? bytes.subarray(start, end) : null, number, format);
    start = end + 1;
    const earlier = lineOfRef.get(record.ref);
    if (earlier !== undefined) throw usage(record.line, `${quote(record.ref)} is named in line ${earlier} already`);
    lineOfRef.set(record.ref, record.line);
    records.push(record);
  }
  return records;
}

function splitLines(bytes: Uint8Array): { lines: string[]; isAscii: boolean } {
  const text = decodeUtf8(bytes);
  if (text === null) {
    const broken = bytesToName(bytes).split("\n").findIndex((line) => /[\uDC80-\uDCFF]/u.test(line));
    throw usage(broken + 1, "it is not UTF-8");
  }
  const isAscii = text.length === bytes.length;
  if (text.trim() === "") return { lines: [], isAscii };
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return { lines, isAscii };
}

/** @param start Where the text begins in the bytes, in which each stands for one character. */
function readCanonicalLine(
  text: string,
  bytes: Uint8Array,
  start: number,
  line: number,
  format: ObjectFormat,
): MetadataLine | null {
  const match = matchCanonicalLine(text, format);
  if (match === null) return null;
  const { branch, expect, documentStart } = match;
  return {
    kind: "metadata",
    line,
    branch,
    ref: metadataRef(branch),
    expect: expectationOf(expect),
    document: bytes.subarray(start + documentStart, start + text.length - 1),
  };
}

/** @param bytes The text in bytes, where each stands for one character. */
function parseLine(text: string, bytes: Uint8Array | null, line: number, format: ObjectFormat): ApplyLine {
  const object = parseObject(text, line);
  const hasBranch = Object.hasOwn(object, "branch");
  if (hasBranch && Object.hasOwn(object, "ref")) throw usage(line, 'it has both "branch" and "ref", expected one');
  if (hasBranch) {
    return metadataLine(object, line, format, (metadata) => {
      return bytes === null ? encodeChecked(metadata) : findChecked(metadata, text, bytes, text.lastIndexOf("}"));
    });
  }
  if (Object.hasOwn(object, "ref")) return refLine(object, line, format);
  throw usage(line, 'it has neither "branch" nor "ref"');
}

function parseObject(text: string, line: number): JsonObject {
  let value: JsonValue;
  try {
    value = parseJson(text);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    if (error.kind !== "syntax" && error.keys[0] === "metadata" && error.keys.length > 1) {
      const field = error.keys.slice(1).join(".");
      throw invalidDocument(line, null, new DocumentFlaw(field, error.message, { cause: error }));
    }
    throw usage(line, error.kind === "syntax" ? `it is not JSON: ${error.message}` : error.message, error);
  }
  if (!isJsonObject(value)) throw usage(line, `it is ${describeJson(value)}, expected a JSON object`);
  return value;
}

function metadataLine(
  object: JsonObject,
  line: number,
  format: ObjectFormat,
  encode: (document: BranchMetadata) => Uint8Array,
): MetadataLine {
  allowOnly(object, ["branch", "expect", "metadata"], line);
  const branch = textOf(object, "branch", line);
  const reason = checkBranchName(branch) ?? checkNameLength(branch);
  if (reason !== null) throw usage(line, `${quote(branch)} is no valid branch name: ${reason}`);
  const metadata = object["metadata"];
  if (metadata === undefined) throw usage(line, '"metadata" is missing, expected a document or null');
  return {
    kind: "metadata",
    line,
    branch,
    ref: metadataRef(branch),
    expect: expectationIn(object, "expect", line, format),
    document: metadata === null ? null : documentOf(metadata, branch, line, format, encode),
  };
}

function refLine(object: JsonObject, line: number, format: ObjectFormat): RefLine {
  allowOnly(object, ["ref", "old", "new"], line);
  const ref = textOf(object, "ref", line);
  const reason = checkName(ref) ?? checkNameLength(ref);
  if (reason !== null) throw usage(line, `${quote(ref)} is no valid ref name: ${reason}`);
  const reserved = RESERVED_PREFIXES.find((prefix) => `${ref}/`.startsWith(prefix));
  if (reserved === `${ref}/`) throw usage(line, `${quote(ref)} is where lattice keeps refs, and cannot be one itself`);
  if (reserved !== undefined) {
    throw usage(line, `${quote(ref)} is below ${quote(reserved)}, which is not for such lines`);
  }
  if (object["new"] === undefined) throw usage(line, '"new" is missing, expected an oid or null');
  return {
    kind: "ref",
    line,
    ref,
    expect: expectationIn(object, "old", line, format),
    new: oidOf(object, "new", line, format),
  };
}

function checkName(ref: string): string | null {
  if (ref.startsWith(HEADS)) return checkBranchName(ref.slice(HEADS.length));
  return ref.startsWith("refs/") ? checkRefName(ref) : 'it does not begin with "refs/"';
}

function documentOf(
  value: JsonValue,
  branch: string,
  line: number,
  format: ObjectFormat,
  encode: (document: BranchMetadata) => Uint8Array,
): Uint8Array {
  try {
    return encode(checkDocument(value, { branch, format }));
  } catch (error) {
    if (error instanceof DocumentFlaw) throw invalidDocument(line, branch, error);
    throw error;
  }
}

function expectationIn(object: JsonObject, key: string, line: number, format: ObjectFormat): Expectation {
  return expectationOf(object[key] === undefined ? undefined : oidOf(object, key, line, format));
}

/** @param oid `undefined`: nothing is said; `null`: there must be none. */
function expectationOf(oid: Oid | null | undefined): Expectation {
  if (oid === undefined) return { kind: "any" };
  return oid === null ? { kind: "absent" } : { kind: "exactly", oid };
}

function oidOf(object: JsonObject, key: string, line: number, format: ObjectFormat): Oid | null {
  const value = object[key];
  if (value === null) return null;
  if (typeof value === "string" && isOid(format, value) && value !== format.zero) return value;
  throw usage(line, `"${key}" is ${describeJson(value)}, expected an oid of ${format.hexLength} digits or null`);
}

function textOf(object: JsonObject, key: string, line: number): string {
  const value = object[key];
  if (typeof value !== "string") throw usage(line, `"${key}" is ${describeJson(value)}, expected a string`);
  return value;
}

function allowOnly(object: JsonObject, keys: readonly string[], line: number): void {
  for (const key of Object.keys(object)) {
    if (!keys.includes(key)) throw usage(line, `unknown key ${quote(key)}, expected ${keys.map(quote).join(", ")}`);
  }
}

function usage(line: number, message: string, cause?: unknown): LatticeError {
  return new LatticeError("usage", `line ${line}: ${message}`, {
    hint: "correct the line; nothing of the input was applied",
    details: { line },
    cause,
  });
}

function invalidDocument(line: number, branch: string | null, flaw: DocumentFlaw): ParseError {
  const whose = branch === null ? "metadata" : `metadata of branch ${quote(branch)}`;
  return new ParseError("invalid_data", `line ${line}: ${whose} is invalid: ${flaw.message}`, {
    hint: "correct the document; nothing of the input was applied",
    details: {
      line,
      field: flaw.field === "" ? null : flaw.field,
      ...(branch === null ? {} : { ref: metadataRef(branch) }),
    },
    cause: flaw,
  });
}
