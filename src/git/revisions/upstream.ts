/**
 * Which ref a branch is compared with: its upstream, and the ref that a push would move (gitrevisions,
 * `@{upstream}` and `@{push}`), read from the configuration.
 *
 * @module
 */
import type { Config } from "../config/config.ts";
import type { Repository } from "../repository.ts";
import { completeRefName } from "./ref_names.ts";

/** A refspec of a remote. */
interface Refspec {
  readonly negative: boolean;
  readonly source: string;
  /** `null` when it has none. */
  readonly target: string | null;
}

/** Where branches are. */
const HEADS = "refs/heads/";

/** Short name of the branch that is checked out; `null`: `HEAD` points to none. @throws {LatticeError} `invalid_data`. */
export function currentBranch(repository: Repository): string | null {
  const head = repository.refs.read("HEAD")?.value;
  return head?.kind === "symbolic" && head.target.startsWith(HEADS) ? head.target.slice(HEADS.length) : null;
}

/** The remote that a branch is configured to fetch from, or `null`. */
export function remoteOfBranch(config: Config, branch: string): string | null {
  return config.get(`branch.${branch}.remote`) ?? null;
}

/** The remote that a branch is configured to be pushed to, or `null`. */
export function pushRemoteOfBranch(config: Config, branch: string): string | null {
  return config.get(`branch.${branch}.pushremote`) ?? config.get("remote.pushdefault") ??
    remoteOfBranch(config, branch);
}

/** The name, at the remote, of the branch that is merged by a pull; `null` when none is configured. */
export function mergeOfBranch(config: Config, branch: string): string | null {
  if (remoteOfBranch(config, branch) === null) return null;
  return config.getAll(`branch.${branch}.merge`)[0] ?? null;
}

/**
 * Full name of a branch's upstream here; it need not exist.
 *
 * @param branch Short name.
 * @returns `null`: none is configured, or it is not fetched to anywhere.
 * @throws {LatticeError} `invalid_data`: it is a ref of this repository, and that is damaged.
 */
export function upstreamOfBranch({ config, refs }: Repository, branch: string): string | null {
  const remote = remoteOfBranch(config, branch);
  const merge = mergeOfBranch(config, branch);
  if (remote === null || merge === null) return null;
  const tracked = trackingRef(config, remote, merge);
  if (tracked !== null || remote !== ".") return tracked;
  const found = completeRefName(refs, merge);
  return found.length === 1 ? found[0]!.end.name : merge;
}

/**
 * Full name of the ref here that follows what a push of a branch changes.
 *
 * @param branch Short name.
 * @returns `null`: there is none, or a push is refused.
 * @throws {LatticeError} As {@link upstreamOfBranch}.
 */
export function pushTargetOfBranch(repository: Repository, branch: string): string | null {
  const { config } = repository;
  const remote = pushRemoteOfBranch(config, branch) ?? "origin";
  const pushed = config.getAll(`remote.${remote}.push`).map(parseRefspec);
  const full = `${HEADS}${branch}`;
  if (pushed.length > 0) {
    const target = applyRefspecs(pushed, full);
    return target === null ? null : trackingRef(config, remote, target);
  }
  if (config.getBoolean(`remote.${remote}.mirror`) === true) return trackingRef(config, remote, full);
  return defaultPushTarget(repository, branch, remote);
}

function defaultPushTarget(repository: Repository, branch: string, remote: string): string | null {
  const { config } = repository;
  const same = trackingRef(config, remote, `${HEADS}${branch}`);
  switch (config.get("push.default") ?? "simple") {
    case "nothing":
      return null;
    case "matching":
    case "current":
      return same;
    case "upstream":
    case "tracking":
      return upstreamOfBranch(repository, branch);
    default:
      return same !== null && same === upstreamOfBranch(repository, branch) ? same : null;
  }
}

/** The name, at the remote, that a push by explicit refspecs changes; `null` when no refspec names the branch. */
export function pushedNameOfBranch(config: Config, branch: string): string | null {
  const remote = pushRemoteOfBranch(config, branch) ?? "origin";
  return applyRefspecs(config.getAll(`remote.${remote}.push`).map(parseRefspec), `${HEADS}${branch}`);
}

/** Where the fetch refspecs of a remote put one of its refs. */
export function trackingRef(config: Config, remote: string, name: string): string | null {
  return applyRefspecs(config.getAll(`remote.${remote}.fetch`).map(parseRefspec), name);
}

function parseRefspec(text: string): Refspec {
  const negative = text.startsWith("^");
  const bare = text.replace(/^[+^]/, "");
  const colon = bare.lastIndexOf(":");
  return {
    negative,
    source: colon < 0 ? bare : bare.slice(0, colon),
    target: colon < 0 ? null : bare.slice(colon + 1),
  };
}

function applyRefspecs(specs: readonly Refspec[], name: string): string | null {
  if (specs.some((spec) => spec.negative && starMatch(spec.source, name) !== null)) return null;
  for (const { negative, source, target } of specs) {
    if (negative || target === null || source === "") continue;
    const middle = starMatch(source, name);
    if (middle !== null) return target.replace("*", () => middle);
  }
  return null;
}

/** What the star of a pattern stands for, empty when there is no star; `null` when the name does not match. */
function starMatch(pattern: string, name: string): string | null {
  const star = pattern.indexOf("*");
  if (star < 0) return pattern === name ? "" : null;
  const before = pattern.slice(0, star);
  const after = pattern.slice(star + 1);
  const fits = name.length >= before.length + after.length && name.startsWith(before) && name.endsWith(after);
  return fits ? name.slice(before.length, name.length - after.length) : null;
}
