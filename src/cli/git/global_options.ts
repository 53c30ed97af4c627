/**
 * The options that stand between `git` and the name of its command (git(1), "Options").
 *
 * As in git, most of them are another way to set an environment variable; they are handed on as such.
 *
 * @module
 */
import { GitExit } from "./context.ts";
import { GIT_COMMANDS } from "./names.ts";
import { VERSION } from "../version_number.ts";
import type { Host, System } from "../../platform/system.ts";

/** What the options say. */
export interface GitGlobals {
  /** The world with the working folder and the environment that they ask for. */
  readonly system: System;
  /** The command and its arguments. */
  readonly rest: readonly string[];
  /** What is to be printed instead of running a command. */
  readonly answer: { readonly text: string; readonly exitCode: number } | null;
}

/** Options that set a variable to a fixed value. */
const SWITCHES: Readonly<Record<string, readonly [string, string]>> = {
  "--no-replace-objects": ["GIT_NO_REPLACE_OBJECTS", "1"],
  "--no-lazy-fetch": ["GIT_NO_LAZY_FETCH", "1"],
  "--no-optional-locks": ["GIT_OPTIONAL_LOCKS", "0"],
  "--literal-pathspecs": ["GIT_LITERAL_PATHSPECS", "1"],
  "--no-literal-pathspecs": ["GIT_LITERAL_PATHSPECS", "0"],
  "--glob-pathspecs": ["GIT_GLOB_PATHSPECS", "1"],
  "--noglob-pathspecs": ["GIT_NOGLOB_PATHSPECS", "1"],
  "--icase-pathspecs": ["GIT_ICASE_PATHSPECS", "1"],
};

/** Options that set a variable to their value, which may follow as a word of its own. */
const VALUES: Readonly<Record<string, string>> = {
  "--git-dir": "GIT_DIR",
  "--work-tree": "GIT_WORK_TREE",
  "--namespace": "GIT_NAMESPACE",
};

/** Options of git that have no meaning here, and are refused by name. */
const UNSUPPORTED = [
  "--exec-path",
  "--html-path",
  "--man-path",
  "--info-path",
  "--paginate",
  "--super-prefix",
  "--list-cmds",
  "--attr-source",
  "--no-advice",
];

const USAGE = "usage: lattice git [-C <path>] [-c <name>=<value>] [--git-dir=<path>] [--work-tree=<path>] [--bare]\n" +
  "                   [--namespace=<name>] [--config-env=<name>=<envvar>] [--no-replace-objects]\n" +
  "                   [--no-lazy-fetch] [--no-optional-locks] <command> [<args>]\n" +
  `\ncommands: ${GIT_COMMANDS.join(", ")}\n`;

/**
 * Reads git's global options.
 *
 * @param gitDir `--git-dir` from before `git`, if it stood there.
 * @throws {GitExit} As git ends: 129 for an option that is unknown, unsupported or lacks its value; 128 for a folder
 *   that is not there.
 */
export function readGitGlobals(args: readonly string[], system: System, gitDir: string | undefined): GitGlobals {
  const env: Record<string, string | undefined> = { ...system.env };
  if (gitDir !== undefined) env["GIT_DIR"] = gitDir;
  let folder = system.host.workingDirectory;
  const answer = (text: string, exitCode = 0): GitGlobals => ({ system, rest: [], answer: { text, exitCode } });
  let at = 0;
  for (; at < args.length && args[at]!.startsWith("-"); at++) {
    const [name, attached] = splitOption(args[at]!);
    const value = (): string => attached ?? args[++at] ?? missing(name);
    if (name === "-h" || name === "--help") return answer(USAGE);
    if (name === "-v" || name === "--version") return answer(`lattice version ${VERSION}\n`);
    if (name === "-C" && attached === undefined) folder = enter(system, folder, value());
    else if (name === "-c" && attached === undefined) addConfig(env, value());
    else if (name === "--config-env") addConfigFromEnvironment(env, value());
    else if (VALUES[name] !== undefined) env[VALUES[name]] = value();
    else if (attached !== undefined) throw refused(args[at]!, name);
    else if (SWITCHES[name] !== undefined) env[SWITCHES[name][0]] = SWITCHES[name][1];
    else if (name === "--bare") {
      env["GIT_DIR"] ??= folder;
      env["GIT_IMPLICIT_WORK_TREE"] = "0";
    } else if (name !== "-P" && name !== "--no-pager") throw refused(args[at]!, name); // there is no pager to turn off
  }
  if (at === args.length) return answer(USAGE, 1);
  return { system: changed(system, folder, env), rest: args.slice(at), answer: null };
}

function splitOption(argument: string): [string, string | undefined] {
  const equals = argument.startsWith("--") ? argument.indexOf("=") : -1;
  return equals === -1 ? [argument, undefined] : [argument.slice(0, equals), argument.slice(equals + 1)];
}

function missing(name: string): never {
  throw new GitExit(129, `no value given for ${name}\n${USAGE.trimEnd()}`);
}

function refused(argument: string, name: string): GitExit {
  if (name === "-p" || UNSUPPORTED.includes(name)) {
    return new GitExit(129, `error: option \`${name}' is not supported`);
  }
  return new GitExit(129, `unknown option: ${argument}\n${USAGE.trimEnd()}`);
}

function enter(system: System, from: string, directory: string): string {
  if (directory === "") return from;
  const path = directory.startsWith("/") ? directory : `${from.replace(/\/$/, "")}/${directory}`;
  const kind = system.disk.stat(path)?.kind;
  if (kind !== "directory") {
    const reason = kind === undefined ? "No such file or directory" : "Not a directory";
    throw new GitExit(128, `fatal: cannot change to '${directory}': ${reason}`);
  }
  return system.disk.realPath(path) ?? path;
}

/** `-c name=value`, as the variable in which git hands such settings to its children. */
function addConfig(env: Record<string, string | undefined>, setting: string): void {
  const equals = setting.indexOf("=");
  const quoted = equals === -1
    ? singleQuoted(setting)
    : `${singleQuoted(setting.slice(0, equals))}=${singleQuoted(setting.slice(equals + 1))}`;
  const before = env["GIT_CONFIG_PARAMETERS"];
  env["GIT_CONFIG_PARAMETERS"] = before === undefined || before === "" ? quoted : `${before} ${quoted}`;
}

function addConfigFromEnvironment(env: Record<string, string | undefined>, setting: string): void {
  const equals = setting.lastIndexOf("=");
  if (equals === -1) throw new GitExit(128, `fatal: invalid config format: ${setting}`);
  const variable = setting.slice(equals + 1);
  if (variable === "") {
    throw new GitExit(128, `fatal: missing environment variable name for configuration '${setting.slice(0, equals)}'`);
  }
  const value = env[variable];
  if (value === undefined) {
    throw new GitExit(
      128,
      `fatal: missing environment variable '${variable}' for configuration '${setting.slice(0, equals)}'`,
    );
  }
  addConfig(env, `${setting.slice(0, equals)}=${value}`);
}

/** Quoted as git's `sq_quote_buf` does. */
function singleQuoted(text: string): string {
  return `'${text.replace(/['!]/g, (mark) => `'\\${mark}'`)}'`;
}

function changed(system: System, folder: string, env: Record<string, string | undefined>): System {
  const host = Object.create(system.host, { workingDirectory: { value: folder, enumerable: true } }) as Host;
  return Object.create(system, {
    host: { value: host, enumerable: true },
    env: { value: env, enumerable: true },
  }) as System;
}
