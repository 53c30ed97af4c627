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
import { expandPath } from "../git/config/expand_path.ts";
import type { Repository } from "../git/repository.ts";
import { bytesToName, utf8 } from "../platform/text.ts";
import type { Transition } from "./attribution.ts";
import { HOOK_VARIABLE } from "./hooks.ts";
import { makeFolder } from "./paths.ts";

/**
 * The hooks that are handed on. Not among them: those whose mere presence changes what git does
 * (`push-to-checkout`, `proc-receive`, `post-index-change`).
 */
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

/** Of so many refs of one git command the value before is asked for where git does not say it; it costs a process. */
const QUESTIONS_MAX = 16;

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
 */
export function makeChildHooks(repository: Repository, folder: string): Record<string, string> {
  const { system } = repository;
  makeFolder(system, hooksFolder(folder));
  makeFolder(system, notesFolder(folder));
  const configured = repository.config.get("core.hookspath");
  const text = utf8(hookScript(repository, folder, configured));
  for (const name of HOOKS) {
    using file = system.disk.create(`${hooksFolder(folder)}/${name}`, 0o777);
    file.write(text);
  }
  const count = Number(system.env["GIT_CONFIG_COUNT"] ?? "0");
  return {
    GIT_CONFIG_COUNT: String(count + 1),
    [`GIT_CONFIG_KEY_${count}`]: "core.hooksPath",
    [`GIT_CONFIG_VALUE_${count}`]: hooksFolder(folder),
  };
}

function hookScript(repository: Repository, folder: string, configured: string | undefined): string {
  const { system, commonDir } = repository;
  // A relative one is relative to where git runs its hooks, and so are ours.
  const own = configured === undefined ? `${commonDir}/hooks` : expandPath(system, configured);
  const count = system.env["GIT_CONFIG_COUNT"];
  return `#!/bin/sh
# Made by lattice for as long as one operation lasts: tells which refs git changes, and hands on to the hook proper.
name=\${0##*/}
${count === undefined ? "unset GIT_CONFIG_COUNT" : `export GIT_CONFIG_COUNT=${quoted(count)}`}
if [ -n "\${GIT_DIR-}" ]; then git_dir=$GIT_DIR
elif [ -d .git ]; then git_dir=.git
elif [ -f .git ]; then read -r _ git_dir <.git
else git_dir=.
fi
git_dir=$(cd "$git_dir" 2>/dev/null && pwd -P)
case $git_dir/ in
${quoted(`${commonDir}/`)}*) hook=${quoted(own)}/$name ;;
*) # another repository
  hook=$(git rev-parse --git-path "hooks/$name") || exit 1
  [ -x "$hook" ] || exit 0
  exec "$hook" "$@" ;;
esac
case $hook in /*) ;; *) hook=./$hook ;; esac
export GIT_CONFIG_COUNT=${Number(count ?? "0") + 1}
if [ "$name $1" != "reference-transaction prepared" ] || [ -n "\${${HOOK_VARIABLE}-}" ]; then
  [ -x "$hook" ] || exit 0
  exec "$hook" "$@"
fi
lines=
notes=
asked=0
while read -r old new ref; do
  lines="$lines$old $new $ref
"
  case $old in
  *[!0]*) ;;
  *)
    asked=$((asked + 1))
    if [ "$asked" -le ${QUESTIONS_MAX} ]; then
      old=$(git rev-parse --verify --quiet "$ref") || old=none
    else
      old=unknown
    fi ;;
  esac
  notes="$notes$old $new $ref
"
done
printf '%s' "$notes" >>${quoted(notesFolder(folder))}/$$ || exit 1
[ -x "$hook" ] || exit 0
printf '%s' "$lines" | "$hook" "$@"
`;
}

/** Quoted for the shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** What the hooks noted. A line that is not whole tells nothing, so what it was about counts as somebody else's. */
export function readNotes(repository: Repository, folder: string): Transition[] {
  const { disk } = repository.system;
  const { hexLength } = repository.objectFormat;
  const transitions: Transition[] = [];
  for (const { name, kind } of disk.list(notesFolder(folder)) ?? []) {
    const bytes = kind === "file" ? disk.readFile(`${notesFolder(folder)}/${name}`) : null;
    for (const line of bytes === null ? [] : bytesToName(bytes).split("\n").slice(0, -1)) {
      const [old, next, ref] = line.split(" ");
      if (ref === undefined || ref === "" || !isNoted(old!, hexLength) || !isNoted(next!, hexLength)) continue;
      transitions.push({ ref, old: old === "unknown" ? undefined : valueOf(old!), new: valueOf(next!) });
    }
  }
  return transitions;
}

function isNoted(text: string, hexLength: number): boolean {
  return text === "none" || text === "unknown" || text.startsWith("ref:") ||
    (text.length === hexLength && /^[0-9a-f]+$/.test(text));
}

/** A value as it stands in a journal. */
function valueOf(text: string): string | null {
  if (text === "none" || /^0+$/.test(text)) return null;
  return text.startsWith("ref:") ? `ref: ${text.slice("ref:".length)}` : text;
}
