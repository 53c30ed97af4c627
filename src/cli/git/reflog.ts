/**
 * `git reflog`: shows, lists and shortens reflogs.
 *
 * @module
 */
import { checkRefName } from "../../git/refs/names.ts";
import { nameToBytes } from "../../platform/text.ts";
import { type GitCommand, type GitContext, GitExit } from "./context.ts";
import { type OptionSyntax, parseOptions, usageError } from "./parse_options.ts";
import { REFLOG_USAGE } from "./reflog_usage.ts";

/** Runs the command. */
export const run: GitCommand = async (context, args) => {
  const [name, ...rest] = args;
  switch (name) {
    case "exists":
      return testExistence(context, rest);
    case "list":
      return listReflogs(context, rest);
    case "expire":
      return (await import("./reflog_expire.ts")).expireReflogs(context, rest);
    case "delete":
      return (await import("./reflog_expire.ts")).deleteEntries(context, rest);
    case "drop":
    case "write":
      throw new GitExit(129, `error: \`git reflog ${name}' is not supported`);
    case "-h":
      if (rest.length === 0) parseOptions(context, { usage: Object.values(REFLOG_USAGE), options: [] }, args);
  }
  return (await import("./reflog_show.ts")).showReflogs(context, name === "show" ? rest : args);
};

function testExistence(context: GitContext, args: readonly string[]): number {
  const syntax: OptionSyntax = { usage: [REFLOG_USAGE.exists], options: [] };
  const [name] = parseOptions(context, syntax, args);
  if (name === undefined) throw usageError(syntax, "");
  if (checkRefName(name, { allowOneLevel: true }) !== null) {
    throw new GitExit(128, `fatal: invalid ref format: ${name}`);
  }
  return context.repository().refs.hasReflog(name) ? 0 : 1;
}

function listReflogs(context: GitContext, args: readonly string[]): number {
  const [extra] = parseOptions(context, { usage: [REFLOG_USAGE.list], options: [] }, args);
  if (extra !== undefined) throw new GitExit(255, `error: list does not accept arguments: '${extra}'`);
  const names = context.repository().refs.reflogNames();
  context.streams.write(nameToBytes(names.map((name) => `${name}\n`).join("")));
  return 0;
}
