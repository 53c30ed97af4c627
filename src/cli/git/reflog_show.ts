/**
 * `git reflog show`: the lines of reflogs, newest first.
 *
 * @module
 */
import { nameEverywhere } from "../../engine/files_refs.ts";
import type { Oid } from "../../git/object_format.ts";
import type { Repository } from "../../git/repository.ts";
import { abbreviate } from "../../git/revisions/short_oid.ts";
import { RevisionError } from "../../git/revisions/revision_error.ts";
import { currentBranch, upstreamOfBranch } from "../../git/revisions/upstream.ts";
import { escapeMessage } from "../escape.ts";
import { type GitContext, GitExit } from "./context.ts";
import { type DateFormat, parseDateFormat } from "./date_format.ts";
import { nameObject } from "./object_name.ts";
import { withOutput } from "./output_buffer.ts";
import { flag, integerValue, type OptionSyntax, parseOptions } from "./parse_options.ts";
import { previousBranch } from "./previous_branch.ts";
import { isDamagedRef, listRefs, readRefOrNull } from "./ref_item.ts";
import { compileReflogFormat, messageOf, type ReflogFormat, selectorOf } from "./reflog_format.ts";
import { REFLOG_USAGE } from "./reflog_usage.ts";
import { walkReflogs } from "./reflog_walk.ts";
import { linkedWorktreeIds } from "./worktree_paths.ts";
import { joinPath } from "../../platform/paths.ts";

interface Settings {
  /** How many entries are shown, none below 0. */
  count: number;
  skip: number;
  all: boolean;
  dates: DateFormat | null;
  /** How many digits are shown; `null`: all. */
  digits: number | "auto" | null;
  format: ReflogFormat | null;
}

/** Runs `git reflog show`. */
export function showReflogs(context: GitContext, args: readonly string[]): number {
  const settings: Settings = { count: -1, skip: 0, all: false, dates: null, digits: "auto", format: null };
  const end = args.indexOf("--");
  if (end >= 0 && end < args.length - 1) {
    throw new GitExit(129, `error: limiting to paths ('${args[end + 1]}') is not supported`);
  }
  const beforeEnd = end < 0 ? args : args.slice(0, end); // a `--` ends options behind an `--end-of-options` too
  const named = parseOptions(context, syntaxOf(settings), beforeEnd.map(withCount));
  const repository = context.repository();
  const names = settings.all
    ? [...allRefs(repository), ...allHeads(repository)]
    : named.length === 0
    ? [defaultName(repository)]
    : [];
  for (const name of named) {
    const plain = reflogNameOf(context, repository, name, end >= 0);
    if (plain !== null) names.push(plain);
  }
  print(context, repository, names, settings);
  return 0;
}

/** `-3` is short for `-n 3`, unless it is the value of the option before it. */
function withCount(arg: string, index: number, args: readonly string[]): string {
  return ["-n", "--max-count", "--skip"].includes(args[index - 1] ?? "") ? arg : arg.replace(/^-([0-9]+)$/, "-n$1");
}

function syntaxOf(settings: Settings): OptionSyntax {
  const digits = (value: string | null) => value === null ? "auto" : Math.max(4, integerValue("abbrev", value));
  const format = (value: string | null) => {
    settings.format = compileReflogFormat(value ?? "medium");
  };
  return {
    usage: [REFLOG_USAGE.show],
    options: [
      {
        long: ["max-count"],
        value: "last-default",
        apply: (value) => settings.count = count(valueOf(value, "max-count"), "max-count"),
      },
      {
        short: "n",
        value: "last-default",
        apply: (value) => {
          if (value === null) throw new GitExit(128, "error: -n requires an argument");
          settings.count = count(value, "max-count");
        },
      },
      {
        long: ["skip"],
        value: "last-default",
        plain: true,
        apply: (value) => settings.skip = count(valueOf(value, "skip"), "skip"),
      },
      flag("all", (on) => settings.all = on),
      {
        long: ["date"],
        value: "last-default",
        plain: true,
        apply: (value) => settings.dates = parseDateFormat(valueOf(value, "date")),
      },
      {
        long: ["abbrev"],
        value: "optional",
        apply: (value, negated) => settings.digits = negated ? null : digits(value),
      },
      flag("abbrev-commit", (on) => settings.digits = on ? settings.digits ?? "auto" : null),
      {
        long: ["format"],
        value: "optional",
        plain: true,
        apply(value) {
          if (value === null) throw new GitExit(128, "fatal: unrecognized argument: --format");
          format(value);
        },
      },
      { long: ["pretty"], value: "optional", plain: true, apply: format },
      // What `git reflog` does anyway.
      { long: ["oneline"], value: "none", plain: true, apply: () => settings.format = null },
      { long: ["walk-reflogs"], short: "g", value: "none", plain: true, apply: () => undefined },
      { long: ["no-decorate"], value: "none", plain: true, apply: () => undefined },
      { long: ["no-color"], value: "none", plain: true, apply: () => undefined },
    ],
  };
}

function valueOf(value: string | null, option: string): string {
  if (value === null) throw new GitExit(128, `fatal: Option '--${option}' requires a value`);
  return value;
}

function count(value: string, option: string): number {
  if (!/^-?[0-9]{1,9}$/.test(value)) throw new GitExit(128, `fatal: '${value}': not an integer (--${option})`);
  return Number(value);
}

/** Every ref that leads to a commit, as `--all` has them; of other worktrees it has `HEAD` alone. */
function* allRefs(repository: Repository): Generator<string> {
  for (const { name, oid } of listRefs(repository, "refs/", () => undefined)) {
    if (isCommit(repository, oid, name)) yield name;
  }
}

/** `HEAD` of this worktree and of the others, each where it leads to a commit. */
function allHeads(repository: Repository): string[] {
  const others = [null, ...linkedWorktreeIds(repository)].filter((id) => id !== repository.worktreeId);
  return ["HEAD", ...others.map((id) => nameEverywhere(id, "HEAD"))].filter((name) => {
    const oid = readRefOrNull(repository, name);
    return oid !== null && isCommit(repository, oid, name);
  });
}

/** Whether a name leads to a commit. @throws {GitExit} 128: its object is missing, of which git dies. */
function isCommit({ objects }: Repository, oid: Oid, name: string): boolean {
  const info = objects.info(objects.replacementOf(oid));
  if (info === null) throw new GitExit(128, `fatal: bad object ${name}`);
  return info.type === "commit";
}

/** `HEAD`, which must have a commit. */
function defaultName(repository: Repository): string {
  const head = repository.refs.resolve("HEAD");
  if (head.oid !== null) {
    isCommit(repository, head.oid, "HEAD");
    return "HEAD";
  }
  const branch = head.name.replace(/^refs\/heads\//, "");
  throw new GitExit(128, `fatal: your current branch '${branch}' does not have any commits yet`);
}

/** What a word of the command line stands for; `null`: an object that no reflog belongs to. */
function reflogNameOf(context: GitContext, repository: Repository, name: string, noPaths: boolean): string | null {
  if (name.startsWith("^") || name.includes("..")) {
    throw new GitExit(129, `error: the range '${name}' is not supported`);
  }
  const named = nameOrNothing(repository, name);
  if (named === null) {
    if (!noPaths && pathExists(context, name)) {
      throw new GitExit(129, `error: limiting to paths ('${name}') is not supported`);
    }
    throw new GitExit(
      128,
      noPaths
        ? `fatal: bad revision '${name}'`
        : `fatal: ambiguous argument '${name}': unknown revision or path not in the working tree.\n` +
          "Use '--' to separate paths from revisions, like this:\n'git <command> [<revision>...] -- [<file>...]'",
    );
  }
  if (!isCommit(repository, named, name)) return null;
  if (name === "@") return "HEAD";
  const mark = /^(.*)@\{(?:u|upstream)\}$/is.exec(name);
  if (mark === null) return previousBranch(repository, name) ?? name;
  const branch = ["", "@", "HEAD"].includes(mark[1]!) ? currentBranch(repository) : mark[1]!;
  return branch === null ? null : upstreamOfBranch(repository, branch);
}

function nameOrNothing(repository: Repository, name: string): Oid | null {
  try {
    const named = nameObject(repository, previousBranch(repository, name) ?? name);
    return named.kind === "found" ? named.oid : null;
  } catch (error) {
    if (!(error instanceof RevisionError) || error.failure.kind !== "unsupported") throw error;
    throw new GitExit(129, `error: ${escapeMessage(error.message)}`);
  }
}

function pathExists(context: GitContext, name: string): boolean {
  const { host, disk } = context.system;
  try {
    return disk.lstat(joinPath(host.workingDirectory, name)) !== null;
  } catch (error) {
    if (isDamagedRef(error)) return false;
    throw error;
  }
}

function print(context: GitContext, repository: Repository, names: readonly string[], settings: Settings): void {
  const { clock } = context.system;
  const digitsOf = new Map<Oid, string>();
  const short = (oid: Oid): string => {
    if (settings.digits === null) return oid;
    let text = digitsOf.get(oid);
    if (text === undefined) digitsOf.set(oid, text = abbreviate(repository, oid, settings.digits));
    return text;
  };
  const warn = (error: unknown) => {
    context.streams.writeError(`warning: ${escapeMessage(error instanceof Error ? error.message : String(error))}\n`);
  };
  let skipped = 0;
  let shown = 0;
  withOutput(context.streams, (output) => {
    for (const walked of walkReflogs(repository, names, warn)) {
      if (settings.count >= 0 && shown >= settings.count) break;
      if (skipped++ < settings.skip) continue;
      const view = { repository, clock, dates: settings.dates, short };
      if (settings.format === null) {
        output.text(`${short(walked.entry.new)} ${selectorOf(walked, view, false)}: ${messageOf(walked)}`);
      } else {
        if (settings.format.separates && shown > 0) output.text("\n");
        output.text(settings.format.render(walked, view));
      }
      shown++;
    }
  });
}
