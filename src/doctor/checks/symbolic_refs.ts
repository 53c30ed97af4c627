/**
 * Symbolic refs that lead nowhere: to a ref that does not exist, in a circle, or over more refs than git follows.
 *
 * A `HEAD` that names a ref which does not exist is no damage: that ref is unborn.
 *
 * @module
 */
import { filesRefs } from "../../engine/files_refs.ts";
import { mendRef } from "../../engine/mend.ts";
import { SYMREF_DEPTH_MAX } from "../../git/refs/files/store.ts";
import type { RefValue } from "../../git/refs/store.ts";
import { isDamage } from "../../platform/errors.ts";
import type { Check, Examination } from "../examination.ts";
import { type Finding, findingId, type Fix, quote } from "../finding.ts";
import { isHead } from "../lost_values.ts";
import { restoreOrRemove } from "../ref_repair.ts";
import { isStill, keepCopyAside, lookAt } from "../seen_file.ts";

/** Where a symbolic ref leads. */
type End = { kind: "sound" } | { kind: "nowhere"; name: string } | { kind: "circle" } | { kind: "deep" };

/** Follows every symbolic ref. */
export const SYMBOLIC_REFS: Check = {
  name: "symbolic-refs",
  kinds: {
    "ref.dangling": "a symbolic ref names a ref that does not exist",
    "ref.loop": "symbolic refs lead in a circle, or over more refs than git follows",
  },
  *examine(examination) {
    for (const [name, value] of examination.loose().refs) {
      if (value.kind !== "symbolic") continue;
      const finding = judge(examination, name, value);
      if (finding !== null) yield finding;
    }
  },
};

function judge(examination: Examination, name: string, value: RefValue & { kind: "symbolic" }): Finding | null {
  const end = follow(examination, value.target);
  const shown = `${quote(name)} names ${quote(value.target)}`;
  switch (end.kind) {
    case "sound":
      return null;
    case "nowhere":
      if (isHead(name) && end.name.startsWith("refs/")) return null;
      return {
        id: findingId("ref.dangling", name),
        severity: "warning",
        subject: name,
        evidence: end.name === value.target
          ? `${shown}, and there is no such ref`
          : `${shown}, which leads to ${quote(end.name)}, and there is no such ref`,
        fix: removal(examination, name, value),
      };
    case "circle":
    case "deep":
      return {
        id: findingId("ref.loop", name),
        severity: "error",
        subject: name,
        evidence: end.kind === "circle"
          ? `${shown}, which leads in a circle`
          : `${shown}, which leads over more than the ${SYMREF_DEPTH_MAX} refs that git follows`,
        fix: removal(examination, name, value),
      };
  }
}

function follow(examination: Examination, target: string): End {
  const seen = new Set<string>();
  for (let name = target;;) {
    if (seen.has(name)) return { kind: "circle" };
    seen.add(name);
    const value = read(examination, name);
    if (value === "broken") return { kind: "sound" }; // a finding of its own
    if (value === null) return { kind: "nowhere", name };
    if (value.kind === "direct") return seen.size >= SYMREF_DEPTH_MAX ? { kind: "deep" } : { kind: "sound" };
    name = value.target;
  }
}

function read(examination: Examination, name: string): RefValue | null | "broken" {
  const loose = examination.loose();
  const value = loose.refs.get(name);
  if (value !== undefined) return value;
  if (loose.broken.some((entry) => entry.name === name)) return "broken";
  const record = examination.packed().byName.get(name)?.[0];
  if (record !== undefined) return { kind: "direct", oid: record.oid };
  if (name.startsWith("refs/")) return null;
  try {
    return filesRefs(examination.repository).readLoose(name)?.value ?? null;
  } catch (error) {
    if (isDamage(error)) return null; // a file that is no ref, such as `config`
    throw error;
  }
}

function removal(examination: Examination, name: string, value: RefValue): Fix | null {
  if (isHead(name)) return restoreOrRemove(examination, name, value);
  const { system, repository } = examination;
  const seen = lookAt(system.disk, filesRefs(repository).loosePath(name));
  if (seen === null) return null;
  return {
    preview: `remove the symbolic ref ${quote(name)}; its file is kept in lattice/aside/`,
    repair: {
      kind: "refs",
      run: (writer) =>
        mendRef(writer, {
          name,
          old: value,
          value: null,
          isAsFound: () => isStill(system.disk, seen),
          keepCopy: () => keepCopyAside(system, repository.commonDir, seen),
        }),
    },
  };
}
