/**
 * Refs whose objects are missing, damaged, or of a type that such a ref cannot name.
 *
 * Objects are asked for, not walked: what a commit leads to is `git fsck`'s to look at. Time grows with the number of
 * refs, memory does not grow with the objects.
 *
 * @module
 */
import type { ObjectType, Oid } from "../../git/object_format.ts";
import { LatticeError } from "../../platform/errors.ts";
import { shellWord } from "../../platform/text.ts";
import { type Check, type Examination, shownPath } from "../examination.ts";
import { type Finding, findingId, type Fix, plural, quote } from "../finding.ts";
import { isFit } from "../lost_values.ts";
import { deleteRef, moveTo } from "../ref_repair.ts";

/** Refs that a finding about a damaged file names; it counts the others. */
const REFS_NAMED_MAX = 5;

type Answer =
  | { kind: "here"; type: ObjectType }
  | { kind: "missing" }
  | { kind: "promised" }
  | { kind: "damaged"; path: string; message: string };

/** Asks for the object of every ref. */
export const REF_OBJECTS: Check = {
  name: "ref-objects",
  kinds: {
    "ref.missing-object": "a ref names an object that is not there",
    "ref.wrong-type": "a branch names what is no commit",
    "objects.damaged": "a file of the object store that refs lead into is damaged",
  },
  *examine(examination) {
    const damaged = new Map<string, { message: string; refs: string[] }>();
    for (const { name, oid } of directRefs(examination)) {
      const answer = ask(examination, oid);
      if (answer.kind === "missing") yield missing(examination, name, oid);
      else if (answer.kind === "here" && !isFit(name, answer.type) && !name.startsWith("refs/branch-metadata/")) {
        yield wrongType(examination, name, oid, answer.type);
      } else if (answer.kind === "damaged") {
        const entry = damaged.get(answer.path) ?? { message: answer.message, refs: [] };
        entry.refs.push(name);
        damaged.set(answer.path, entry);
      }
    }
    for (const [path, { message, refs }] of damaged) yield damagedFile(examination, path, message, refs);
  },
};

/** Loose refs, and packed ones that no loose file hides. */
function* directRefs(examination: Examination): Generator<{ name: string; oid: Oid }> {
  const { refs, broken } = examination.loose();
  for (const [name, value] of refs) if (value.kind === "direct") yield { name, oid: value.oid };
  const hidden = new Set(broken.map(({ name }) => name));
  for (const [name, records] of examination.packed().byName) {
    if (!refs.has(name) && !hidden.has(name)) yield { name, oid: records[0]!.oid };
  }
}

function ask({ repository }: Examination, oid: Oid): Answer {
  try {
    const info = repository.objects.info(oid);
    return info === null ? { kind: "missing" } : { kind: "here", type: info.type };
  } catch (error) {
    if (!(error instanceof LatticeError) || !["invalid_data", "unsupported"].includes(error.code)) throw error;
    if (error.details["promised"] === true) return { kind: "promised" };
    const path = error.details["path"];
    return { kind: "damaged", path: typeof path === "string" ? path : oid, message: error.message };
  }
}

function missing(examination: Examination, name: string, oid: Oid): Finding {
  const lost = examination.lostValues().find(name, oid);
  const remote = name.startsWith("refs/remotes/");
  const advice = lost === null && !remote ? "; fetch it from another clone, or delete the ref" : "";
  return {
    id: findingId("ref.missing-object", name),
    severity: "error",
    subject: name,
    evidence: `${quote(name)} names ${oid}, which is not there${advice}`,
    fix: lost !== null
      ? moveTo(examination, name, oid, lost)
      : remote
      ? deleteRef(name, oid, "the next fetch makes it again")
      : null,
  };
}

function wrongType(examination: Examination, name: string, oid: Oid, type: ObjectType): Finding {
  const lost = examination.lostValues().find(name, oid);
  const fix: Fix | null = lost === null ? null : moveTo(examination, name, oid, lost);
  return {
    id: findingId("ref.wrong-type", name),
    severity: "error",
    subject: name,
    evidence: `${quote(name)} names the ${type} ${oid}, expected a commit${
      fix === null ? `; \`lattice git update-ref -d ${shellWord(name)}\` deletes it` : ""
    }`,
    fix,
  };
}

function damagedFile(examination: Examination, path: string, message: string, refs: readonly string[]): Finding {
  const named = refs.slice(0, REFS_NAMED_MAX).map(quote).join(", ");
  const more = refs.length > REFS_NAMED_MAX ? ` and ${refs.length - REFS_NAMED_MAX} more` : "";
  const subject = shownPath(examination, path);
  return {
    id: findingId("objects.damaged", subject),
    severity: "error",
    subject,
    evidence: `${message}; ${plural(refs.length, "ref leads", "refs lead")} there: ${named}${more}; ` +
      "`git fsck --full` tells what is affected, another clone may have the objects",
    fix: null,
  };
}
