/**
 * `packed-refs`: lines that are no records, records that are repeated, out of order, misnamed, or wrongly peeled.
 *
 * One finding for the file: whatever is wrong with it, it is mended by writing it anew.
 *
 * @module
 */
import type { Check, Examination } from "../examination.ts";
import { type Finding, findingId, type Fix, plural, quote } from "../finding.ts";
import { FILE_BYTES_MAX } from "../packed_scan.ts";
import { type PackedRewrite, peel, planRewrite, rewritePacked } from "../packed_rewrite.ts";

/** Flaws that are told one by one; the others are counted. */
const FLAWS_TOLD_MAX = 5;

/** Names that a preview tells one by one. */
const NAMES_TOLD_MAX = 10;

/** Looks at every line. */
export const PACKED_REFS: Check = {
  name: "packed-refs",
  kinds: {
    "packed-refs.linked":
      "packed-refs is a symbolic link, which lattice does not replace: whatever could need that is " +
      "refused; put the file itself in its place",
    "packed-refs.damaged": "lines of packed-refs are malformed, repeated, out of order, misnamed or wrongly peeled; " +
      "metadata and the stack are looked at once it is mended",
  },
  *examine(examination) {
    const { flaws, flawCount, seen } = examination.packed();
    if (seen === null) return;
    const isLink = seen.stat.kind === "symlink";
    if (isLink) yield linked(examination, seen.path);
    const peeling = wronglyPeeled(examination);
    if (flawCount + peeling.length === 0) return;
    const told = [...flaws.map(({ line, reason }) => line === 0 ? reason : `line ${line}: ${reason}`), ...peeling];
    const more = flawCount + peeling.length - FLAWS_TOLD_MAX;
    const isTooLarge = seen.stat.kind === "file" && seen.stat.size > FILE_BYTES_MAX;
    yield {
      id: findingId("packed-refs.damaged"),
      severity: "error",
      subject: "packed-refs",
      evidence: told.slice(0, FLAWS_TOLD_MAX).join("; ") + (more > 0 ? `; and ${plural(more, "more flaw")}` : ""),
      fix: isTooLarge || isLink ? null : fixOf(examination),
    };
  },
};

/** Only a person knows who else uses the file that the link leads to, so there is no fix. */
function linked({ system: { disk } }: Examination, path: string): Finding {
  const leads = `it is a symbolic link to ${quote(disk.readLink(path) ?? "")}`;
  return {
    id: findingId("packed-refs.linked"),
    severity: "error",
    subject: "packed-refs",
    evidence: disk.stat(path) === null
      ? `${leads}, where nothing is; remove the link`
      : `${leads}, which is not replaced; while nothing else uses the repository, put the file itself in its place`,
    fix: null,
  };
}

/** Tags whose `^` line is wrong, or lacking where the header claims that none lacks. */
function wronglyPeeled(examination: Examination): string[] {
  const { records, fullyPeeled } = examination.packed();
  const { objects } = examination.repository;
  const flaws: string[] = [];
  for (const { name, oid, peeled } of records) {
    if (peeled === undefined && !(fullyPeeled && name.startsWith("refs/tags/"))) continue;
    const actual = peel(objects, oid);
    if (actual === undefined || actual === (peeled ?? null)) continue; // what cannot be told is told elsewhere
    flaws.push(
      `${quote(name)} is recorded as leading to ${peeled ?? "nothing else"}, and leads to ${actual ?? "itself"}`,
    );
  }
  return flaws;
}

function fixOf(examination: Examination): Fix {
  const rewrite = planRewrite(examination);
  return {
    preview: previewOf(rewrite),
    repair: { kind: "refs", run: (writer) => rewritePacked(examination, writer, rewrite) },
  };
}

function previewOf({ records, chosen, restored, dropped }: PackedRewrite): string {
  const parts = [`write packed-refs anew with ${plural(records.length, "record")}, sorted`];
  const told = (entries: PackedRewrite["chosen"]) =>
    listed(entries.map(({ name, oid, source }) => `${quote(name)} at ${oid} (${source})`));
  if (chosen.length > 0) parts.push(`of those recorded twice keep ${told(chosen)}`);
  if (restored.length > 0) parts.push(`restore ${told(restored)}`);
  if (dropped.length > 0) parts.push(`drop ${listed(dropped.map(quote))}, of which nothing tells the value`);
  parts.push("the file as it is now is kept in lattice/aside/");
  return parts.join("; ");
}

function listed(texts: readonly string[]): string {
  const more = texts.length - NAMES_TOLD_MAX;
  return texts.slice(0, NAMES_TOLD_MAX).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
