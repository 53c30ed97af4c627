/**
 * `git symbolic-ref`: reads, writes and deletes refs that name other refs.
 *
 * @module
 */
import { checkRefName } from "../../git/refs/names.ts";
import type { Repository } from "../../git/repository.ts";
import { LatticeError } from "../../platform/errors.ts";
import { nameToBytes } from "../../platform/text.ts";
import { escapeMessage } from "../escape.ts";
import { type GitCommand, type GitContext, GitExit } from "./context.ts";
import { type OptionSyntax, parseOptions, usageError } from "./parse_options.ts";
import { isDamagedRef, readRefOrNull } from "./ref_item.ts";
import { shortenRef } from "./ref_short_name.ts";
import { writeRefs } from "./ref_writing.ts";

interface Settings {
  quiet: boolean;
  delete: boolean;
  short: boolean;
  recurse: boolean;
  message: string | null;
}

/** Runs the command. */
export const run: GitCommand = (context, args) => {
  const settings: Settings = { quiet: false, delete: false, short: false, recurse: true, message: null };
  const syntax = syntaxOf(settings);
  const positional = parseOptions(context, syntax, args);
  if (settings.message === "") throw new GitExit(128, "fatal: Refusing to perform update with empty message");
  const [name, target] = positional;
  if (settings.delete) {
    if (positional.length !== 1) throw usageError(syntax, "");
    return deleteSymbolic(context, name!);
  }
  if (positional.length === 1) return show(context, settings, name!);
  if (positional.length === 2) return point(context, settings, name!, target!);
  throw usageError(syntax, "");
};

function syntaxOf(settings: Settings): OptionSyntax {
  return {
    usage: [
      "git symbolic-ref [-m <reason>] <name> <ref>",
      "git symbolic-ref [-q] [--short] [--no-recurse] <name>",
      "git symbolic-ref --delete [-q] <name>",
    ],
    options: [
      { long: ["quiet"], short: "q", value: "none", apply: (_, negated) => settings.quiet = !negated },
      { long: ["delete"], short: "d", value: "none", apply: (_, negated) => settings.delete = !negated },
      { long: ["short"], value: "none", apply: (_, negated) => settings.short = !negated },
      { long: ["recurse"], value: "none", apply: (_, negated) => settings.recurse = !negated },
      { short: "m", value: "required", apply: (value) => settings.message = value },
    ],
  };
}

/** The ref that a symbolic one leads to; `null`: it is not symbolic, or not there. */
function targetOf(repository: Repository, name: string, recurse: boolean): string | null {
  try {
    const entry = repository.refs.read(name);
    if (entry?.value.kind !== "symbolic") return null;
    return recurse ? repository.refs.resolve(name).name : entry.value.target;
  } catch (error) {
    if (isDamagedRef(error)) throw new GitExit(128, `fatal: No such ref: ${name}`);
    throw error;
  }
}

function show(context: GitContext, settings: Settings, name: string): number {
  const repository = context.repository();
  const target = targetOf(repository, name, settings.recurse);
  if (target === null) {
    if (settings.quiet) return 1;
    throw new GitExit(128, `fatal: ref ${name} is not a symbolic ref`);
  }
  const shown = settings.short ? shortenRef(repository, target, false) : target;
  context.streams.write(nameToBytes(`${shown}\n`));
  return 0;
}

function deleteSymbolic(context: GitContext, name: string): Promise<number> {
  if (targetOf(context.repository(), name, false) === null) {
    throw new GitExit(128, `fatal: Cannot delete ${name}, not a symbolic ref`);
  }
  if (name === "HEAD") throw new GitExit(128, "fatal: deleting 'HEAD' is not allowed");
  return change(context, name, { kind: "delete" }, "");
}

function point(context: GitContext, settings: Settings, name: string, target: string): Promise<number> {
  if (name === "HEAD" && !target.startsWith("refs/")) {
    throw new GitExit(128, "fatal: Refusing to point HEAD outside of refs/");
  }
  if (checkRefName(target, { allowOneLevel: true }) !== null) {
    throw new GitExit(128, `fatal: Refusing to set '${name}' to invalid ref '${target}'`);
  }
  // Where the target leads to no object, git notes nothing; else every move, even with an empty message.
  const noted = readRefOrNull(context.repository(), target) !== null;
  return change(context, name, { kind: "set-symbolic", target }, noted ? settings.message ?? "" : undefined);
}

async function change(
  context: GitContext,
  name: string,
  wanted: { kind: "delete" } | { kind: "set-symbolic"; target: string },
  message: string | undefined,
): Promise<number> {
  try {
    await writeRefs(context, "symbolic-ref", [{
      name,
      expect: { kind: "any" },
      change: wanted,
      follow: false,
      ...(message === undefined ? {} : { message }),
    }], message ?? "");
    return 0;
  } catch (error) {
    if (!(error instanceof LatticeError) || error.code === "internal") throw error;
    throw new GitExit(1, `error: ${escapeMessage(error.message)}`);
  }
}
