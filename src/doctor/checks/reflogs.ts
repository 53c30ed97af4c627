/**
 * Reflogs with lines that are no entries, which git passes over without a word and which end a look at a ref's past
 * here; and with entries that name objects which are gone, of which `git fsck` complains.
 *
 * @module
 */
import { filesRefs } from "../../engine/files_refs.ts";
import { mendReflog } from "../../engine/mend.ts";
import { parseReflogLine } from "../../git/refs/reflog.ts";
import type { Oid } from "../../git/object_format.ts";
import { LatticeError } from "../../platform/errors.ts";
import { concatBytes } from "../../platform/text.ts";
import type { Check, Examination } from "../examination.ts";
import { type Finding, findingId, type Fix, plural, quote } from "../finding.ts";
import { isStill, keepCopyAside, lookAt, type SeenFile } from "../seen_file.ts";

/** A larger reflog is not looked into, in bytes (256 MiB). */
const LOG_BYTES_MAX = 256 * 1024 * 1024;

const NEWLINE = 10;

/** What is wrong with a line. */
type Flaw = "no entry" | "missing object";

/** A reflog line by line. */
interface Log {
  readonly name: string;
  readonly seen: SeenFile;
  readonly lines: readonly { readonly bytes: Uint8Array; readonly flaw: Flaw | null }[];
}

/** Reads every reflog. */
export const REFLOGS: Check = {
  name: "reflogs",
  kinds: {
    "reflog.damaged": "a reflog has lines that are no entries",
    "reflog.missing-object": "a reflog has entries that name objects which are not there; `git fsck` complains",
  },
  *examine(examination) {
    const { repository, system } = examination;
    const isThere = askerOf(examination);
    for (const name of repository.refs.reflogNames()) {
      const seen = lookAt(system.disk, filesRefs(repository).logPath(name));
      if (seen === null || seen.stat.kind !== "file" || seen.stat.size > LOG_BYTES_MAX) continue;
      const log = readLog(examination, name, seen, isThere);
      for (const flaw of ["no entry", "missing object"] as const) {
        if (log.lines.some((line) => line.flaw === flaw)) yield judge(examination, log, flaw);
      }
    }
  },
};

/** Whether an object is there, promised, or at least not known to be missing. Each is asked for once. */
function askerOf({ repository }: Examination): (oid: Oid) => boolean {
  const known = new Map<Oid, boolean>([[repository.objectFormat.zero, true]]);
  return (oid) => {
    let there = known.get(oid);
    if (there === undefined) known.set(oid, there = isNotMissing(repository.objects, oid));
    return there;
  };
}

function isNotMissing(objects: Examination["repository"]["objects"], oid: Oid): boolean {
  try {
    return objects.info(oid) !== null;
  } catch (error) {
    // Damaged, or promised by a partial clone: then it is not missing.
    if (error instanceof LatticeError && ["invalid_data", "unsupported"].includes(error.code)) return true;
    throw error;
  }
}

function readLog(
  { system, repository }: Examination,
  name: string,
  seen: SeenFile,
  isThere: (oid: Oid) => boolean,
): Log {
  const content = system.disk.readFile(seen.path) ?? new Uint8Array(0);
  const lines: { bytes: Uint8Array; flaw: Flaw | null }[] = [];
  for (let start = 0; start < content.length;) {
    const newline = content.indexOf(NEWLINE, start);
    const end = newline < 0 ? content.length : newline;
    const entry = newline < 0 ? null : parseReflogLine(content.subarray(start, end), repository.objectFormat);
    const flaw = entry === null ? "no entry" : isThere(entry.old) && isThere(entry.new) ? null : "missing object";
    lines.push({ bytes: content.subarray(start, end + 1), flaw });
    start = end + 1;
  }
  return { name, seen, lines };
}

function judge(examination: Examination, log: Log, flaw: Flaw): Finding {
  const numbers = log.lines.flatMap((line, index) => line.flaw === flaw ? [index + 1] : []);
  const count = plural(numbers.length, "line");
  const what = flaw === "no entry" ? "no entry can be read from it" : "it names an object that is not there";
  return {
    id: findingId(flaw === "no entry" ? "reflog.damaged" : "reflog.missing-object", log.name),
    severity: flaw === "no entry" ? "warning" : "note",
    subject: log.name,
    evidence:
      `the reflog of ${quote(log.name)} has ${count} of ${log.lines.length} amiss, the first is ${numbers[0]}: ` +
      what,
    fix: fixOf(examination, log, flaw, numbers.length),
  };
}

function fixOf({ system, repository }: Examination, log: Log, flaw: Flaw, count: number): Fix {
  return {
    preview: `take ${plural(count, "line")} out of the reflog of ${quote(log.name)}; a copy is kept in lattice/aside/`,
    repair: {
      kind: "refs",
      run: (writer) =>
        mendReflog(writer, {
          name: log.name,
          content: concatBytes(log.lines.filter((line) => line.flaw !== flaw).map(({ bytes }) => bytes)),
          isAsFound: () => isStill(system.disk, log.seen),
          keepCopy: () => keepCopyAside(system, repository.commonDir, log.seen),
        }),
    },
  };
}
