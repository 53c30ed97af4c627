/**
 * `git check-ref-format`: judges the names of refs and branches.
 *
 * @module
 */
import { checkBranchName, checkRefName, normalizeRefName } from "../../git/refs/names.ts";
import { nameToBytes } from "../../platform/text.ts";
import { expandBranchShorthand } from "./branch_shorthand.ts";
import { type GitCommand, type GitContext, GitExit } from "./context.ts";

const USAGE = "git check-ref-format [--normalize] [--[no-]allow-onelevel] [--refspec-pattern] <refname>\n" +
  "   or: git check-ref-format --branch <branchname-shorthand>";

/** Runs `git check-ref-format`. */
export const run: GitCommand = (context, args) => {
  if (args.length === 1 && args[0] === "-h") {
    context.streams.write(nameToBytes(`usage: ${USAGE}\n`));
    return 129;
  }
  if (args.length === 2 && args[0] === "--branch") return checkBranch(context, args[1]!);
  const flags = new Set(args.slice(0, -1));
  const name = args[args.length - 1];
  if (name === undefined || name.startsWith("-") || !areFlags(flags)) throw new GitExit(129, `usage: ${USAGE}`);
  return checkFullName(context, args.slice(0, -1), name);
};

function areFlags(flags: ReadonlySet<string>): boolean {
  const known = new Set(["--normalize", "--print", "--allow-onelevel", "--no-allow-onelevel", "--refspec-pattern"]);
  for (const flag of flags) {
    if (!known.has(flag)) return false;
  }
  return true;
}

function checkFullName(context: GitContext, flags: readonly string[], given: string): number {
  const normalize = flags.includes("--normalize") || flags.includes("--print");
  const name = normalize ? normalizeRefName(given) : given;
  const allowOneLevel = flags.lastIndexOf("--allow-onelevel") > flags.lastIndexOf("--no-allow-onelevel");
  const refspecPattern = flags.includes("--refspec-pattern");
  if (checkRefName(name, { allowOneLevel, refspecPattern }) !== null) return 1;
  if (normalize) context.streams.write(nameToBytes(`${name}\n`));
  return 0;
}

function checkBranch(context: GitContext, given: string): number {
  const repository = context.repositoryIfAny();
  const name = repository === null ? given : expandBranchShorthand(repository, given);
  if (given.startsWith("-") || checkBranchName(name) !== null) {
    throw new GitExit(128, `fatal: '${given}' is not a valid branch name`);
  }
  context.streams.write(nameToBytes(`${name}\n`));
  return 0;
}
