/**
 * `@{-<n>}`: the branch that was checked out before, as the reflog of `HEAD` tells it (gitrevisions).
 *
 * @module
 */
import type { Repository } from "../../git/repository.ts";

/**
 * The branch (or commit) that was left at the n-th last checkout.
 *
 * @param text What may begin with `@{-<n>}`; what follows stays behind it.
 * @returns The name with the expression replaced, or `null` when there is none or the reflog does not reach so far.
 */
export function previousBranch(repository: Repository, text: string): string | null {
  const match = /^@\{-[ \t\n\v\f\r]*\+?0*([1-9][0-9]{0,8})\}/.exec(text); // a number as C reads it
  if (match === null) return null;
  let left = Number(match[1]);
  const entries = repository.refs.readReflog("HEAD") ?? [];
  for (let i = entries.length - 1; i >= 0; i--) {
    const move = /^checkout: moving from (\S+) to /.exec(entries[i]!.message);
    if (move !== null && --left === 0) return move[1]! + text.slice(match[0].length);
  }
  return null;
}
