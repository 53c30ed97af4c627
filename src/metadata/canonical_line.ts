/**
 * The quick way for lines of `apply` that a program wrote: the whole line is compared with one pattern, which only
 * fits a sound document in canonical form. Taking such a line apart, checking it field by field and writing it anew
 * gives the same answer, and costs ten times as much.
 *
 * What does not fit is not wrong: an unusual name, escaped characters, 29 February. It is looked at the long way, and
 * the tests compare the two.
 *
 * @module
 */
import type { ObjectFormat, Oid } from "../git/object_format.ts";
import { DOCUMENT_KIND, FORGES, FREEZE_SCOPES, PARENT_KINDS, PR_STATES, SCHEMA_VERSION } from "./document.ts";

/** What a line says that fits the pattern. */
export interface CanonicalLine {
  readonly branch: string;
  /** `undefined`: the line does not say; `null`: there must be none. */
  readonly expect: Oid | null | undefined;
  /** Where the document begins in the line; it ends before the line's last character. */
  readonly documentStart: number;
}

/** Longest line that is compared: what fits is then surely small enough for every limit. */
const LINE_MAX = 4096;

/** Names that are good at first sight, so short that no part is too long for a file. */
const NAME = '(?=[^"]{1,60}")[a-z0-9]+(?:[-/_][a-z0-9]+)*';

/** Printable ASCII that JSON does not escape. */
const PLAIN = "[ !#-\\[\\]-~]";

const DAY =
  "(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))";
const TIME = `"[0-9]{4}-${DAY}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,9})?Z"`;

const linePatterns = new Map<number, RegExp>();
const documentPatterns = new Map<number, RegExp>();

/**
 * Compares a line with the pattern.
 *
 * @returns `null`: it does not fit, and is to be read in the ordinary way.
 */
export function matchCanonicalLine(line: string, format: ObjectFormat): CanonicalLine | null {
  if (line.length > LINE_MAX) return null;
  let pattern = linePatterns.get(format.hexLength);
  if (pattern === undefined) linePatterns.set(format.hexLength, pattern = linePattern(format.hexLength));
  const match = pattern.exec(line);
  if (match === null) return null;
  const [, before, branch, expect, oid] = match;
  return {
    branch: branch!,
    expect: expect === undefined ? undefined : oid ?? null,
    documentStart: before!.length,
  };
}

/** Whether a text is a sound document of a branch in canonical form; `false` says nothing. */
export function matchCanonicalDocument(branch: string, text: string, format: ObjectFormat): boolean {
  if (text.length > LINE_MAX) return false;
  const { hexLength } = format;
  let pattern = documentPatterns.get(hexLength);
  if (pattern === undefined) {
    documentPatterns.set(hexLength, pattern = new RegExp(`^${documentPattern(hexLength, `(${NAME})`)}$`));
  }
  return pattern.exec(text)?.[1] === branch;
}

function linePattern(hexLength: number): RegExp {
  const before = `\\{"branch":"(${NAME})",(?:"expect":(null|"(${oidPattern(hexLength)})"),)?"metadata":`;
  return new RegExp(`^(${before})${documentPattern(hexLength, "\\2")}\\}$`);
}

/** @param branch What stands for the name of the branch. */
function documentPattern(hexLength: number, branch: string): string {
  const frozen = `"frozen","scope":${oneOf(FREEZE_SCOPES)},"reason":(?:null|"${PLAIN}*"),"frozen_at":${TIME}`;
  const lastKnown = `\\{"state":${oneOf(PR_STATES)},"is_draft":(?:true|false)\\}`;
  const linked = `"linked","forge":${oneOf(FORGES)},"number":[1-9][0-9]{0,14},"url":"${PLAIN}+","last_known":` +
    `(?:null|${lastKnown})`;
  return `\\{"kind":"${DOCUMENT_KIND.replace(".", "\\.")}","schema_version":${SCHEMA_VERSION},` +
    `"branch":\\{"name":"${branch}"\\},"parent":\\{"kind":${oneOf(PARENT_KINDS)},"name":"${NAME}"\\},` +
    `"base":\\{"oid":"${oidPattern(hexLength)}"\\},"freeze":\\{"state":(?:"unfrozen"|${frozen})\\},` +
    `"pr":\\{"state":(?:"none"|${linked})\\},"timestamps":\\{"created_at":${TIME},"updated_at":${TIME}\\}\\}`;
}

function oidPattern(hexLength: number): string {
  return `(?!0+")[0-9a-f]{${hexLength}}`;
}

function oneOf(words: readonly string[]): string {
  return `"(?:${words.join("|")})"`;
}
