/**
 * What `LATTICE_OP` holds: `<op id>:<token>`, the right to be a part of an operation.
 *
 * A child of an operation may work in other repositories as well (`lattice -C`, the hooks of a repository that it pushes
 * to), where the claim means nothing. So the token ends with a mark of the repository that the operation began in: a
 * claim that is not known in a repository is somebody's mistake where it bears that repository's mark, or none.
 *
 * @module
 */
import { hashHex } from "../platform/hash.ts";
import type { System } from "../platform/system.ts";
import { nameToBytes, toHex } from "../platform/text.ts";
import type { Repository } from "../git/repository.ts";
import { isOperationId } from "./operation_id.ts";

/** In the environment of a command that is to be a part of an operation. */
export const JOIN_VARIABLE = "LATTICE_OP";

/** Length of the secret that a token begins with, and of the mark that it ends with, in digits. */
const SECRET_DIGITS = 32;
const MARK_DIGITS = 16;

/** `<op id>:<token>` of the operation that this command is to be a part of. */
export function joinClaim(env: System["env"]): string | undefined {
  const claim = env[JOIN_VARIABLE];
  return claim === "" ? undefined : claim;
}

/** Makes the token of an operation that begins in a repository. */
export function newSpanToken(repository: Repository): string {
  return toHex(repository.system.randomBytes(SECRET_DIGITS / 2)) + repositoryMark(repository);
}

/**
 * Whether a claim is that of an operation in another repository, going by its mark alone. It proves nothing: whoever
 * makes one up gets what a command without any claim gets.
 */
export function isForeignClaim(repository: Repository, claim: string): boolean {
  const [opId = "", token = "", ...rest] = claim.split(":");
  if (rest.length > 0 || !isOperationId(opId)) return false;
  if (token.length !== SECRET_DIGITS + MARK_DIGITS || !/^[0-9a-f]+$/.test(token)) return false;
  return token.slice(SECRET_DIGITS) !== repositoryMark(repository);
}

/** Tells repositories apart by where they are; all worktrees of one have the same. */
function repositoryMark({ system, commonDir }: Repository): string {
  const path = system.disk.realPath(commonDir) ?? commonDir;
  return hashHex("sha256", nameToBytes(`lattice repository ${path}`)).slice(0, MARK_DIGITS);
}
