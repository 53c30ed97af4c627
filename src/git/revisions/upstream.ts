/**
 * The upstream of a branch, as the configuration tells it (gitrevisions, `@{upstream}`).
 *
 * @module
 */
import type { Config } from "../config/config.ts";

/**
 * Full name of the ref here that follows a branch's upstream.
 *
 * @param branch Short name.
 * @returns `null`: none is configured, or it is not fetched to anywhere.
 */
export function upstreamRef(config: Config, branch: string): string | null {
  const remote = config.get(`branch.${branch}.remote`);
  const merge = config.getAll(`branch.${branch}.merge`)[0];
  if (remote === undefined || merge === undefined) return null;
  return remote === "." ? merge : fetchedTo(config.getAll(`remote.${remote}.fetch`), merge);
}

/** Where refspecs such as `+refs/heads/*:refs/remotes/origin/*` put a ref. */
function fetchedTo(refspecs: readonly string[], name: string): string | null {
  if (refspecs.some((spec) => spec.startsWith("^") && starOf(spec.slice(1), name) !== null)) return null;
  for (const spec of refspecs) {
    const [source, target] = spec.replace(/^\+/, "").split(":");
    if (spec.startsWith("^") || !source || !target) continue;
    const star = starOf(source, name);
    if (star !== null) return target.replace("*", () => star);
  }
  return null;
}

/** What the star of a pattern stands for, empty without a star; `null`: the name does not match. */
function starOf(pattern: string, name: string): string | null {
  const star = pattern.indexOf("*");
  if (star < 0) return pattern === name ? "" : null;
  const [before, behind] = [pattern.slice(0, star), pattern.slice(star + 1)];
  if (name.length < before.length + behind.length || !name.startsWith(before) || !name.endsWith(behind)) return null;
  return name.slice(before.length, name.length - behind.length);
}
