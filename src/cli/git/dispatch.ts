/**
 * `lattice git`: git's global options, then one of git's commands, with git's messages and exit codes.
 *
 * @module
 */
import { type GitCommand, type GitContext, GitExit } from "./context.ts";
import { GIT_COMMANDS, type GitCommandName } from "./names.ts";
import { readGitGlobals } from "./global_options.ts";
import { gitStreams } from "./streams.ts";
import { escapeMessage } from "../escape.ts";
import { EXIT_CLOSED_OUTPUT, EXIT_CODES } from "../exit_codes.ts";
import { environmentLockTimeoutMs } from "../settings.ts";
import { isCollisionAttack } from "../../git/objects/damage.ts";
import { openRepository } from "../../git/open.ts";
import { checkRefName } from "../../git/refs/names.ts";
import type { Repository } from "../../git/repository.ts";
import { LatticeError } from "../../platform/errors.ts";
import { ClosedOutputError, type Streams } from "../../platform/streams.ts";
import type { System } from "../../platform/system.ts";

/** What stood before `git` on the command line. */
export interface OuterOptions {
  readonly gitDir: string | undefined;
  /** Milliseconds. */
  readonly lockTimeoutMs: number | undefined;
}

const FAILURE = 128;

const LOADERS: Readonly<Record<GitCommandName, () => Promise<{ run: GitCommand }>>> = {
  "cat-file": () => import("./cat_file.ts"),
  "check-ref-format": () => import("./check_ref_format.ts"),
  "for-each-ref": () => import("./for_each_ref.ts"),
  "hash-object": () => import("./hash_object.ts"),
  "pack-refs": () => import("./pack_refs.ts"),
  "reflog": () => import("./reflog.ts"),
  "rev-parse": () => import("./rev_parse.ts"),
  "show-ref": () => import("./show_ref.ts"),
  "symbolic-ref": () => import("./symbolic_ref.ts"),
  "update-ref": () => import("./update_ref.ts"),
};

/** git looks for the repository of these before it reads their arguments, unless they are asked for their usage. */
const NEED_REPOSITORY: ReadonlySet<string> = new Set<GitCommandName>([
  "cat-file",
  "for-each-ref",
  "pack-refs",
  "reflog",
  "show-ref",
  "symbolic-ref",
  "update-ref",
]);

/**
 * Runs `lattice git …`.
 *
 * @param args What follows `git`.
 * @returns git's exit code.
 */
export async function runGitCommandLine(
  args: readonly string[],
  system: System,
  streams: Streams,
  outer: OuterOptions,
): Promise<number> {
  const output = gitStreams(streams);
  try {
    const globals = readGitGlobals(args, system, outer.gitDir);
    if (globals.answer !== null) {
      output.write(new TextEncoder().encode(globals.answer.text));
      return globals.answer.exitCode;
    }
    const [name, ...rest] = globals.rest;
    const load = Object.hasOwn(LOADERS, name!) ? LOADERS[name as GitCommandName] : undefined;
    if (load === undefined) throw unknownGitCommand(name!);
    if (rest.length === 1 && rest[0] === "--help") {
      const { renderGitHelp } = await import("../help.ts"); // where git shows the manual of the command
      output.write(new TextEncoder().encode(renderGitHelp()));
      return 0;
    }
    const { run } = await load();
    const context = createGitContext(globals.system, output, outer);
    const asksForUsage = rest.length === 1 && (rest[0] === "-h" || rest[0] === "--help-all");
    if (NEED_REPOSITORY.has(name!) && !asksForUsage) context.repository();
    return await run(context, rest);
  } catch (error) {
    return reportAsGit(error, output, system);
  }
}

function createGitContext(system: System, streams: Streams, outer: OuterOptions): GitContext {
  let opened: Repository | undefined;
  const context: GitContext = {
    system,
    streams,
    lockTimeoutMs: outer.lockTimeoutMs ?? environmentLockTimeoutMs(system),
    repository() {
      if (opened !== undefined) return opened;
      const repository = openRepository(system, { cwd: system.host.workingDirectory });
      refuseBadNamespace(system);
      return opened = repository;
    },
    repositoryIfAny() {
      try {
        return context.repository();
      } catch (error) {
        if (error instanceof LatticeError && error.code === "not_a_repository") return null;
        throw error;
      }
    },
  };
  return context;
}

/**
 * As git does once it has found a repository; no command that is here keeps to a namespace (gitnamespaces).
 *
 * @throws {GitExit} 128: the parts of the namespace make no name of a ref.
 */
function refuseBadNamespace({ env }: System): void {
  const given = env["GIT_NAMESPACE"] ?? "";
  const parts = given.match(/[^/]*\/|[^/]+$/g)?.filter((part) => part !== "/") ?? [];
  const path = parts.map((part) => `refs/namespaces/${part}`).join("");
  if (given === "" || checkRefName(path) === null) return;
  throw new GitExit(128, `fatal: bad git namespace path "${given}"`);
}

function unknownGitCommand(name: string): GitExit {
  return new GitExit(
    1,
    `git: '${name}' is not a git command. See 'git --help'.\n\nlattice has these: ${GIT_COMMANDS.join(", ")}`,
  );
}

/** Says what went wrong as git's `die()` does. */
function reportAsGit(error: unknown, streams: Streams, system: System): number {
  if (error instanceof ClosedOutputError) return EXIT_CLOSED_OUTPUT;
  if (error instanceof GitExit) {
    if (error.message !== "") streams.writeError(`${error.message}\n`);
    return error.exitCode;
  }
  if (error instanceof LatticeError && error.code === "not_a_repository") {
    // Word for word, since scripts look for it.
    streams.writeError("fatal: not a git repository (or any of the parent directories): .git\n");
    return FAILURE;
  }
  const message = error instanceof Error ? error.message : String(error);
  const internal = !(error instanceof LatticeError) || error.code === "internal";
  streams.writeError(`fatal: ${internal ? "internal error: " : ""}${escapeMessage(message)}\n`);
  if (internal && system.env["LATTICE_DEBUG"] === "1" && error instanceof Error) {
    streams.writeError(`${error.stack ?? ""}\n`);
  }
  if (error instanceof LatticeError && error.hint !== undefined) {
    streams.writeError(`hint: ${escapeMessage(error.hint)}\n`);
  }
  return isCollisionAttack(error) ? EXIT_CODES.invalid_data : FAILURE;
}
