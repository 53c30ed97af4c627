/**
 * Revisions: the part of git's grammar (gitrevisions) that lattice takes, and a refusal by name for the rest.
 *
 * A full object name, an abbreviation of at least four digits, or a ref by its short or full name, `@` for `HEAD`,
 * `@{<n>}` and `@{upstream}` behind a ref; then any of `~<n>`, `^<n>`, `^{<type>}` and `^{}`.
 *
 * @module
 */
import { shellWord } from "../../platform/text.ts";
import type { LatticeErrorOptions } from "../../platform/errors.ts";
import { isOidInAnyCase, type ObjectType, type Oid } from "../object_format.ts";
import { type History, openHistory } from "../objects/history.ts";
import { peelTo } from "../objects/peel.ts";
import { isBranchName } from "../refs/names.ts";
import type { Repository } from "../repository.ts";
import { completeReflogName, completeRefName } from "./ref_names.ts";
import { RevisionError } from "./revision_error.ts";
import { configuredPreference, expandOid, type WantedType } from "./short_oid.ts";
import { currentBranch, upstreamOfBranch } from "./upstream.ts";

/** What a caller would rather have when an abbreviation is ambiguous. */
export interface RevisionOptions {
  /** The preferred type; without it, what `core.disambiguate` says. */
  readonly prefer?: WantedType;
}

/** A step from one object to another. */
type Step =
  | { readonly kind: "ancestor"; readonly count: number }
  | { readonly kind: "parent"; readonly number: number }
  | { readonly kind: "type"; readonly type: ObjectType | "any" | "object" };

/** The largest number that may stand behind `~`, `^` or in `@{}`. */
const NUMBER_MAX = 0x7fffffff;

/** Numbers in `@{}` from here on mean a time to git. */
const REFLOG_NUMBER_MAX = 99_999_999;

/**
 * Finds the object that a revision names. A full object name need not exist.
 *
 * @throws {RevisionError} It gives none; `failure` says why.
 * @throws {LatticeError} `not_found`: an object on the way is missing; `invalid_data`: a ref, reflog or object on the
 *   way is damaged.
 */
export function resolveRevision(repository: Repository, text: string, options: RevisionOptions = {}): Oid {
  refusePath(repository, text);
  const { base, steps } = parseRevision(text);
  const prefer = preferenceOf(steps[0]) ?? options.prefer ?? configuredPreference(repository.config);
  let oid = resolveBase(repository, base, text, prefer);
  const history = openHistory(repository.system.disk, repository.commonDir, repository.objects);
  for (const step of steps) oid = takeStep(repository, history, oid, step, text);
  return oid;
}

/** Refuses a path, unless what it starts from is nothing: then git, too, finds nothing. */
function refusePath(repository: Repository, text: string): void {
  if (text.startsWith(":/")) throw refused(text, "a search through messages");
  if (!text.includes(":")) return;
  const colon = text.replace(/\{[^{}]*\}/g, (braces) => "_".repeat(braces.length)).indexOf(":");
  if (colon === -1) return;
  if (colon > 0) resolveRevision(repository, text.slice(0, colon));
  throw refused(text, "a path in a tree or the index");
}

/**
 * What may stand for something to git where no step of ours follows: the parents of a commit, exclusions, the output
 * of `git describe`, and a type before more than one closing brace. All else has no meaning to git either.
 */
const MORE_GRAMMAR = /\^(?:[@!]|-\d*)$|-g[0-9a-f]{4,}(?:$|[~^])|\^\{[a-z]*\}[^{]*\}$/i;

/** Splits a revision into the name it begins with and the steps from there. @throws {RevisionError} `unsupported`. */
function parseRevision(text: string): { base: string; steps: Step[] } {
  const search = text.indexOf("^{/");
  if (search !== -1 && text.includes("}", search)) throw refused(text, "a search through messages");
  if (text.includes("..")) throw refused(text, "a range");
  if (text.startsWith("^")) throw refused(text, "an exclusion");
  const split = /[~^]/.exec(text)?.index ?? text.length;
  const steps: Step[] = [];
  const token = /~(\d*)|\^\{([^}]*)\}|\^(\d*)/y;
  for (token.lastIndex = split; token.lastIndex < text.length;) {
    const rest = text.slice(token.lastIndex);
    const match = token.exec(text);
    if (match === null || /^\^[@!-]/.test(rest)) {
      throw MORE_GRAMMAR.test(text) ? refused(text, JSON.stringify(rest)) : unknown(text);
    }
    steps.push(toStep(match, text));
  }
  return { base: text.slice(0, split), steps };
}

function toStep([, ancestor, type, parent]: RegExpExecArray, text: string): Step {
  if (ancestor !== undefined) return { kind: "ancestor", count: numberOf(ancestor, text) };
  if (parent !== undefined) return { kind: "parent", number: numberOf(parent, text) };
  switch (type) {
    case "":
      return { kind: "type", type: "any" };
    case "commit":
    case "tree":
    case "blob":
    case "tag":
    case "object":
      return { kind: "type", type };
    default:
      throw unknown(text);
  }
}

function numberOf(digits: string, text: string): number {
  const number = digits === "" ? 1 : Number(digits);
  if (number > NUMBER_MAX) throw unknown(text);
  return number;
}

/** What the first step says of the type of the object that it starts from. */
function preferenceOf(step: Step | undefined): WantedType | undefined {
  if (step === undefined) return undefined;
  if (step.kind !== "type" || step.type === "commit") return "committish";
  return step.type === "tree" ? "treeish" : undefined;
}

function resolveBase(repository: Repository, base: string, text: string, prefer: WantedType): Oid {
  const { format } = repository.objects;
  if (isOidInAnyCase(format, base)) return base.toLowerCase();
  const brace = /@\{([^{}]*)\}$/.exec(base);
  const inner = brace?.[1];
  if (brace !== null && inner !== undefined && !isUpstreamMark(inner)) {
    if (inner === "" || inner.startsWith("-") && brace.index > 0) throw unknown(text); // no date and no branch
    if (!/^\d+$/.test(inner) || Number(inner) > REFLOG_NUMBER_MAX) throw refused(text, JSON.stringify(brace[0]));
    return reflogValue(repository, base.slice(0, brace.index), Number(inner), text);
  }
  const found = completeRefName(repository.refs, refNameOf(repository, base, text))[0];
  const oid = found?.end.oid ?? expandOid(repository.objects, base, prefer);
  if (oid !== null) return oid;
  const described = /-g([0-9a-fA-F]{4,})$/.exec(base)?.[1];
  if (described !== undefined && expandOid(repository.objects, described, "committish") !== null) {
    throw refused(text, "the output of `git describe`");
  }
  throw unknown(text);
}

/** The ref's name that a base means, without `@` and `@{upstream}`. */
function refNameOf(repository: Repository, base: string, text: string): string {
  if (base === "@") return "HEAD";
  const mark = /^(.*)@\{([^{}]*)\}$/s.exec(base);
  if (mark === null) return base;
  if (!isUpstreamMark(mark[2]!)) throw refused(text, JSON.stringify(`@{${mark[2]}}`));
  const branch = branchNamed(repository, mark[1]!, text);
  const upstream = upstreamOfBranch(repository, branch);
  if (upstream !== null) return upstream;
  throw withoutUpstream(text, `no upstream is configured for the branch ${JSON.stringify(branch)}`, {
    hint: `set one with \`git branch --set-upstream-to=<upstream> ${branch}\``,
  });
}

/** The short name of the branch that stands before `@{upstream}`. */
function branchNamed(repository: Repository, name: string, text: string): string {
  if (name !== "" && name !== "@" && name !== "HEAD") {
    if (isBranchName(name) && repository.refs.resolve(`refs/heads/${name}`).oid !== null) return name;
    throw withoutUpstream(text, `there is no branch ${JSON.stringify(name)}`);
  }
  const branch = currentBranch(repository);
  if (branch !== null) return branch;
  throw withoutUpstream(text, "HEAD does not point to a branch, so it has no upstream");
}

function isUpstreamMark(inner: string): boolean {
  return /^(?:u|upstream)$/i.test(inner);
}

/** The value that a ref had a number of changes ago. */
function reflogValue(repository: Repository, base: string, count: number, text: string): Oid {
  const { refs, objects } = repository;
  const name = base === "" ? refs.resolve("HEAD").name : completeReflogName(refs, refNameOf(repository, base, text));
  if (name === null) throw unknown(text);
  let left = count;
  let seen = 0;
  for (const entry of refs.reflogNewestFirst(name) ?? []) {
    if (count === 0) return entry.new;
    seen++;
    if (left > 0) left--;
    if (left === 0 && entry.old !== objects.format.zero) return entry.old;
  }
  if (count === 0) {
    const current = refs.resolve(name).oid; // without a log, the present value is the newest
    if (current !== null) return current;
  }
  const message = `the reflog of ${JSON.stringify(name)} has only ${seen} entries`;
  throw new RevisionError({ kind: "missing", beyond: "reflog" }, text, message, {
    hint: `\`git reflog show ${shellWord(name)}\` shows them`,
    details: { ref: name },
  });
}

function takeStep(repository: Repository, history: History, oid: Oid, step: Step, text: string): Oid {
  const { objects } = repository;
  if (step.kind === "type") {
    if (step.type !== "object") return peeled(repository, oid, step.type, text);
    if (!objects.has(oid)) throw unknown(text);
    return oid;
  }
  const commit = peeled(repository, oid, "commit", text);
  if (step.kind === "parent") return step.number === 0 ? commit : parentOf(history, commit, step.number, text);
  let current = commit;
  for (let i = 0; i < step.count; i++) current = parentOf(history, current, 1, text);
  return current;
}

function peeled(repository: Repository, oid: Oid, type: ObjectType | "any", text: string): Oid {
  const found = peelTo(repository.objects, oid, type);
  if (found !== null) return found.oid;
  throw new RevisionError(
    { kind: "wrong-type", oid },
    text,
    `revision ${JSON.stringify(text)} does not lead to a ${type}`,
    { hint: `\`git cat-file -t ${oid}\` tells what it leads to; name another revision, or another type` },
  );
}

function parentOf(history: History, commit: Oid, number: number, text: string): Oid {
  const { parents, source } = history.commitParents(commit);
  const parent = parents[number - 1];
  if (parent !== undefined) return parent;
  const isShallow = source === "shallow";
  const why = isShallow
    ? "the history of this shallow clone ends there"
    : `it has ${parents.length} parent${parents.length === 1 ? "" : "s"}`;
  throw missing(text, `revision ${JSON.stringify(text)}: commit ${commit} has no parent ${number}: ${why}`, {
    hint: isShallow
      ? "fetch more of the history: git fetch --unshallow"
      : "`git log --oneline --graph` shows how far the history reaches; name a commit in it",
    details: { oid: commit },
  });
}

function missing(text: string, message: string, options: LatticeErrorOptions = {}): RevisionError {
  return new RevisionError({ kind: "missing" }, text, message, options);
}

function withoutUpstream(text: string, message: string, options: LatticeErrorOptions = {}): RevisionError {
  return new RevisionError({ kind: "missing", beyond: "upstream" }, text, message, options);
}

function unknown(text: string): RevisionError {
  return missing(text, `unknown revision ${JSON.stringify(text)}`, {
    hint: "name an object, a branch, a tag, or HEAD, such as main, v1.0^{commit} or HEAD~2",
  });
}

function refused(text: string, what: string): RevisionError {
  const message = `cannot take ${JSON.stringify(text)} as a revision: ${what} is not supported`;
  return new RevisionError({ kind: "unsupported" }, text, message, {
    hint: "`git rev-parse` gives the object name that it stands for",
  });
}
