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
 */
export function openRepository(options: OpenOptions = {}): Repository {
  return open(realSystem, options);
}
