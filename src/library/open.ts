/**
 * Opens a repository for programs that use lattice as a library.
 *
 * @module
 */
import { type OpenOptions, openRepository as open } from "../git/open.ts";
import type { Repository } from "../git/repository.ts";
import { realSystem } from "../platform/real_system.ts";

/**
 * Opens the repository that a folder belongs to, found as git finds it.
 *
 * @param options Without any, the working directory and the environment of the process say which repository it is.
 * @throws {LatticeError} `not_a_repository`; `unsafe_repository`: it belongs to somebody else; `unsupported`: an
 *   unknown format; `invalid_data`: a configuration file is malformed; `io`.
 *
 * @example Read what is there
 * ```ts
 * import { openRepository } from "../mod.ts";
 *
 * function readMessage(folder: string, branch: string): string | null {
 *   const { refs, objects } = openRepository({ cwd: folder });
 *   const { oid } = refs.resolve(`refs/heads/${branch}`);
 *   const commit = oid === null ? null : objects.read(oid);
 *   return commit === null ? null : new TextDecoder().decode(commit.content).split("\n\n").slice(1).join("\n\n");
 * }
 * ```
 */
export function openRepository(options: OpenOptions = {}): Repository {
  return open(realSystem, options);
}
