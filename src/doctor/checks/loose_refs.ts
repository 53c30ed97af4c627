/**
 * Loose ref files that cannot be read as refs, and files whose names no ref may have.
 *
 * @module
 */
import type { RefValue } from "../../git/refs/store.ts";
import { type Check, type Examination, shownPath } from "../examination.ts";
import { type Finding, findingId, quote } from "../finding.ts";
import type { BrokenLoose } from "../loose_scan.ts";
import { restoreOrRemove } from "../ref_repair.ts";
import { lookAt, moveAside } from "../seen_file.ts";

const UNREADABLE: RefValue | null = null;

/** Looks at each loose ref by itself. */
export const LOOSE_REFS: Check = {
  name: "loose-refs",
  kinds: {
    "ref.empty": "a ref file has no bytes, as a power cut leaves it; git's fetch, push and gc fail",
    "ref.malformed": "a ref file holds neither an object name nor `ref: `, or is no file",
    "ref.unreadable": "a ref file may not be read by this user; what it holds may be sound",
    "ref.name": "a file among the refs has a name that no ref may have; git passes over it with a warning",
  },
  *examine(examination) {
    const { broken, misnamed } = examination.loose();
    for (const entry of broken) yield brokenRef(examination, entry);
    for (const entry of misnamed) {
      const finding = misnamedFile(examination, entry);
      if (finding !== null) yield finding;
    }
  },
};

function brokenRef(examination: Examination, { name, path, reason, forbidden }: BrokenLoose): Finding {
  const stat = examination.system.disk.lstat(path);
  const isEmpty = stat?.kind === "file" && stat.size === 0;
  if (forbidden !== undefined && !isEmpty) {
    // A value that nobody has read is not replaced: the permissions are what is wrong.
    return {
      id: findingId("ref.unreadable", name),
      severity: "error",
      subject: name,
      evidence: `${reason}; what it holds may be sound: ${forbidden}`,
      fix: null,
    };
  }
  const kind = isEmpty ? "ref.empty" : "ref.malformed";
  return {
    id: findingId(kind, name),
    severity: "error",
    subject: name,
    evidence: `${quote(shownPath(examination, path))}: ${reason}`,
    fix: restoreOrRemove(examination, name, UNREADABLE),
  };
}

function misnamedFile(examination: Examination, { name, path, reason }: BrokenLoose): Finding | null {
  const { system, repository } = examination;
  const seen = lookAt(system.disk, path);
  if (seen === null) return null; // gone meanwhile
  return {
    id: findingId("ref.name", name),
    severity: "warning",
    subject: name,
    evidence: `${quote(shownPath(examination, path))} (${seen.stat.size} bytes) is no ref: ${reason}`,
    fix: {
      preview: `move ${quote(shownPath(examination, path))} to lattice/aside/`,
      repair: { kind: "files", run: () => moveAside(system, repository.commonDir, seen) },
    },
  };
}
