/**
 * What the commands of the stack share: which branch is meant, which trunk, how what is damaged is told.
 *
 * @module
 */
import type { CommandContext } from "./context.ts";
import { EXIT_CODES, EXIT_OK } from "./exit_codes.ts";
import type { ParsedCommand } from "./parse.ts";
import type { Repository } from "../git/repository.ts";
import { currentBranch } from "../git/revisions/upstream.ts";
import { MetadataStore } from "../metadata/store.ts";
import { findTrunk } from "../metadata/trunk.ts";
import { LatticeError } from "../platform/errors.ts";
import { readStack, type StackReading } from "../stack/read.ts";

/** The stack, and the exit code that it deserves. */
export interface ToldStack extends StackReading {
  /** 0; once something damaged was told of, the code of the first. Ask when all facts were asked for. */
  exitCode(): number;
}

/** Reads the stack; each damaged document, branch or history is named on standard error, the rest is there. */
export function readToldStack(context: CommandContext, repository: Repository, trunk: string | null): ToldStack {
  let exitCode: number = EXIT_OK;
  const reading = readStack(repository, trunk, (_branch, error) => {
    context.log.error(error);
    if (exitCode === EXIT_OK) exitCode = EXIT_CODES[error.code];
  });
  return { ...reading, exitCode: () => exitCode };
}

/** Name of the trunk by configuration or by what is there, or `null`. */
export async function trunkName(context: CommandContext, repository: Repository): Promise<string | null> {
  return findTrunk(repository, (await context.settings()).trunk);
}

/**
 * The branch that the argument names, else the one that is checked out.
 *
 * @throws {LatticeError} `usage`: it is no name of a branch; there is no argument, and `HEAD` is detached.
 */
export function branchArgument(parsed: ParsedCommand, repository: Repository): string {
  const given = parsed.arguments[0];
  if (given !== undefined) {
    new MetadataStore(repository).refName(given);
    return given;
  }
  const current = currentBranch(repository);
  if (current !== null) return current;
  const oid = repository.refs.resolve("HEAD").oid;
  throw new LatticeError("usage", `no branch is checked out: HEAD is detached${oid === null ? "" : ` at ${oid}`}`, {
    hint: `name the branch: lattice ${parsed.command.join(" ")} <branch>`,
    details: { head: oid },
  });
}

/**
 * Insists that a branch has a place in the stack: it is tracked, or the trunk.
 *
 * @throws {LatticeError} `not_found`; or what is wrong with its document.
 */
function requirePlaced(repository: Repository, trunk: string | null, branch: string): void {
  if (new MetadataStore(repository).read(branch) === undefined && branch !== trunk) {
    throw notTracked(branch, trunk);
  }
}

/**
 * The branch that a command is asked about, and the stack around it.
 *
 * @throws {LatticeError} As {@link branchArgument} and {@link requirePlaced}.
 */
export async function readStackAround(
  context: CommandContext,
  parsed: ParsedCommand,
): Promise<{ branch: string; told: ToldStack }> {
  const repository = await context.openRepository();
  const branch = branchArgument(parsed, repository);
  const trunk = await trunkName(context, repository);
  requirePlaced(repository, trunk, branch);
  return { branch, told: readToldStack(context, repository, trunk) };
}

/**
 * The error for a branch without metadata.
 *
 * @param trunk The trunk, which nobody can track; `null` when it is not known.
 */
export function notTracked(branch: string, trunk: string | null): LatticeError {
  if (branch === trunk) {
    return new LatticeError("not_found", `branch ${JSON.stringify(branch)} is the trunk, which is not tracked`, {
      hint: "name one of the branches that are based on it; lattice log shows them",
      details: { branch },
    });
  }
  return new LatticeError("not_found", `branch ${JSON.stringify(branch)} is not tracked`, {
    hint: "lattice track <branch> --parent <branch> tracks it; lattice log shows those that are",
    details: { branch },
  });
}
