/**
 * `git reflog expire` and `git reflog delete`: reflogs with fewer lines.
 *
 * @module
 */
import { nameEverywhere, seenFrom } from "../../engine/files_refs.ts";
import { isPerWorktreeRef } from "../../git/refs/names.ts";
import type { ReflogEntry } from "../../git/refs/store.ts";
import type { Repository } from "../../git/repository.ts";
import {
  type JudgedEntry,
  openReflogJudge,
  type ReflogExpiry,
  type ReflogJudge,
} from "../../git/revisions/reflog_expiry.ts";
import { completeReflogName } from "../../git/revisions/ref_names.ts";
import { escapeMessage } from "../escape.ts";
import { type GitContext, GitExit } from "./context.ts";
import { type OutputBuffer, withOutputLater } from "./output_buffer.ts";
import { flag, type OptionSpec, type OptionSyntax, parseOptions } from "./parse_options.ts";
import { createExpiryRules, type GivenExpiry, readExpiryDate } from "./reflog_expiry_rules.ts";
import { openPlumbingWriter } from "./ref_writing.ts";
import { REFLOG_USAGE } from "./reflog_usage.ts";
import { refusedOption } from "./unsupported_option.ts";
import { linkedWorktreeIds } from "./worktree_paths.ts";

/** What git ends with where it says `error: …` and goes on. */
const ERROR = 255;

interface Settings {
  dryRun: boolean;
  rewrite: boolean;
  updateRef: boolean;
  verbose: boolean;
}

/** A reflog, and what is to go of it. */
interface Task {
  readonly ref: string;
  readonly expiry: ReflogExpiry;
  /** What `--verbose` says of a line that goes. */
  readonly word: string;
}

function commonOptions(settings: Settings): OptionSpec[] {
  return [
    flag("dry-run", (on) => settings.dryRun = on, "n"),
    flag("rewrite", (on) => settings.rewrite = on),
    flag("updateref", (on) => settings.updateRef = on),
    flag("verbose", (on) => settings.verbose = on),
  ];
}

/** Runs `git reflog expire`. */
export function expireReflogs(context: GitContext, args: readonly string[]): Promise<number> {
  const settings: Settings = { dryRun: false, rewrite: false, updateRef: false, verbose: false };
  const given: GivenExpiry = {};
  let all = false;
  let single = false;
  const time = (name: "expire" | "expire-unreachable", set: (seconds: number) => void): OptionSpec => ({
    long: [name],
    value: "required",
    plain: true,
    apply: (value) => set(readExpiryDate(value!, `--${name}`, context.system.clock)),
  });
  const syntax: OptionSyntax = {
    usage: [REFLOG_USAGE.expire],
    options: [
      ...commonOptions(settings),
      time("expire", (seconds) => given.total = seconds),
      time("expire-unreachable", (seconds) => given.unreachable = seconds),
      refusedOption("stale-fix"),
      flag("all", (on) => all = on),
      flag("single-worktree", (on) => single = on),
    ],
  };
  const names = parseOptions(context, syntax, args);
  const repository = context.repository();
  const rules = createExpiryRules(repository, given);
  const { rewrite } = settings;
  const word = settings.dryRun ? "would prune" : "prune";
  const tasks: Task[] = (all ? everyReflog(repository, single) : [])
    .map((ref) => ({ ref, expiry: { ...rules(ref), rewrite }, word }));
  let status = 0;
  for (const name of names) {
    const ref = completeReflogName(repository.refs, name);
    // Of a reflog that is named, git says so even in a dry run.
    if (ref !== null) tasks.push({ ref, expiry: { ...rules(ref), rewrite }, word: "prune" });
    else status = complain(context, `${name} points nowhere!`);
  }
  return shorten(context, settings, "expire", tasks, status);
}

/** Runs `git reflog delete`. */
export function deleteEntries(context: GitContext, args: readonly string[]): Promise<number> {
  const settings: Settings = { dryRun: false, rewrite: false, updateRef: false, verbose: false };
  const names = parseOptions(context, { usage: [REFLOG_USAGE.delete], options: commonOptions(settings) }, args);
  if (names.length === 0) throw new GitExit(ERROR, "error: no reflog specified to delete");
  const repository = context.repository();
  const tasks: Task[] = [];
  let status = 0;
  for (const name of names) {
    const at = name.indexOf("@{");
    if (at < 0) {
      status = complain(context, `not a reflog: ${name}`);
      continue;
    }
    const number = /^[ \t\n]*\+?([0-9]*)\}/.exec(name.slice(at + 2))?.[1];
    if (number === undefined) throw new GitExit(129, `error: \`${name}': an entry by its time is not supported`);
    const ref = completeReflogName(repository.refs, name.slice(0, at));
    const expiry = { total: 0, unreachable: 0, number: Number(number), rewrite: settings.rewrite };
    if (ref !== null) tasks.push({ ref, expiry, word: settings.dryRun ? "would prune" : "prune" });
    else status = complain(context, `no reflog for '${name}'`);
  }
  return shorten(context, settings, "delete", tasks, status);
}

function complain(context: GitContext, message: string): number {
  context.streams.writeError(`error: ${escapeMessage(message)}\n`);
  return ERROR;
}

/** Reflogs of all worktrees (or of this one), by the names that this one knows them by. */
function everyReflog(repository: Repository, single: boolean): string[] {
  return [null, ...linkedWorktreeIds(repository)].flatMap((id) => {
    if (id === repository.worktreeId) return repository.refs.reflogNames();
    if (single) return [];
    const others = seenFrom(repository, id).refs.reflogNames().filter(isPerWorktreeRef);
    return others.map((name) => nameEverywhere(id, name));
  });
}

/** @param status What the command ends with where nothing more goes wrong. */
async function shorten(
  context: GitContext,
  settings: Settings,
  name: string,
  tasks: readonly Task[],
  status: number,
): Promise<number> {
  if (tasks.length === 0) return status;
  return await withOutputLater(context.streams, async (output) => {
    const warn = (error: unknown) => {
      context.streams.writeError(`warning: ${escapeMessage(error instanceof Error ? error.message : String(error))}\n`);
    };
    if (settings.dryRun) {
      const { refs } = context.repository();
      const judge = openReflogJudge(context.repository());
      for (const task of tasks) judgeAloud(judge, task, refs.readReflog(task.ref, warn) ?? [], settings, output);
      return status;
    }
    const { rewriteReflogs } = await import("../../engine/reflog_rewrite.ts");
    using writer = await openPlumbingWriter(context, `reflog ${name}`);
    const judge = openReflogJudge(writer.repository);
    let worst = status;
    for (const group of groupsWithoutRepetition(tasks)) {
      rewriteReflogs(writer, [...group.keys()], {
        judge: (ref, entries) => judgeAloud(judge, group.get(ref)!, entries, settings, output),
        updateRef: settings.updateRef,
        onBroken: warn,
        onFailure: (_, error) => worst = complain(context, error.message),
      });
    }
    return worst;
  });
}

/** A reflog that is named twice is shortened twice, one time after the other. */
function groupsWithoutRepetition(tasks: readonly Task[]): Map<string, Task>[] {
  const groups: Map<string, Task>[] = [];
  for (const task of tasks) {
    let group = groups.at(-1);
    if (group === undefined || group.has(task.ref)) groups.push(group = new Map());
    group.set(task.ref, task);
  }
  return groups;
}

function judgeAloud(
  judge: ReflogJudge,
  { ref, expiry, word }: Task,
  entries: readonly ReflogEntry[],
  { verbose }: Settings,
  output: OutputBuffer,
): JudgedEntry[] {
  const judged = judge(ref, entries, expiry);
  if (verbose) { for (const { entry, keep } of judged) output.text(`${keep ? "keep" : word} ${entry.message}\n`); }
  return judged;
}
