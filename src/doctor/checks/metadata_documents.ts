/**
 * Metadata documents that cannot be read: not sound, of another branch, or of another tool.
 *
 * What is wrong with the ref or the object itself is found by the checks of those.
 *
 * @module
 */
import { checkDocument, DocumentFlaw } from "../../metadata/check.ts";
import type { BranchMetadata } from "../../metadata/document.ts";
import { ForeignDocumentError, ParseError } from "../../metadata/errors.ts";
import { planDocument } from "../../metadata/plan.ts";
import { metadataRef } from "../../metadata/ref_name.ts";
import { MetadataStore } from "../../metadata/store.ts";
import { isJsonObject, JsonError, parseJson } from "../../metadata/strict_json.ts";
import type { Oid } from "../../git/object_format.ts";
import type { LatticeError } from "../../platform/errors.ts";
import { decodeUtf8 } from "../../platform/text.ts";
import type { Check, Examination } from "../examination.ts";
import { type Finding, findingId, type Fix, quote } from "../finding.ts";

/** Reads every document. */
export const METADATA_DOCUMENTS: Check = {
  name: "metadata-documents",
  listsRefs: true,
  kinds: {
    "metadata.invalid": "a metadata document does not parse",
    "metadata.wrong-branch": "a metadata document is sound, and of another branch",
    "metadata.foreign": "a metadata document of another tool; `lattice meta import` turns it into ours",
  },
  *examine(examination) {
    const broken: { branch: string; error: LatticeError }[] = [];
    const store = new MetadataStore(examination.repository);
    for (const _sound of store.exportAll((branch, error) => broken.push({ branch, error }))) continue;
    for (const { branch, error } of broken) if (error instanceof ParseError) yield judge(examination, branch, error);
  },
};

function judge(examination: Examination, branch: string, error: ParseError): Finding {
  const advice = error.hint === undefined ? "" : `; ${error.hint}`;
  if (error instanceof ForeignDocumentError) {
    return {
      id: findingId("metadata.foreign", branch),
      severity: "warning",
      subject: branch,
      evidence: `${error.message}${advice}`,
      fix: null,
    };
  }
  const oid = error.details["actual"];
  const renamed = typeof oid === "string" && error.details["field"] === "branch.name"
    ? documentOf(examination, branch, oid)
    : null;
  if (renamed !== null && typeof oid === "string") {
    return {
      id: findingId("metadata.wrong-branch", branch),
      severity: "error",
      subject: branch,
      evidence: error.message,
      fix: rename(examination, branch, oid, renamed),
    };
  }
  return {
    id: findingId("metadata.invalid", branch),
    severity: "error",
    subject: branch,
    evidence: `${error.message}${advice}`,
    fix: null,
  };
}

/** The document with the name of the branch put right; `null`: something else is wrong as well. */
function documentOf({ repository }: Examination, branch: string, oid: Oid): BranchMetadata | null {
  const object = repository.objects.read(oid);
  const text = object === null ? null : decodeUtf8(object.content);
  if (text === null) return null;
  try {
    const value = parseJson(text);
    if (!isJsonObject(value)) return null;
    return checkDocument({ ...value, branch: { name: branch } }, { branch, format: repository.objectFormat });
  } catch (error) {
    if (error instanceof DocumentFlaw || error instanceof JsonError) return null;
    throw error;
  }
}

function rename({ repository }: Examination, branch: string, oid: Oid, document: BranchMetadata): Fix {
  return {
    preview: `store the document with branch.name ${quote(branch)} in ${quote(metadataRef(branch))}`,
    repair: {
      kind: "refs",
      run: (writer) => {
        const plan = planDocument(document, { kind: "exactly", oid }, { branch, format: repository.objectFormat });
        writer.transact({
          updates: [plan.update],
          objects: [plan.object],
          message: `lattice: doctor names ${branch} in its metadata`,
          purpose: "operation",
        });
      },
    },
  };
}
