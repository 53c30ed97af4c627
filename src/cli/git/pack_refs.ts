/**
 * `git pack-refs`: puts loose refs into `packed-refs`.
 *
 * @module
 */
import { compileWildmatch, type Matcher } from "../../git/wildmatch.ts";
import { escapeMessage } from "../escape.ts";
import type { GitCommand } from "./context.ts";
import { flag, type OptionSpec, type OptionSyntax, parseOptions, usageError } from "./parse_options.ts";
import { openPlumbingWriter } from "./ref_writing.ts";

interface Settings {
  all: boolean;
  prune: boolean;
  auto: boolean;
  include: string[];
  exclude: string[];
}

/** Runs the command. */
export const run: GitCommand = async (context, args) => {
  const settings: Settings = { all: false, prune: true, auto: false, include: [], exclude: [] };
  const syntax = syntaxOf(settings);
  if (parseOptions(context, syntax, args).length > 0) throw usageError(syntax, "");
  const { packRefs } = await import("../../engine/pack_refs.ts");
  using writer = await openPlumbingWriter(context, "pack-refs");
  const request = { isWanted: wantedTest(settings), prune: settings.prune, onlyIfWorthIt: settings.auto };
  const { left } = await writer.patiently(() => packRefs(writer, request));
  for (const { message } of left) context.streams.writeError(`error: ${escapeMessage(message)}\n`);
  return 0; // as in git, which leaves such refs as they are and says no more
};

function syntaxOf(settings: Settings): OptionSyntax {
  return {
    usage: ["git pack-refs [--all] [--no-prune] [--auto] [--include <pattern>] [--exclude <pattern>]"],
    options: [
      flag("all", (on) => settings.all = on),
      flag("prune", (on) => settings.prune = on),
      flag("auto", (on) => settings.auto = on),
      patternOption("include", settings),
      patternOption("exclude", settings),
    ],
  };
}

/** An option that may be given several times; its `--no-` form forgets what was given. */
function patternOption(name: "include" | "exclude", settings: Settings): OptionSpec {
  return {
    long: [name],
    value: "required",
    apply: (value, negated) => settings[name] = negated ? [] : [...settings[name], value!],
  };
}

/** Tags, where nothing else is said. */
function wantedTest({ all, include, exclude }: Settings): Matcher {
  const wanted = all ? [...include, "*"] : include.length === 0 ? ["refs/tags/*"] : include;
  const compile = (pattern: string) => compileWildmatch(pattern, { pathname: false, ignoreCase: false });
  const included = wanted.map(compile);
  const excluded = exclude.map(compile);
  return (name) => included.some((matches) => matches(name)) && !excluded.some((matches) => matches(name));
}
