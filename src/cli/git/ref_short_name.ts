/**
 * Names of refs, shortened: as far as they stay unambiguous, or by a number of components.
 *
 * @module
 */
import type { Repository } from "../../git/repository.ts";
import { COMPLETIONS } from "../../git/revisions/ref_names.ts";
import type { NameForm } from "./ref_atom.ts";
import { readRefOrNull } from "./ref_item.ts";

/**
 * The shortest name that still leads to a ref.
 *
 * @param strict Whether a name may not be read in any other way at all (`core.warnAmbiguousRefs`), or only not in a
 *   way that would be preferred.
 */
export function shortenRef(repository: Repository, name: string, strict: boolean): string {
  for (let rule = COMPLETIONS.length - 2; rule > 0; rule--) {
    const [before] = COMPLETIONS[rule]!;
    if (!name.startsWith(before) || name.length === before.length) continue;
    const short = name.slice(before.length);
    const rivals = strict ? COMPLETIONS : COMPLETIONS.slice(0, rule);
    const ambiguous = rivals.some(([prefix, suffix]) => {
      const rival = `${prefix}${short}${suffix}`;
      return rival !== name && readRefOrNull(repository, rival) !== null;
    });
    if (!ambiguous) return short;
  }
  return name;
}

/** Whether short names are strict by the configuration. */
export function shortNamesAreStrict(repository: Repository): boolean {
  return repository.config.getBoolean("core.warnambiguousrefs") ?? true;
}

/** A name in the form that a format asks for. */
export function formatRefName(repository: Repository, name: string, form: NameForm): string {
  switch (form.kind) {
    case "full":
      return name;
    case "short":
      return shortenRef(repository, name, shortNamesAreStrict(repository));
    case "lstrip":
      return stripComponents(name, form.count, (parts, count) => parts.slice(count));
    case "rstrip":
      return stripComponents(name, form.count, (parts, count) => parts.slice(0, parts.length - count));
  }
}

/** A negative count is how many components stay; a positive one that leaves none leaves nothing. */
function stripComponents(
  name: string,
  count: number,
  strip: (parts: string[], count: number) => string[],
): string {
  const parts = name.split("/");
  const removed = count < 0 ? Math.max(0, parts.length + count) : count;
  return removed >= parts.length ? "" : strip(parts, removed).join("/");
}
