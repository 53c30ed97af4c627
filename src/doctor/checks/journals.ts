/**
 * Journals that are damaged, of another version, or no files. A damaged one that has no end keeps every command that
 * changes refs from recovering.
 *
 * @module
 */
import { journalPath, opsFolder } from "../../engine/paths.ts";
import { type Check, type Examination, shownPath } from "../examination.ts";
import { type Finding, findingId, quote } from "../finding.ts";
import { type BrokenJournal, readableJournals } from "../journal_scan.ts";
import { lookAt, moveAside } from "../seen_file.ts";

/** Reads every journal, of large ones the ends. */
export const JOURNALS: Check = {
  name: "journals",
  kinds: {
    "journal.damaged": "a journal is damaged, or something that is no journal stands in its place",
    "journal.unknown": "a journal of another version of lattice",
  },
  *examine(examination) {
    for (const entry of readableJournals(examination).broken) yield judge(examination, entry);
  },
};

function judge(examination: Examination, { op, error }: BrokenJournal): Finding {
  const { system, repository } = examination;
  const path = op === "" ? opsFolder(repository.commonDir) : journalPath(repository.commonDir, op);
  const seen = lookAt(system.disk, path);
  const shown = shownPath(examination, path);
  const isOfOtherVersion = error.code === "unsupported" && seen?.stat.kind === "file";
  return {
    id: findingId(isOfOtherVersion ? "journal.unknown" : "journal.damaged", op === "" ? shown : op),
    severity: "error",
    subject: op === "" ? shown : op,
    evidence: isOfOtherVersion && error.hint !== undefined ? `${error.message}; ${error.hint}` : error.message,
    fix: seen === null || isOfOtherVersion || error.code === "io" ? null : {
      preview: `move ${quote(shown)} to lattice/aside/; the refs stay as they are, and what it tells cannot be undone`,
      repair: { kind: "files", run: () => moveAside(system, repository.commonDir, seen) },
    },
  };
}
