/**
 * Hooks for the program of an `op run`: git's commands below it tell them which refs they change.
 *
 * They stand in a folder of the operation, which `core.hooksPath` names in the program's environment. There is one for
 * each of git's hooks, since that setting counts for whatever repository the program works in: each hands on to the
 * hook that would have run without it. What is noted is told in `docs/formats.md`.
 *
 * Based on githooks ("reference-transaction") and git-config (`GIT_CONFIG_COUNT`).
 *
 * @module
 */
import { readBounded } from "../git/bounded_file.ts";
import { expandPath } from "../git/config/expand_path.ts";
import { configTable } from "../git/config/table.ts";
import type { ConfigEntry } from "../git/config/config.ts";
import { findHook } from "../git/hooks_folder.ts";
import { isOid, type ObjectFormat } from "../git/object_format.ts";
import type { Repository } from "../git/repository.ts";
import { bytesToName, utf8 } from "../platform/text.ts";
import type { Transition } from "./attribution.ts";
import { type EngineContext, share } from "./context.ts";
import { nameEverywhere, ownName } from "./files_refs.ts";
import { HOOK_VARIABLE } from "./hooks.ts";
import { isOperationId } from "./operation_id.ts";
import { makeFolder } from "./paths.ts";

/** The hooks that are always handed on. */
const HOOKS = [
  "applypatch-msg",
  "commit-msg",
  "post-applypatch",
  "post-checkout",
  "post-commit",
  "post-merge",
  "post-receive",
  "post-rewrite",
  "post-update",
  "pre-applypatch",
  "pre-auto-gc",
  "pre-commit",
  "pre-merge-commit",
  "pre-push",
  "pre-rebase",
  "pre-receive",
  "prepare-commit-msg",
  "reference-transaction",
  "sendemail-validate",
  "update",
];

/** Hooks whose mere presence changes what git does: they are handed on where the repository has them. */
const HOOKS_IF_THERE = ["post-index-change", "proc-receive", "push-to-checkout"];

/** So many refs of one transaction are looked at by the shell, which reads byte by byte; the rest is copied. */
const LINES_MAX = 16;

/** In the notes: from this line on, a value before that is all zeros tells nothing. */
const UNSEEN = "unseen";

/** In the notes: what follows was changed in the worktree with the id that stands behind it. */
const WORKTREE = "worktree ";

function hooksFolder(folder: string): string {
  return `${folder}/hooks`;
}

function notesFolder(folder: string): string {
  return `${folder}/notes`;
}

/**
 * Makes the hooks.
 *
 * @param folder The operation's own folder, which is there.
 * @returns The environment that the program needs beside its own.
 * @throws {LatticeError} `io`.
 */
export function makeChildHooks(context: EngineContext, folder: string): Record<string, string> {
  const { system, repository } = context;
  for (const path of [hooksFolder(folder), notesFolder(folder)]) {
    makeFolder(system, path);
    share(context, path, "directory");
  }
  const own = ownHooks(repository);
  const there = HOOKS_IF_THERE.filter((name) => findHook(repository, name) !== null);
  const text = utf8(hookScript(repository, folder, own));
  for (const name of [...HOOKS, ...there]) {
    using file = system.disk.create(`${hooksFolder(folder)}/${name}`, 0o777);
    file.write(text);
  }
  // What the program replaces is kept once it has ended, so no `git gc` below it, nor one that it sets off, may take it.
  return moreConfig(system.env, [["core.hooksPath", hooksFolder(folder)], ["gc.pruneExpire", "never"]]);
}

/** Folder of the hooks that would run without ours; a relative one is relative to where git runs hooks. */
function ownHooks({ system, config, commonDir }: Repository): string {
  const configured = config.get("core.hookspath");
  return configured === undefined ? `${commonDir}/hooks` : expandPath(system, configured);
}

/**
 * The repository as it is without the hooks of an `op run` around us, whichever repository that began in: its hooks are
 * those that are there when the operation has ended.
 */
export function withoutChildHooks(repository: Repository): Repository {
  const { entries } = repository.config;
  if (!entries.some(namesChildHooks)) return repository;
  const config = configTable(entries.filter((entry) => !namesChildHooks(entry)));
  return Object.create(repository, { config: { value: config } }) as Repository;
}

/** Whether it is {@link makeChildHooks} that set it: nothing but an operation has a folder of such a name. */
function namesChildHooks({ key, value, scope }: ConfigEntry): boolean {
  if (key !== "core.hookspath" || scope !== "command") return false;
  const opId = /\/lattice\/ops\/([^/]+)\.d\/hooks$/.exec(value ?? "")?.[1];
  return opId !== undefined && isOperationId(opId);
}

/** How many settings the environment carries already. */
function configCount(env: Readonly<Record<string, string | undefined>>): number {
  return Number(env["GIT_CONFIG_COUNT"] ?? "0");
}

function moreConfig(
  env: Readonly<Record<string, string | undefined>>,
  settings: readonly (readonly [string, string])[],
): Record<string, string> {
  const count = configCount(env);
  const more: Record<string, string> = { GIT_CONFIG_COUNT: String(count + settings.length) };
  settings.forEach(([key, value], index) => {
    more[`GIT_CONFIG_KEY_${count + index}`] = key;
    more[`GIT_CONFIG_VALUE_${count + index}`] = value;
  });
  return more;
}

/**
 * The script. It starts no process for what it decides, since git calls it two or three times for each transaction, and
 * a `git fetch` makes one of each ref.
 */
function hookScript({ system, commonDir }: Repository, folder: string, own: string): string {
  const common = system.disk.realPath(commonDir) ?? commonDir;
  const count = configCount(system.env);
  return `#!/bin/sh
# Made by lattice for as long as one operation lasts: tells which refs git changes, and hands on to the hook proper.
name=\${0##*/}
if [ -n "\${GIT_DIR-}" ]; then git_dir=$GIT_DIR
elif [ -d .git ]; then git_dir=.git
elif [ -f .git ]; then read -r _ git_dir <.git
else git_dir=.
fi
here=$PWD
CDPATH= cd -P -- "$git_dir" && git_dir=$PWD && cd -- "$here" || exit 1
common=${quoted(common)}
worktree=\${git_dir#"$common/worktrees/"}
case $git_dir in
"$common") worktree= ;;
"$worktree") worktree=/ ;;
esac
case $worktree in
*/*) # another repository, perhaps a submodule of this one
  hook=$(GIT_CONFIG_COUNT=${count} git rev-parse --git-path "hooks/$name") || exit 1
  [ -x "$hook" ] || exit 0
  exec "$hook" "$@" ;;
esac
hook=${quoted(own)}/$name
case $hook in /*) ;; *) hook=./$hook ;; esac
if [ "$name $1" != "reference-transaction prepared" ] || [ -n "\${${HOOK_VARIABLE}-}" ]; then
  [ -x "$hook" ] || exit 0
  exec "$hook" "$@"
fi
notes=${quoted(notesFolder(folder))}/$$
input=
if [ -x "$hook" ]; then
  input=$notes.input
  cat >"$input" || exit 1
  exec <"$input"
fi
lines=${quoted(WORKTREE)}$worktree
count=0
while [ "$count" -lt ${LINES_MAX} ] && read -r old new ref; do
  count=$((count + 1))
  case $old in
  *[!0]*) ;;
  *) # git does not say; while it holds the ref's lock, nobody changes the file
    for file in "$git_dir/$ref" "$common/$ref" ""; do [ ! -f "$file" ] || break; done
    value=
    [ -z "$file" ] || read -r value target <"$file"
    case $value in
    ref:) old=ref:$target ;;
    *) old=\${value:-unknown} ;;
    esac ;;
  esac
  lines="$lines
$old $new $ref"
done
printf '%s\n' "$lines" >>"$notes" || exit 1
if [ "$count" -eq ${LINES_MAX} ]; then
  { echo ${UNSEEN} && cat; } >>"$notes" || exit 1
fi
[ -n "$input" ] || exit 0
"$hook" "$@" <"$input"
status=$?
rm -f -- "$input"
exit "$status"
`;
}

/** Quoted for the shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * What the hooks noted, each file by one process at a time.
 *
 * A line that is not whole tells nothing, so what it was about counts as somebody else's.
 */
export function readNotes(repository: Repository, folder: string): Transition[] {
  const { disk } = repository.system;
  const transitions: Transition[] = [];
  for (const { name, kind } of disk.list(notesFolder(folder)) ?? []) {
    const bytes = kind === "file" && /^[0-9]+$/.test(name) ? readBounded(disk, `${notesFolder(folder)}/${name}`) : null;
    if (bytes !== null) transitions.push(...transitionsOf(repository, bytesToName(bytes).split("\n").slice(0, -1)));
  }
  return transitions;
}

function transitionsOf(repository: Repository, lines: readonly string[]): Transition[] {
  const { objectFormat } = repository;
  const found: Transition[] = [];
  let worktreeId: string | null = null;
  let looked = true;
  for (const line of lines) {
    if (line.startsWith(WORKTREE)) {
      worktreeId = line.slice(WORKTREE.length) || null;
      looked = true;
      continue;
    }
    if (line === UNSEEN) looked = false;
    const [old = "", next = "", ref = ""] = line.split(" ");
    if (ref === "" || !isNoted(objectFormat, old) || !isNoted(objectFormat, next)) continue;
    found.push({
      ref: ownName(repository, nameEverywhere(worktreeId, ref)),
      old: old === "unknown" || (!looked && /^0+$/.test(old)) ? undefined : valueOf(old),
      new: valueOf(next),
    });
  }
  return found;
}

function isNoted(format: ObjectFormat, text: string): boolean {
  return text === "unknown" || text.startsWith("ref:") || isOid(format, text);
}

/** A value as it stands in a journal. */
function valueOf(text: string): string | null {
  if (/^0+$/.test(text)) return null;
  return text.startsWith("ref:") ? `ref: ${text.slice("ref:".length)}` : text;
}
