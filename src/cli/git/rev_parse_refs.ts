/**
 * The options of `git rev-parse` that stand for many refs: `--all`, `--branches`, `--tags`, `--remotes`, `--glob`,
 * and `--exclude` before them.
 *
 * @module
 */
import type { Repository } from "../../git/repository.ts";
import { compileWildmatch, type Matcher } from "../../git/wildmatch.ts";
import type { RevisionWriter } from "./rev_parse_output.ts";

const FOLDERS: Readonly<Record<string, string>> = {
  "--branches": "refs/heads/",
  "--tags": "refs/tags/",
  "--remotes": "refs/remotes/",
};

/** Whether git reads a pattern as a glob. */
const GLOB = /[*?[\\]/;

/** Shows refs in bulk, and keeps the exclusions for the next time. */
export interface RefSelector {
  /** `--exclude`: refs that match are left out of the next selection. */
  exclude(pattern: string): void;
  /** `--all`, `--branches`, … @param pattern What follows `=`, or `null`. */
  select(option: string, pattern: string | null): void;
  /** `--bisect`: the bad refs, and the good ones excluded. */
  selectBisect(): void;
}

/** Makes a selector without exclusions. */
export function createRefSelector(repository: Repository, writer: RevisionWriter): RefSelector {
  let excluded: Matcher[] = [];

  function show(prefix: string, trimmed: string, matches: Matcher, reversed = false): void {
    for (const { name, value } of repository.refs.list(prefix)) {
      const shown = name.slice(trimmed.length);
      if (!matches(name) || excluded.some((excludes) => excludes(shown))) continue;
      const oid = value.kind === "direct" ? value.oid : repository.refs.resolve(name).oid;
      if (oid !== null) writer.revision(reversed, oid, shown);
    }
  }

  return {
    exclude(pattern) {
      excluded.push(compileWildmatch(pattern, { pathname: false, ignoreCase: false }));
    },
    select(option, pattern) {
      const folder = FOLDERS[option] ?? "";
      if (pattern === null) show(folder === "" ? "refs/" : folder, folder, () => true);
      else show("refs/", folder, globMatcher(pattern, folder));
      excluded = [];
    },
    selectBisect() {
      show("refs/bisect/bad", "", () => true);
      show("refs/bisect/good", "", () => true, true);
    },
  };
}

function globMatcher(pattern: string, folder: string): Matcher {
  const before = folder !== "" ? folder : pattern.startsWith("refs/") ? "" : "refs/";
  const full = before + pattern;
  const glob = GLOB.test(pattern) ? full : `${full.replace(/\/?$/, "/")}*`;
  return compileWildmatch(glob, { pathname: false, ignoreCase: false });
}
