/**
 * Import: turns the documents of Graphite and Charcoal, which keep theirs below the same refs, into ours. All of them or
 * none.
 *
 * Both tools descend from one program and read each other's documents, so it makes no difference which of the two wrote
 * one. A document is imported whether its branch is there or not: what is left would stay foreign, in the way of every
 * command that reads all documents.
 *
 * @module
 */
import type { Oid } from "../git/object_format.ts";
import { type Ancestry, openAncestry } from "../git/objects/ancestry.ts";
import type { Repository } from "../git/repository.ts";
import { LatticeError } from "../platform/errors.ts";
import { decodeUtf8, shellWord } from "../platform/text.ts";
import { DocumentFlaw } from "./check.ts";
import { type BranchMetadata, DOCUMENT_BYTES_MAX, type Parent, type PullRequest } from "./document.ts";
import { createMetadata } from "./edit.ts";
import { ForeignDocumentError, quote } from "./errors.ts";
import { type ForeignPullRequest, readForeignDocument } from "./foreign_document.ts";
import { metadataRef } from "./ref_name.ts";
import { MetadataStore } from "./store.ts";
import { type JsonObject, parseJson } from "./strict_json.ts";

/** What is known of the repository beside the documents. */
export interface ImportSettings {
  /** Short name of the trunk; `null`: none is known. */
  readonly trunk: string | null;
  /** Address of the project, for pull requests whose own is not known; `null`: it is not known either. */
  readonly project: string | null;
  /** Time of the import, in milliseconds since 1970: the tools keep no times. */
  readonly nowMs: number;
}

/** A document that is to be imported. */
export interface ImportedDocument {
  readonly branch: string;
  /** The blob of the other tool. */
  readonly previous: Oid;
  /** Ours. */
  readonly document: BranchMetadata;
  /** Number of its pull request, where that has no address and so is left out. */
  readonly unlinked: number | null;
}

/** Of more documents than these the message does not say what is wrong. */
const PROBLEMS_SHOWN_MAX = 20;

/**
 * Plans the import; nothing is written.
 *
 * @returns What is to be imported, sorted by branch; empty: no document of these tools is left.
 * @throws {LatticeError} `invalid_data`: one or more documents can be neither imported nor left alone; each is named,
 *   and `details.problems` has them all; `io`.
 */
export function planImport(repository: Repository, settings: ImportSettings): ImportedDocument[] {
  const converter = new Converter(repository, settings);
  const imported: ImportedDocument[] = [];
  const problems: Problem[] = [];
  const onBroken = (branch: string, error: LatticeError) => {
    const result = converter.convert(branch, error);
    if ("document" in result) imported.push(result);
    else problems.push(result);
  };
  for (const _ours of new MetadataStore(repository).exportAll(onBroken)); // what is ours already stays as it is
  if (problems.length > 0) throw unimportable(problems);
  return imported;
}

/** Why a document cannot be imported. */
interface Problem {
  readonly branch: string;
  readonly ref: string;
  readonly reason: string;
}

class Converter {
  #ancestry: Ancestry | undefined;

  constructor(private readonly repository: Repository, private readonly settings: ImportSettings) {}

  /** @param error Why the document of this branch is none of ours. */
  convert(branch: string, error: LatticeError): ImportedDocument | Problem {
    if (error.code !== "invalid_data") throw error;
    const ref = metadataRef(branch);
    if (!(error instanceof ForeignDocumentError)) return { branch, ref, reason: error.message };
    if (!error.tools.some((tool) => tool !== "stax")) return { branch, ref, reason: "it is a document of stax" };
    try {
      return this.#import(branch, ref);
    } catch (flaw) {
      if (flaw instanceof DocumentFlaw) return { branch, ref, reason: flaw.message };
      throw flaw;
    }
  }

  #import(branch: string, ref: string): ImportedDocument {
    const { trunk, nowMs } = this.settings;
    const { oid: previous, value } = this.#read(ref);
    const foreign = readForeignDocument(value, this.repository.objectFormat);
    if (branch === trunk) throw new DocumentFlaw("", "it is of the trunk, which is based on nothing");
    const parent: Parent = { kind: foreign.parent === trunk ? "trunk" : "branch", name: foreign.parent };
    const base = foreign.base ?? this.#baseOf(branch, foreign.parent);
    const { pr, unlinked } = this.#pullRequestOf(foreign.pr);
    return { branch, previous, document: { ...createMetadata(branch, parent, base, nowMs), pr }, unlinked };
  }

  /** The document again, this time as what it is: the store gives none but ours. */
  #read(ref: string): { oid: Oid; value: JsonObject } {
    const oid = this.repository.refs.resolve(ref).oid;
    const object = oid === null ? null : this.repository.objects.readUpTo(oid, DOCUMENT_BYTES_MAX);
    const text = object !== null && "content" in object ? decodeUtf8(object.content) : null;
    if (oid === null || text === null) throw new DocumentFlaw("", "it was changed by somebody else just now");
    return { oid, value: parseJson(text) as JsonObject };
  }

  /** Where the branch left its parent; else where the parent is, as for a branch that is still to be made. */
  #baseOf(branch: string, parent: string): Oid {
    const tip = this.#tipOf(branch);
    const parentTip = this.#tipOf(parent);
    const shared = tip === null || parentTip === null ? null : this.#askAncestry().mergeBase(tip, parentTip);
    const base = shared ?? parentTip;
    if (base !== null) return base;
    throw new DocumentFlaw(
      "parentBranchRevision",
      `it does not say on which commit the branch begins, and its parent ${quote(parent)} does not exist`,
    );
  }

  #tipOf(branch: string): Oid | null {
    const { refs } = this.repository;
    const tip = refs.resolve(`refs/heads/${branch}`).oid;
    return tip ?? (branch === this.settings.trunk ? refs.resolve(`refs/remotes/origin/${branch}`).oid : null);
  }

  #askAncestry(): Ancestry {
    return this.#ancestry ??= openAncestry(this.repository);
  }

  /** Our document has a pull request with its address or none. */
  #pullRequestOf(pr: ForeignPullRequest | null): { pr: PullRequest; unlinked: number | null } {
    if (pr === null) return { pr: { state: "none" }, unlinked: null };
    const { project } = this.settings;
    const url = pr.url ?? (project === null ? null : `${project}/pull/${pr.number}`);
    if (url === null) return { pr: { state: "none" }, unlinked: pr.number };
    const { number, lastKnown } = pr;
    return { pr: { state: "linked", forge: "github", number, url, last_known: lastKnown }, unlinked: null };
  }
}

function unimportable(problems: readonly Problem[]): LatticeError {
  const shown = problems.slice(0, PROBLEMS_SHOWN_MAX).map(({ branch, reason }) => `${quote(branch)}: ${reason}`);
  if (problems.length > shown.length) shown.push(`and ${problems.length - shown.length} more`);
  const count = problems.length === 1 ? "a document" : `${problems.length} documents`;
  return new LatticeError("invalid_data", `${count} cannot be imported, so none is: ${shown.join("; ")}`, {
    hint: `nothing was changed; lattice git cat-file -p ${shellWord(problems[0]!.ref)} shows the first of them, ` +
      "lattice git update-ref -d removes it",
    details: { problems },
  });
}
