/**
 * The hook that lattice installs: a few lines of POSIX shell that run the binary, and the hook that was there before.
 *
 * Its second line says that it is ours and holds a digest of all lines below, so that whoever reads it, a later version
 * too, can tell whether somebody changed it. What is written is described in `docs/formats.md`.
 *
 * @module
 */
import { hashHex } from "../platform/hash.ts";
import { bytesToName, concatBytes, nameToBytes } from "../platform/text.ts";

/** Hooks that lattice has something to do in. */
export const HOOK_NAMES = ["pre-push", "reference-transaction"] as const;

/** Name of such a hook. */
export type HookName = typeof HOOK_NAMES[number];

/** Behind the name of a hook: the one that was there before. */
export const KEPT_SUFFIX = ".before-lattice";

/** What tells whether the hook that was there before is still the same: `<mode> <digest>`, or {@link NOTHING_KEPT}. */
export type KeptMark = string;

/** No hook was there before. */
export const NOTHING_KEPT: KeptMark = "none";

/** What decides the bytes of a hook. */
export interface HookScript {
  readonly name: HookName;
  /** Absolute path of the binary; `null`: whatever `lattice` is on `PATH`. */
  readonly program: string | null;
  /** What was there before. */
  readonly kept: KeptMark;
}

/** The bytes of a hook. */
export function writeScript(script: HookScript): Uint8Array {
  const { name, kept } = script;
  const commands = name === "pre-push" ? prePush(script) : referenceTransaction(script);
  const body = nameToBytes(
    `# ${name}: \`lattice hook install\` made this, \`lattice hook uninstall\` puts back what was here before.
# before: ${kept}
${commands}`,
  );
  return concatBytes([nameToBytes(`#!/bin/sh\n# lattice hook 1 ${digest(body)}\n`), body]);
}

/**
 * Reads a hook.
 *
 * @returns What was there before it; `changed`: it is ours, and somebody edited it; `null`: it is not ours.
 */
export function readScript(bytes: Uint8Array): { kept: KeptMark } | "changed" | null {
  const text = bytesToName(bytes);
  const head = /^#!\/bin\/sh\n# lattice hook [0-9]+ ([0-9a-f]*)\n/.exec(text);
  if (head === null) return null;
  const body = text.slice(head[0].length);
  const kept = /^# before: (.+)$/m.exec(body)?.[1];
  return kept === undefined || head[1] !== digest(nameToBytes(body)) ? "changed" : { kept };
}

function digest(bytes: Uint8Array): string {
  return hashHex("sha256", bytes);
}

function prePush({ name, program, kept }: HookScript): string {
  const find = `${findProgram(program)} || {
${indent(complain(name, program, kept), 2)}
  exit 1
}
`;
  if (kept === NOTHING_KEPT) return `${find}exec "$lattice" hook pre-push "$@"\n`;
  return `${find}${READ_INPUT}
${INPUT} | "$lattice" hook pre-push "$@" || exit
${PASS_OVER} || exit 0
${INPUT} | "$kept" "$@"
`;
}

/**
 * Whoever installed it relies on a journal, so without the binary git is refused in the one state where every version
 * can be; in the others nothing can be stopped any more. What lattice itself updates has its journal: there the binary is
 * not even started.
 */
function referenceTransaction({ name, program, kept }: HookScript): string {
  const command = `"$lattice" hook reference-transaction "$@"`;
  if (kept === NOTHING_KEPT) {
    return `[ -z "\${LATTICE_IN_HOOK-}" ] || exit 0
${findProgram(program)} || {
  [ "$1" = prepared ] || exit 0
${indent(complain(name, program, kept), 2)}
  exit 1
}
exec ${command}
`;
  }
  return `${READ_INPUT}
status=0
if [ -n "\${LATTICE_IN_HOOK-}" ]; then
  :
elif ${findProgram(program)}; then
  ${INPUT} | ${command} || status=$?
elif [ "$1" = prepared ]; then
${indent(complain(name, program, kept), 2)}
  status=1
fi
${PASS_OVER} || exit "$status"
${INPUT} | "$kept" "$@" || status=$?
exit "$status"
`;
}

/** Two programs read what git gives once. The dot keeps the last newline. */
const READ_INPUT = `kept=$0${KEPT_SUFFIX}
input=$(cat && echo .) || exit`;

/** Says nothing where the reader has gone. */
const INPUT = `printf %s "\${input%.}" 2>/dev/null`;

/** As in git, a hook that may not be executed is passed over. One that is gone is not: then the shell says so. */
const PASS_OVER = `[ -x "$kept" ] || [ ! -e "$kept" ]`;

/** A condition that is true once `lattice` is what to run. */
function findProgram(program: string | null): string {
  const onPath = "lattice=$(command -v lattice)";
  return program === null ? onPath : `{ lattice=${quoted(program)} && [ -x "$lattice" ]; } || ${onPath}`;
}

function complain(name: HookName, program: string | null, kept: KeptMark): string {
  const places = program === null ? "there is none on PATH" : `neither ${program} nor one on PATH is there`;
  const remedy = kept === NOTHING_KEPT ? `rm '$0'` : `mv '$0${KEPT_SUFFIX}' '$0'`;
  return `echo ${quoted(`error: the ${name} hook cannot run lattice: ${places}`)} >&2
echo "hint: install it again, or do without the hook: ${remedy}" >&2`;
}

function indent(text: string, width: number): string {
  return text.split("\n").map((line) => " ".repeat(width) + line).join("\n");
}

/** Quoted for the shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
