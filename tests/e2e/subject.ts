/**
 * What is killed and disturbed: a command, the repository that it runs in, and what it leaves when nothing disturbs it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { gitText } from "../git_oracle.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { lattice } from "./binary.ts";
import { callsOf, type SystemCall } from "./system_calls.ts";

/** How the refs change: all of them by one rename, one by one, or by the hand of git, which does it as it likes. */
export type Way = "at once" | "one by one" | "by git";

/** A command and where it runs. */
export interface Subject {
  readonly name: string;
  readonly args: readonly string[];
  readonly stdin: string;
  readonly env: Readonly<Record<string, string>>;
  /** Its exit code when nothing disturbs it. */
  readonly exit: number;
  readonly way: Way;
  /** All refs when it starts, as {@link refsIn} lists them. */
  readonly start: string;
  /** All refs before: those at the start, or before what it is about to finish. */
  readonly before: string;
  /** All refs after it. */
  readonly after: string;
  /** What the refs may be once all is settled; `null`: either `before` or `after`. */
  readonly ends: readonly string[] | null;
  /** Names in `.git` before and after it, as {@link namesIn} lists them. */
  readonly names: ReadonlySet<string>;
  /** Its calls when nothing disturbs it. */
  readonly calls: readonly SystemCall[];
  /** Makes a repository in which it has not run yet. */
  fresh(): string;
  /** Takes such a repository away. */
  discard(cwd: string): void;
  /** What comes after it: the command that somebody types next, and finds everything settled. */
  next(cwd: string, random: number): void;
}

/** What makes a subject. */
export interface SubjectOptions {
  name: string;
  /** The repository, which is copied for each run. */
  template: string;
  args: readonly string[];
  stdin?: string;
  env?: Readonly<Record<string, string>>;
  exit?: number;
  way?: Way;
  /** The refs before it, where that is not what the template holds. */
  before?: string;
  ends?: readonly string[];
  next?: (cwd: string, random: number) => void;
}

/** Makes a subject; runs it once. */
export function subjectOf(options: SubjectOptions): Subject {
  const { name, template, args, stdin = "", env = {}, exit = 0, way = "one by one" } = options;
  const tried = copyOf(template);
  const { calls, ended } = callsOf(args, { cwd: tried, stdin, env });
  assert.equal(ended.exit, exit, `${name}: ${ended.stderr}`);
  assert.ok(calls.length > 15, `${name}: strace saw hardly any call`);
  return {
    name,
    args,
    stdin,
    env,
    exit,
    way,
    start: refsIn(template),
    before: options.before ?? refsIn(template),
    after: refsIn(tried),
    ends: options.ends ?? null,
    names: new Set([...namesIn(template), ...namesIn(tried)]),
    calls,
    fresh: () => copyOf(template),
    discard: (cwd) => rmSync(dirname(cwd), { recursive: true }),
    next: options.next ?? typeSomething,
  };
}

/** All refs and `HEAD` with their values, and what symbolic ones name, without those that keep replaced objects. */
export function refsIn(cwd: string): string {
  const format = "--format=%(refname) %(objectname)%(if)%(symref)%(then) %(symref)%(end)";
  const refs = gitText(["for-each-ref", format], cwd).split("\n");
  const head = readFileSync(join(cwd, ".git/HEAD"), "utf8").trimEnd();
  return [`HEAD ${head}`, ...refs.filter((line) => !line.startsWith("refs/lattice/"))].join("\n");
}

/** Names of all files and folders in `.git` but of objects; ids in them are all the same. */
export function namesIn(cwd: string): string[] {
  const all = readdirSync(join(cwd, ".git"), { recursive: true }) as string[];
  return all.filter((path) => !path.startsWith("objects/")).map((path) =>
    path.replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "<id>").replace(
      /[0-9a-f]{40}/g,
      "<oid>",
    )
  );
}

/** Copies a repository; names that share a file share one in the copy. */
export function copyOf(template: string): string {
  const copy = join(temporaryFolder(), "repository");
  execFileSync("cp", ["-a", "--reflink=auto", template, copy]);
  return copy;
}

/** Somebody types `lattice recover`, or just another command that changes refs. */
function typeSomething(cwd: string, random: number): void {
  const args = random % 2 === 0 ? ["recover"] : ["meta", "delete", "not-there"];
  const ended = lattice(args, { cwd });
  assert.equal(ended.exit, random % 2, `${args.join(" ")}: ${ended.stderr}`);
}

/** Somebody types `lattice recover`, and `lattice abort` where an operation waits for a person. */
export function abortIfPaused(cwd: string): void {
  for (const args of [["recover"], ["op", "status"], ["abort"]]) {
    const ended = lattice(args, { cwd });
    if (args[0] === "op" && ended.exit === 0) return;
    if (args[0] !== "op") assert.equal(ended.exit, 0, `${args.join(" ")}: ${ended.stderr}`);
  }
}
