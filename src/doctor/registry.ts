/**
 * All checks, in the order in which their findings are shown and mended: a ref must be readable before what it holds
 * can be judged.
 *
 * @module
 */
import { JOURNALS } from "./checks/journals.ts";
import { LOOSE_REFS } from "./checks/loose_refs.ts";
import { METADATA_DOCUMENTS } from "./checks/metadata_documents.ts";
import { METADATA_ORPHANS } from "./checks/metadata_orphans.ts";
import { OPERATIONS } from "./checks/operations.ts";
import { OWN_FOLDERS } from "./checks/own_folders.ts";
import { PACKED_REFS } from "./checks/packed_refs.ts";
import { PERMISSIONS } from "./checks/permissions.ts";
import { REF_CONFLICTS } from "./checks/ref_conflicts.ts";
import { REF_OBJECTS } from "./checks/ref_objects.ts";
import { REFLOGS } from "./checks/reflogs.ts";
import { SECRETS } from "./checks/secrets.ts";
import { STACK_GRAPH } from "./checks/stack_graph.ts";
import { STALE_LOCKS } from "./checks/stale_locks.ts";
import { SYMBOLIC_REFS } from "./checks/symbolic_refs.ts";
import { TEMPORARY_FILES } from "./checks/temporary_files.ts";
import type { Check } from "./examination.ts";
import { REPOSITORY_KINDS } from "./open.ts";

/** All checks of an open repository. */
export const CHECKS: readonly Check[] = [
  OWN_FOLDERS,
  STALE_LOCKS,
  OPERATIONS,
  JOURNALS,
  PACKED_REFS,
  LOOSE_REFS,
  SYMBOLIC_REFS,
  REF_OBJECTS,
  REF_CONFLICTS,
  REFLOGS,
  METADATA_DOCUMENTS,
  METADATA_ORPHANS,
  STACK_GRAPH,
  TEMPORARY_FILES,
  PERMISSIONS,
  SECRETS,
];

/** Every kind of finding and what it means. */
export const KINDS: Readonly<Record<string, string>> = Object.assign(
  { ...REPOSITORY_KINDS },
  ...CHECKS.map(({ kinds }) => kinds),
  {
    "config.invalid": "a configuration file of lattice's cannot be read, or says something that is not sound",
    "check.failed": "a check ended early; its evidence says why",
  },
);
