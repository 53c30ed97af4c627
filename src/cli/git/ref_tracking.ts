/**
 * `%(upstream)` and `%(push)`: the ref that a branch is compared with, and how far apart they are.
 *
 * @module
 */
import {
  mergeOfBranch,
  pushedNameOfBranch,
  pushRemoteOfBranch,
  pushTargetOfBranch,
  remoteOfBranch,
  upstreamOfBranch,
} from "../../git/revisions/upstream.ts";
import type { TrackingForm } from "./ref_atom.ts";
import { readRefOrNull } from "./ref_item.ts";
import { formatRefName } from "./ref_short_name.ts";
import type { ValueSource } from "./ref_value.ts";

/**
 * The value of the field for a ref.
 *
 * @param refName Full name; only branches have an upstream, for others the value is empty.
 */
export function trackingValue(source: ValueSource, refName: string, form: TrackingForm): string {
  if (!refName.startsWith("refs/heads/")) return "";
  const { repository } = source;
  const { config } = repository;
  const branch = refName.slice("refs/heads/".length);
  const base = () => (form.push ? pushTargetOfBranch : upstreamOfBranch)(repository, branch);
  // Without an upstream nothing at all is told of the remote; of a push the remote is known without it.
  if (!form.push && base() === null) return "";
  if (form.show === "remotename") {
    return (form.push ? pushRemoteOfBranch(config, branch) : remoteOfBranch(config, branch)) ?? "";
  }
  if (form.show === "remoteref") {
    return (form.push ? pushedNameOfBranch(config, branch) : mergeOfBranch(config, branch)) ?? "";
  }
  const target = base();
  if (target === null) return "";
  if (form.show === "name") return formatRefName(repository, target, form.name);
  return distanceText(distance(source, refName, target), form);
}

/** How many commits each side has alone; `null` when one of them is no commit or is gone. */
function distance(source: ValueSource, refName: string, target: string): { ahead: number; behind: number } | null {
  const [ours, theirs] = [refName, target].map((name) => {
    const oid = readRefOrNull(source.repository, name);
    return oid === null ? null : source.commitOf(oid);
  });
  if (ours === null || theirs === null) return null;
  return source.ancestry.countVisible(ours!, theirs!);
}

function distanceText(apart: { ahead: number; behind: number } | null, form: TrackingForm): string {
  if (form.show === "trackshort") {
    if (apart === null) return "";
    if (apart.ahead > 0) return apart.behind > 0 ? "<>" : ">";
    return apart.behind > 0 ? "<" : "=";
  }
  if (apart === null) return bracketed("gone", form);
  const words: string[] = [];
  if (apart.ahead > 0) words.push(`ahead ${apart.ahead}`);
  if (apart.behind > 0) words.push(`behind ${apart.behind}`);
  return words.length === 0 ? "" : bracketed(words.join(", "), form);
}

function bracketed(text: string, form: TrackingForm): string {
  return form.brackets ? `[${text}]` : text;
}
