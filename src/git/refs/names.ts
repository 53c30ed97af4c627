/**
 * Names of refs: which are well formed, which belong to one worktree alone, and where the files backend keeps each.
 *
 * The rules are those of git-check-ref-format and of "worktree refs" in git-worktree. A name that came from a
 * repository or a command line becomes a path only through {@link refPath}, which lets none leave its folder.
 *
 * @module
 */
import { LatticeError } from "../../platform/errors.ts";
import { bytesToName, isWellFormed, nameToBytes } from "../../platform/text.ts";

/** What is allowed beyond the plain rules. */
export interface RefNameRules {
  /** A name without a slash is allowed (`HEAD`, `main`). */
  allowOneLevel?: boolean;
  /** One `*` is allowed, as in refspecs. */
  refspecPattern?: boolean;
  /** The name is judged as {@link normalizeRefName} gives it. */
  normalize?: boolean;
}

/** The ending that lock files have and refs must not have. */
export const LOCK_SUFFIX = ".lock";

const HYPHEN = 0x2d;
const SLASH = 0x2f;
const UNDERSCORE = 0x5f;

const ONE_LEVEL_ALLOWED: RefNameRules = { allowOneLevel: true };

/** Removes leading slashes and makes one slash of several, as `git check-ref-format --normalize`. */
export function normalizeRefName(name: string): string {
  return name.replace(/\/+/g, "/").replace(/^\//, "");
}

/**
 * Judges a name by git's rules for refs.
 *
 * @returns `null` when the name is good, else the rule that it breaks, for a message.
 */
export function checkRefName(name: string, rules: RefNameRules = {}): string | null {
  if (plainComponents(name) >= (rules.allowOneLevel === true ? 1 : 2)) return null;
  const text = rules.normalize === true ? normalizeRefName(name) : name;
  if (text === "") return "it is empty";
  if (!isWellFormed(text) && bytesToName(nameToBytes(text)) !== text) return "it stands for no bytes";
  if (text === "@") return 'it is "@" alone';
  const components = text.split("/");
  let stars = rules.refspecPattern === true ? 1 : 0;
  for (const component of components) {
    const reason = checkComponent(component);
    if (reason !== null) return reason;
    stars -= component.split("*").length - 1;
    if (stars < 0) return 'it contains "*"';
  }
  if (text.endsWith(".")) return 'it ends with "."';
  if (components.length < 2 && rules.allowOneLevel !== true) return "it has no slash";
  return null;
}

/**
 * How many components a name has of which no rule speaks, as most names are: letters, digits, `_` and `-`, with single
 * slashes between.
 *
 * @returns 0: look closer.
 */
function plainComponents(name: string): number {
  let components = 1;
  let start = 0;
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    if (unit >= 0x61 && unit <= 0x7a) continue; // without calls, since this is asked for each letter of each name
    if (unit >= 0x30 && unit <= 0x39 || unit === HYPHEN || unit >= 0x41 && unit <= 0x5a || unit === UNDERSCORE) {
      continue;
    }
    if (unit !== SLASH || i === start) return 0;
    components++;
    start = i + 1;
  }
  return start === name.length ? 0 : components;
}

/** Whether a text is a branch's name: short, without `refs/heads/`. */
export function isBranchName(name: string): boolean {
  return checkBranchName(name) === null;
}

/**
 * Judges a branch's short name: the rules for refs, no leading `-`, and not `HEAD`.
 *
 * @returns `null` when the name is good, else the rule that it breaks.
 */
export function checkBranchName(name: string): string | null {
  if (name.startsWith("-")) return 'it begins with "-"';
  if (name === "HEAD") return "a branch cannot be called HEAD";
  if (plainComponents(name) >= 1) return null;
  return name === "" ? "it is empty" : checkRefName(`refs/heads/${name}`);
}

/**
 * Insists on a well-formed full name (or root ref).
 *
 * @throws {LatticeError} `usage`, with the rule that is broken.
 */
export function requireRefName(name: string): void {
  const reason = checkRefName(name, ONE_LEVEL_ALLOWED);
  if (reason === null) return;
  throw new LatticeError("usage", `${JSON.stringify(name)} is not a valid ref name: ${reason}`, {
    hint: "the rules are those of `git check-ref-format`",
    details: { ref: name },
  });
}

/**
 * Insists on a name that a branch can have.
 *
 * @throws {LatticeError} `usage`, with the rule that is broken.
 */
export function requireBranchName(name: string): void {
  const reason = checkBranchName(name);
  if (reason === null) return;
  throw new LatticeError("usage", `${JSON.stringify(name)} is no valid branch name: ${reason}`, {
    hint: "the rules are those of `git check-ref-format --branch`",
  });
}

/** Whether a name is written like those of root refs: `HEAD`, `ORIG_HEAD`, `FETCH_HEAD`, … */
export function isRootRefSyntax(name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    if (!(unit >= 0x41 && unit <= 0x5a) && unit !== UNDERSCORE && unit !== HYPHEN) return false;
  }
  return name !== "";
}

/** Whether a full name belongs to each worktree separately. */
export function isPerWorktreeRef(name: string): boolean {
  if (!name.startsWith("refs/")) return isRootRefSyntax(name);
  return name.startsWith("refs/worktree/") || name.startsWith("refs/bisect/") || name.startsWith("refs/rewritten/");
}

/** To whom a ref belongs. */
export type RefScope =
  | { readonly kind: "shared" }
  | { readonly kind: "current" }
  | { readonly kind: "main"; readonly bareName: string }
  | { readonly kind: "other"; readonly worktreeId: string; readonly bareName: string };

const SHARED: RefScope = { kind: "shared" };
const CURRENT: RefScope = { kind: "current" };

/** Tells to whom a name belongs: all worktrees, this one, the main one, or another by its id. */
export function refScope(name: string): RefScope {
  if (isPerWorktreeRef(name)) return CURRENT;
  if (name.startsWith("refs/")) return SHARED;
  const other = /^worktrees\/([^/]+)\/(.+)$/s.exec(name);
  if (other !== null && isPerWorktreeRef(other[2]!)) {
    return { kind: "other", worktreeId: other[1]!, bareName: other[2]! };
  }
  const main = /^main-worktree\/(.+)$/s.exec(name);
  if (main !== null && isPerWorktreeRef(main[1]!)) return { kind: "main", bareName: main[1]! };
  return SHARED;
}

/** The two folders in which the files backend keeps refs; absolute paths. */
export interface RefFolders {
  /** The git directory of this worktree. */
  readonly gitDir: string;
  /** The git directory that all worktrees share. */
  readonly commonDir: string;
}

/** Where a loose ref is: a folder, and the path below it. */
export interface RefPath {
  readonly root: string;
  readonly relative: string;
}

/**
 * Where the files backend keeps a loose ref.
 *
 * Names that break git's rules are allowed (a damaged one must be found to be removed) as long as they stay below
 * their folder.
 *
 * @throws {LatticeError} `usage`: the name would leave its folder.
 */
export function refPath(folders: RefFolders, name: string): RefPath {
  requireSafeName(name);
  const scope = refScope(name);
  switch (scope.kind) {
    case "shared":
      return { root: folders.commonDir, relative: name };
    case "current":
      return { root: folders.gitDir, relative: name };
    case "main":
      return { root: folders.commonDir, relative: scope.bareName };
    case "other":
      return { root: `${folders.commonDir}/worktrees/${scope.worktreeId}`, relative: scope.bareName };
  }
}

/** Whether a name, taken as a path (of any system), stays below the folder that it starts from. */
export function isSafeName(name: string): boolean {
  if (plainComponents(name) >= 1) return true;
  if (name.includes("\0") || /(?:^|\/)(?:\/|$)/.test(name)) return false;
  return !/(?:^|[/\\])\.{1,2}(?:[/\\]|$)/.test(name);
}

function requireSafeName(name: string): void {
  if (isSafeName(name)) return;
  throw new LatticeError("usage", `${JSON.stringify(name)} is not a valid ref name: it leaves its folder`, {
    hint: "a ref name has no empty component, and none that is . or ..",
    details: { ref: name },
  });
}

function checkComponent(component: string): string | null {
  if (component === "") return "it has an empty component";
  if (component.startsWith(".")) return 'a component begins with "."';
  if (component.endsWith(LOCK_SUFFIX)) return `a component ends with "${LOCK_SUFFIX}"`;
  if (component.includes("..")) return 'it contains ".."';
  if (component.includes("@{")) return 'it contains "@{"';
  const bad = /[\0-\x20\x7f~^:?[\\]/.exec(component);
  return bad === null ? null : `it contains ${describeCharacter(bad[0])}`;
}

function describeCharacter(character: string): string {
  const code = character.charCodeAt(0);
  if (character === " ") return "a blank";
  return code < 0x20 || code === 0x7f ? "a control character" : `"${character}"`;
}

/** Longest part of a ref name between slashes, in bytes: with `.lock` behind it, it is still a file name. */
export const NAME_PART_BYTES_MAX = 255 - LOCK_SUFFIX.length;

/** Says why a name, though well-formed, has no file. @returns `null`: it has one. */
export function checkNameLength(name: string): string | null {
  if (name.length <= NAME_PART_BYTES_MAX / 4) return null;
  const isLong = name.split("/").some((part) => nameToBytes(part).length > NAME_PART_BYTES_MAX);
  return isLong ? `a part of it is longer than ${NAME_PART_BYTES_MAX} bytes, too long for a file name` : null;
}
