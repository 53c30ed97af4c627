/**
 * Compare-and-swap writes of one document, for programs that use lattice as a library: `MetadataStore` loads this when
 * it is first asked to write.
 *
 * @module
 */
import { expectationFrom, type Expected, type Overwrite } from "../engine/expected.ts";
import { openProgramWriter, type WriteOptions } from "../engine/program_writer.ts";
import type { Writer } from "../engine/writer.ts";
import type { Oid } from "../git/object_format.ts";
import type { Repository } from "../git/repository.ts";
import type { BranchMetadata } from "./document.ts";
import { planDocument } from "./plan.ts";
import { metadataRef } from "./ref_name.ts";
import { type MetadataWrite, removeDocument, storeDocument } from "./write.ts";
import { writeError } from "./write_error.ts";

/** Stores a document; see `MetadataStore.writeCas`. */
export async function writeCas(
  repository: Repository,
  branch: string,
  expected: Expected,
  metadata: BranchMetadata,
  options: WriteOptions,
): Promise<MetadataWrite> {
  const expect = expectationFrom(expected, metadataRef(branch), repository.objectFormat);
  const plan = planDocument(metadata, expect, { branch, format: repository.objectFormat });
  return await writing(repository, branch, options, (writer) => storeDocument(writer, plan));
}

/** Removes a document; see `MetadataStore.deleteCas`. */
export async function deleteCas(
  repository: Repository,
  branch: string,
  expected: Oid | Overwrite,
  options: WriteOptions,
): Promise<MetadataWrite> {
  const expect = expectationFrom(expected, metadataRef(branch), repository.objectFormat);
  return await writing(repository, branch, options, (writer) => removeDocument(writer, branch, expect));
}

async function writing(
  repository: Repository,
  branch: string,
  options: WriteOptions,
  write: (writer: Writer) => Promise<MetadataWrite>,
): Promise<MetadataWrite> {
  try {
    using writer = await openProgramWriter(repository, options);
    return await write(writer);
  } catch (error) {
    throw writeError(repository, error, metadataRef(branch));
  }
}
