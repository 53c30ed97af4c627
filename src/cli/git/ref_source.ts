/**
 * What the fields and filters of `for-each-ref` ask of a repository: names, short names, commits, history.
 *
 * @module
 */
import { openAncestry } from "../../git/objects/ancestry.ts";
import { openHistory } from "../../git/objects/history.ts";
import { peelIfPossible } from "../../git/objects/peel.ts";
import type { Repository } from "../../git/repository.ts";
import { abbreviate } from "../../git/revisions/short_oid.ts";
import { resolveName } from "./object_name.ts";
import type { ValueSource } from "./ref_value.ts";

/** Opens the source; nothing is read before something is asked. */
export function openValueSource(repository: Repository): ValueSource {
  const history = openHistory(repository.system.disk, repository.commonDir, repository.objects);
  return {
    repository,
    ancestry: openAncestry(repository),
    parentsOf: (oid) => history.commitParents(oid).parents,
    abbreviate: (oid, digits) => abbreviate(repository, oid, digits ?? "auto"),
    resolve: (text) => resolveName(repository, text),
    commitOf: (oid) => peelIfPossible(repository.objects, oid, "commit")?.oid ?? null,
  };
}
