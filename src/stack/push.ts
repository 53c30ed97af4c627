/**
 * A push that git is about to make, as its hook is told of it (githooks, "pre-push"), and what the remote has.
 *
 * @module
 */
import type { Config } from "../git/config/config.ts";
import type { ObjectFormat, Oid } from "../git/object_format.ts";
import { isOid } from "../git/object_format.ts";
import type { Repository } from "../git/repository.ts";
import { mergeOfBranch, remoteOfBranch, trackingRef } from "../git/revisions/upstream.ts";
import { LatticeError } from "../platform/errors.ts";
import { bytesToName } from "../platform/text.ts";

/** A ref that is to be pushed. */
export interface PushedRef {
  /** What is pushed: a full name, or as the user gave it; `(delete)` for a deletion. */
  readonly localRef: string;
  /** Zeros for a deletion. */
  readonly localOid: Oid;
  /** Full name at the remote. */
  readonly remoteRef: string;
  /** What the remote has now; zeros: nothing. */
  readonly remoteOid: Oid;
}

/** A push. */
export interface Push {
  /** Name of the remote, or its URL where it was given by that. */
  readonly remote: string;
  readonly refs: readonly PushedRef[];
}

/**
 * Reads the lines that git gives the hook: `<local ref> SP <local oid> SP <remote ref> SP <remote oid>`.
 *
 * @throws {LatticeError} `usage`: a line is something else; its number is named.
 */
export function parsePushedRefs(bytes: Uint8Array, format: ObjectFormat): PushedRef[] {
  const lines = bytesToName(bytes).split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line, index) => {
    // From the end: what the user gave may hold blanks (`topic@{1 hour ago}`), names and object names cannot.
    const [, localRef, localOid, remoteRef, remoteOid] = /^(.+) ([^ ]+) ([^ ]+) ([^ ]+)$/s.exec(line) ?? [];
    if (remoteOid !== undefined && isOid(format, localOid!) && isOid(format, remoteOid)) {
      return { localRef: localRef!, localOid: localOid!, remoteRef: remoteRef!, remoteOid };
    }
    throw new LatticeError("usage", `line ${index + 1} of standard input is not of git's pre-push form`, {
      hint: "`git push` runs this command as its hook; its lines are <local ref> <oid> <remote ref> <oid>",
      details: { line: index + 1 },
    });
  });
}

const HEADS = "refs/heads/";

/** Which branches the remote has, or will have after the push, as far as it is known here. */
export class RemoteView {
  readonly #repository: Repository;
  readonly #remote: string;
  readonly #pushed = new Set<string>();
  readonly #deleted = new Set<string>();

  /** @param push The push; its deletions count. */
  constructor(repository: Repository, push: Push) {
    this.#repository = repository;
    this.#remote = remoteName(repository.config, push.remote);
    for (const { localRef, localOid, remoteRef } of push.refs) {
      if (localOid === repository.objectFormat.zero) {
        this.#deleted.add(remoteRef);
      } else if (remoteRef.startsWith(HEADS)) {
        this.#pushed.add(remoteRef);
        this.#pushed.add(localRef);
      }
    }
  }

  /**
   * Whether the remote has a branch, by its own name or by that of its upstream.
   *
   * @param branch Short name here.
   */
  has(branch: string): boolean {
    if (this.#pushed.has(HEADS + branch)) return true;
    return this.#isTracked(HEADS + branch) || this.#isTracked(this.#upstreamName(branch));
  }

  #upstreamName(branch: string): string | null {
    const { config } = this.#repository;
    return remoteOfBranch(config, branch) === this.#remote ? mergeOfBranch(config, branch) : null;
  }

  #isTracked(name: string | null): boolean {
    if (name === null || this.#deleted.has(name)) return false;
    const tracking = trackingRef(this.#repository.config, this.#remote, name);
    return tracking !== null && this.#repository.refs.read(tracking) !== null;
  }
}

/** The configured remote that a name or a URL means; what was given, when there is none. */
function remoteName(config: Config, given: string): string {
  const named = (key: string) => /^remote\.(.*)\.(?:push)?url$/s.exec(key)?.[1];
  if (config.get(`remote.${given}.fetch`) !== undefined) return given;
  return config.entries.flatMap(({ key, value }) => value === given ? named(key) ?? [] : [])[0] ?? given;
}
