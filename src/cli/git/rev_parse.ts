/**
 * `git rev-parse`: picks revisions out of arguments, and tells where the repository is.
 *
 * @module
 */
import { isLowerHex } from "../../platform/ascii.ts";
import { isOid, type Oid } from "../../git/object_format.ts";
import { peelIfPossible } from "../../git/objects/peel.ts";
import type { Repository } from "../../git/repository.ts";
import { openAncestry } from "../../git/objects/ancestry.ts";
import { RevisionError } from "../../git/revisions/revision_error.ts";
import { ABBREVIATION_MIN } from "../../git/revisions/short_oid.ts";
import { type GitCommand, type GitContext, GitExit } from "./context.ts";
import { ambiguousHint, type NamedObject, nameObject, resolveName } from "./object_name.ts";
import { type OutputBuffer, withOutput } from "./output_buffer.ts";
import { createRevisionWriter, type RevisionWriter, shellQuote } from "./rev_parse_output.ts";
import { describeRepository, gitPath, LOCAL_ENVIRONMENT, type PathFormat, resolveGitDir } from "./rev_parse_paths.ts";
import { createRefSelector, type RefSelector } from "./rev_parse_refs.ts";
import { isRevisionFlag } from "./revision_flags.ts";
import { shortNamesAreStrict } from "./ref_short_name.ts";
import { unsupportedOption } from "./unsupported_option.ts";

const USAGE = "git rev-parse [<options>] -- [<args>...]\n   or: git rev-parse --sq-quote [<arg>...]";

/** Everything a run of the command keeps in mind. */
interface Session {
  readonly context: GitContext;
  readonly repository: Repository;
  readonly output: OutputBuffer;
  readonly writer: RevisionWriter;
  readonly selector: RefSelector;
  /** The arguments, and where we are in them. */
  readonly args: readonly string[];
  at: number;
  verify: boolean;
  quiet: boolean;
  pathFormat: PathFormat;
  optionsEnded: boolean;
  /** `--verify` found these. */
  verified: { excluded: boolean; oid: Oid; name: string }[];
}

/** Runs `git rev-parse`. */
export const run: GitCommand = (context, args) => {
  if (args[0] === "--parseopt") throw unsupportedOption("--parseopt");
  return withOutput(context.streams, (output) => {
    if (args[0] === "--sq-quote") {
      output.text(args.slice(1).map((arg) => ` ${shellQuote(arg)}`).join("") + "\n");
      return 0;
    }
    if (args[0] === "-h") {
      output.text(`usage: ${USAGE}\n`);
      return 129;
    }
    const rest = answerWithoutRepository(context, output, args);
    if (rest.length === 0 && args.length > 0) return 0;
    return parseAll(openSession(context, output, rest));
  });
};

/** Options at the beginning that need no repository. */
function answerWithoutRepository(
  context: GitContext,
  output: OutputBuffer,
  args: readonly string[],
): readonly string[] {
  for (let at = 0; at < args.length; at++) {
    if (args[at] === "--local-env-vars") {
      output.text(LOCAL_ENVIRONMENT.map((name) => `${name}\n`).join(""));
    } else if (args[at] === "--resolve-git-dir") {
      const path = args[++at];
      if (path === undefined) throw new GitExit(128, "fatal: --resolve-git-dir requires an argument");
      const gitDir = resolveGitDir(context.system, path);
      if (gitDir === null) throw new GitExit(128, `fatal: not a gitdir '${path}'`);
      output.text(`${gitDir}\n`);
    } else {
      return args.slice(at);
    }
  }
  return [];
}

function openSession(context: GitContext, output: OutputBuffer, args: readonly string[]): Session {
  const repository = context.repository();
  const resolve = (name: string) => resolveName(repository, name);
  const writer = createRevisionWriter(output, () => repository, resolve, (name) => {
    context.streams.writeError(`error: refname '${name}' is ambiguous\n`);
  });
  return {
    context,
    repository,
    output,
    writer,
    selector: createRefSelector(repository, writer),
    args,
    at: 0,
    verify: false,
    quiet: false,
    pathFormat: "default",
    optionsEnded: false,
    verified: [],
  };
}

function parseAll(session: Session): number {
  const { args, writer } = session;
  const hasDashes = args.includes("--");
  while (session.at < args.length) {
    const arg = args[session.at++]!;
    if (arg === "--") {
      if (writer.filter.flags || writer.filter.revisions) writer.other("--");
      for (const path of args.slice(session.at)) writer.other(path);
      break;
    }
    if (!session.optionsEnded && arg.startsWith("-")) {
      takeOption(session, arg);
    } else if (!takeRevision(session, arg)) {
      if (session.verify) throw notSingle(session);
      if (hasDashes) throw new GitExit(128, `fatal: bad revision '${arg}'`);
      takePaths(session, arg);
      break;
    }
  }
  return finish(session);
}

function finish(session: Session): number {
  const { verified, verify, writer } = session;
  if (!verify) {
    writer.useFallback();
    return 0;
  }
  if (verified.length === 1) {
    const { excluded, oid, name } = verified[0]!;
    writer.revision(excluded, oid, name);
    return 0;
  }
  if (verified.length === 0 && writer.useFallback()) return 0;
  throw notSingle(session);
}

function notSingle(session: Session): GitExit {
  return session.quiet ? new GitExit(1, "") : new GitExit(128, "fatal: Needed a single revision");
}

/** The value of `--name=value`; `null` for the bare name; `undefined`: another option. */
function valueOf(arg: string, name: string): string | null | undefined {
  if (arg === name) return null;
  return arg.startsWith(`${name}=`) ? arg.slice(name.length + 1) : undefined;
}

function takeOption(session: Session, arg: string): void {
  if (takeSwitch(session, arg) || takeStyle(session, arg) || takeRefs(session, arg) || takeQuestion(session, arg)) {
    return;
  }
  if (/^--(?:since|after|before|until|exclude-hidden)=/.test(arg) || arg === "--prefix" || arg === "--parseopt") {
    throw unsupportedOption(arg.split("=")[0]!);
  }
  const { filter } = session.writer;
  if (arg.startsWith("-n")) return takeCount(session, arg);
  if (!filter.flags || !(isRevisionFlag(arg) ? filter.revisions : filter.others)) return;
  session.writer.write(arg);
  if (session.verify) throw notSingle(session);
}

/** `-n <count>` and `-n<count>` are for the command that gets our output. */
function takeCount(session: Session, arg: string): void {
  const { filter } = session.writer;
  const shown = filter.flags && filter.revisions;
  if (shown) session.writer.write(arg);
  if (arg !== "-n") return;
  const count = nextArgument(session, "-n");
  if (shown) session.writer.write(count);
}

function nextArgument(session: Session, option: string): string {
  const value = session.args[session.at++];
  if (value === undefined) throw new GitExit(128, `fatal: ${option} requires an argument`);
  return value;
}

function takeSwitch(session: Session, arg: string): boolean {
  const { writer } = session;
  const { filter } = writer;
  switch (arg) {
    case "--revs-only":
      filter.others = false;
      return true;
    case "--no-revs":
      filter.revisions = false;
      return true;
    case "--flags":
      filter.nonFlags = false;
      return true;
    case "--no-flags":
      filter.flags = false;
      return true;
    case "--verify":
      wantSingle(session);
      return true;
    case "--quiet":
    case "-q":
      session.quiet = true;
      return true;
    case "--sq":
      writer.quoted = true;
      return true;
    case "--not":
      writer.reversed = !writer.reversed;
      return true;
    case "--default":
      writer.fallback = nextArgument(session, "--default");
      return true;
    case "--end-of-options":
      session.optionsEnded = true;
      if (filter.flags || filter.revisions) writer.other(arg);
      return true;
    default:
      return false;
  }
}

function wantSingle(session: Session): void {
  session.writer.filter.flags = false;
  session.writer.filter.others = false;
  session.verify = true;
}

function takeStyle(session: Session, arg: string): boolean {
  const { style } = session.writer;
  if (arg === "--symbolic") style.symbolic = "as-given";
  else if (arg === "--symbolic-full-name") style.symbolic = "full";
  else return takeShort(session, arg) || takeShortRef(session, arg) || takePathFormat(session, arg);
  return true;
}

function takeShort(session: Session, arg: string): boolean {
  const digits = valueOf(arg, "--short");
  if (digits === undefined) return false;
  wantSingle(session);
  const count = digits === null ? NaN : Number.parseInt(digits, 10) || 0;
  session.writer.style.digits = digits === null
    ? "auto"
    : Math.min(Math.max(count, ABBREVIATION_MIN), session.repository.objectFormat.hexLength);
  return true;
}

function takeShortRef(session: Session, arg: string): boolean {
  const mode = valueOf(arg, "--abbrev-ref");
  if (mode === undefined) return false;
  if (mode !== null && mode !== "strict" && mode !== "loose") {
    throw new GitExit(128, `fatal: unknown mode for --abbrev-ref: ${mode}`);
  }
  session.writer.style.shortRef = mode ?? (shortNamesAreStrict(session.repository) ? "strict" : "loose");
  return true;
}

function takePathFormat(session: Session, arg: string): boolean {
  const format = valueOf(arg, "--path-format");
  if (format === undefined) return false;
  if (format === null) throw new GitExit(128, "fatal: --path-format requires an argument");
  if (format !== "absolute" && format !== "relative") {
    throw new GitExit(128, `fatal: unknown argument to --path-format: ${format}`);
  }
  session.pathFormat = format;
  return true;
}

function takeRefs(session: Session, arg: string): boolean {
  const { selector } = session;
  if (arg === "--all") selector.select("--all", null);
  else if (arg === "--bisect") selector.selectBisect();
  else return takeRefPattern(session, arg);
  return true;
}

function takeRefPattern(session: Session, arg: string): boolean {
  const option = arg.split("=", 1)[0]!;
  const pattern = valueOf(arg, option) ?? null;
  if (pattern === null && !["--branches", "--tags", "--remotes"].includes(option)) return false;
  switch (option) {
    case "--branches":
    case "--tags":
    case "--remotes":
      session.selector.select(option, pattern);
      return true;
    case "--glob":
      session.selector.select(option, pattern);
      return true;
    case "--exclude":
      session.selector.exclude(pattern!);
      return true;
    case "--disambiguate":
      showCandidates(session, pattern!.toLowerCase());
      return true;
    default:
      return false;
  }
}

function showCandidates(session: Session, digits: string): void {
  if (digits.length < ABBREVIATION_MIN || !isLowerHex(digits)) return;
  const match = session.repository.objects.findPrefix(digits);
  const oids = match.kind === "ambiguous" ? match.oids : match.kind === "unique" ? [match.oid] : [];
  for (const oid of oids) session.writer.revision(false, oid, null);
}

function takeQuestion(session: Session, arg: string): boolean {
  const { repository, output, pathFormat } = session;
  if (arg === "--git-path") {
    output.text(`${gitPath(repository, nextArgument(session, arg), pathFormat)}\n`);
    return true;
  }
  if (arg === "--local-env-vars" || arg === "--resolve-git-dir") {
    const operands = arg === "--local-env-vars" ? [] : [nextArgument(session, arg)];
    answerWithoutRepository(session.context, output, [arg, ...operands]);
    return true;
  }
  const format = valueOf(arg, "--show-object-format");
  if (format !== undefined) {
    if (format !== null && !["storage", "input", "output"].includes(format)) {
      throw new GitExit(128, `fatal: unknown mode for --show-object-format: ${format}`);
    }
    output.text(`${repository.objectFormat.name}\n`);
    return true;
  }
  if (arg === "--show-ref-format") {
    output.text(`${repository.refStorage}\n`);
    return true;
  }
  const text = describeRepository(repository, arg, pathFormat);
  if (text === undefined) return false;
  if (text !== null) output.text(`${text}\n`);
  return true;
}

/** Shows an argument that is a revision or a range of them. */
function takeRevision(session: Session, arg: string): boolean {
  if (takeRange(session, arg) || takeParents(session, arg)) return true;
  const excluded = arg.startsWith("^");
  const name = excluded ? arg.slice(1) : arg;
  const named = nameQuietly(session, name);
  if (named.kind !== "found") {
    if (named.kind === "ambiguous" && !session.quiet) {
      session.context.streams.writeError(ambiguousHint(name, named.oids));
    }
    return false;
  }
  if (session.verify) session.verified.push({ excluded, oid: named.oid, name });
  else session.writer.revision(excluded, named.oid, name);
  return true;
}

/** Names an object; with `--quiet`, git says nothing of a reflog that is too short. */
function nameQuietly(session: Session, name: string): NamedObject {
  try {
    return nameObject(session.repository, name);
  } catch (error) {
    const short = error instanceof RevisionError && error.failure.kind === "missing" &&
      error.failure.beyond === "reflog";
    throw short && session.quiet ? new GitExit(128, "") : error;
  }
}

/** `a..b` and `a...b`; an end left out is `HEAD`. */
function takeRange(session: Session, arg: string): boolean {
  const match = /^(.*?)\.\.(\.?)(.*)$/s.exec(arg);
  if (match === null) return false;
  const symmetric = match[2] !== "";
  if (match[1] === "" && match[3] === "" && !symmetric) return false; // ".." is the folder above
  const from = match[1] || "HEAD";
  const to = match[3] || "HEAD";
  const start = nameObject(session.repository, from);
  const end = start.kind === "found" ? nameObject(session.repository, to) : start;
  if (start.kind !== "found" || end.kind !== "found") return false;
  session.writer.revision(false, end.oid, to);
  session.writer.revision(!symmetric, start.oid, from);
  if (!symmetric) return true;
  const commits = [start.oid, end.oid].map((oid) => commitOf(session, oid));
  if (commits[0] == null || commits[1] == null) return false;
  const bases = openAncestry(session.repository).visibleMergeBases(commits[0], commits[1]);
  for (const base of bases) session.writer.revision(true, base, null);
  return true;
}

/** `a^!`, `a^@`, `a^-` and `a^-<n>`: a commit and its parents. */
function takeParents(session: Session, arg: string): boolean {
  const match = /^(.*?)\^(?:([!@])|-([1-9][0-9]{0,8})?)$/s.exec(arg);
  if (match === null) return false;
  const [, name, mark, number] = match;
  const named = nameObject(session.repository, name!);
  const commit = named.kind === "found" ? commitOf(session, named.oid) : null;
  if (named.kind !== "found" || commit === null) return false;
  const parents = openAncestry(session.repository).visibleParents(commit);
  const only = mark === undefined ? Number(number ?? 1) : null;
  if (only !== null && only > parents.length) return false;
  if (mark !== "@") session.writer.revision(false, named.oid, name!);
  const { symbolic } = session.writer.style;
  parents.forEach((parent, index) => {
    if (only !== null && only !== index + 1) return;
    session.writer.revision(mark !== "@", parent, symbolic === null ? null : `${name}^${index + 1}`);
  });
  return true;
}

/** The commit that an object is or leads to; `null`: there is none. */
function commitOf({ repository }: Session, oid: Oid): Oid | null {
  return peelIfPossible(repository.objects, oid, "commit")?.oid ?? null;
}

/** From the first argument that is no revision on, all of them are paths. */
function takePaths(session: Session, first: string): void {
  if (!session.writer.other(first)) return;
  requirePath(session, first, true);
  for (const path of session.args.slice(session.at)) {
    if (session.writer.other(path)) requirePath(session, path, false);
  }
}

function requirePath(session: Session, path: string, mayBeRevision: boolean): void {
  if (path.startsWith("-")) throw new GitExit(128, `fatal: option '${path}' must come before non-option arguments`);
  if (looksLikePattern(path) || existsInWorkTree(session, path)) return;
  if (!mayBeRevision) {
    throw new GitExit(
      128,
      `fatal: ${path}: no such path in the working tree.\n` +
        "Use 'git <command> -- <path>...' to specify paths that do not exist locally.",
    );
  }
  if (isOid(session.repository.objectFormat, path)) throw new GitExit(128, `fatal: bad object ${path}`);
  throw new GitExit(
    128,
    `fatal: ambiguous argument '${path}': unknown revision or path not in the working tree.\n` +
      "Use '--' to separate paths from revisions, like this:\n'git <command> [<revision>...] -- [<file>...]'",
  );
}

function looksLikePattern(path: string): boolean {
  return /[*?[]/.test(path.replace(/\\./gs, "")) || path.startsWith(":(");
}

function existsInWorkTree(session: Session, path: string): boolean {
  const { host, disk } = session.context.system;
  const top = session.repository.workDir ?? host.workingDirectory;
  const fromTop = /^:\/(.*)$/s.exec(path);
  const name = fromTop === null ? path.replace(/^:[!^]/, "") : fromTop[1]!;
  if (name === "") return path !== "";
  if (name.startsWith("/")) return disk.lstat(name) !== null;
  return disk.lstat(`${fromTop === null ? host.workingDirectory : top}/${name}`) !== null;
}
