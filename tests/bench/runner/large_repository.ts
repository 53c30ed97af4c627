/**
 * A repository with many documents, all packed: refs in `packed-refs`, blobs in several packs with deltas in them, as
 * git's own `fast-import` writes them.
 *
 * @module
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gitText } from "../../git_oracle.ts";
import { branchName, documentOf, makeRepository, METADATA_PREFIX, writePackedRefs } from "./repository.ts";

/** How large. */
export interface Size {
  readonly packs: number;
  /** So many documents, and refs, for each pack. */
  readonly documentsAPack: number;
}

/** A repository, and what is in it. */
export interface LargeRepository {
  readonly path: string;
  /** Names of the blobs; the document of branch number i is `oids[i]`. */
  readonly oids: readonly string[];
}

/** Makes such a repository in a folder. */
export function makeLargeRepository(folder: string, { packs, documentsAPack }: Size): LargeRepository {
  const path = makeRepository(join(folder, "repository"));
  const oids: string[] = [];
  for (let pack = 0; pack < packs; pack++) {
    const first = pack * documentsAPack;
    oids.push(...importPack(path, Array.from({ length: documentsAPack }, (_, index) => first + index), folder));
  }
  writePackedRefs(path, new Map(oids.map((oid, number) => [METADATA_PREFIX + branchName(number), oid])));
  assert.match(gitText(["count-objects", "-v"], path), new RegExp(`^count: 0\n[^]*^packs: ${packs}$`, "m"));
  return { path, oids };
}

/** Writes the documents of branches into a pack of their own. @returns Their names. */
function importPack(repository: string, numbers: readonly number[], folder: string): string[] {
  const blobs = numbers.map((number, index) => {
    const document = documentOf(branchName(number));
    return `blob\nmark :${index + 1}\ndata ${document.length}\n${document}\n`;
  });
  const marks = join(folder, "marks");
  // However few they are, they stay in a pack.
  const config = ["-c", "fastimport.unpackLimit=1"];
  gitText([...config, "fast-import", "--quiet", `--export-marks=${marks}`], repository, blobs.join(""));
  return readFileSync(marks, "utf8").trim().split("\n").map((line) => line.split(" ")[1]!);
}
