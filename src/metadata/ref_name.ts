/**
 * Which ref holds the metadata of which branch.
 *
 * @module
 */

/** Where metadata refs are. */
export const METADATA_PREFIX = "refs/branch-metadata/";

/** The metadata ref of a branch. The name of the branch is not checked. */
export function metadataRef(branch: string): string {
  return METADATA_PREFIX + branch;
}

/** The branch of a metadata ref, which must begin with {@link METADATA_PREFIX}. */
export function branchOfRef(ref: string): string {
  return ref.slice(METADATA_PREFIX.length);
}
