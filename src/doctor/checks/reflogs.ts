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
import type { Check, Examination } from "../examination.ts";
import { type Finding, findingId, type Fix, plural, quote } from "../finding.ts";
import { isStill, keepCopyAside, lookAt, type SeenFile } from "../seen_file.ts";

/** A larger reflog is not looked into, in bytes (256 MiB). */
const LOG_BYTES_MAX = 256 * 1024 * 1024;

const NEWLINE = 10;

/** What is wrong with a line. */
type Flaw = "no entry" | "missing object";

/** A reflog that was looked through. Its lines are not kept: there may be millions. */
interface Log {
  readonly name: string;
  readonly seen: SeenFile;
  /** How many lines it has. */
  readonly lines: number;
  /** What is wrong with how many of them, and the number of the first. */
  readonly flaws: ReadonlyMap<Flaw, { count: number; readonly first: number }>;
}

/** Whether an object is there, promised, or at least not known to be missing. */
type Presence = (oid: Oid) => boolean;

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
        if (log.flaws.has(flaw)) yield judge(examination, log, flaw, isThere);
      }
    }
  },
};

/** Asks for each object once. */
function askerOf({ repository }: Examination): Presence {
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

function readLog(examination: Examination, name: string, seen: SeenFile, isThere: Presence): Log {
  const flaws = new Map<Flaw, { count: number; readonly first: number }>();
  let lines = 0;
  for (const { flaw } of judgedLines(examination, contentOf(examination, seen), isThere)) {
    lines++;
    if (flaw === null) continue;
    const known = flaws.get(flaw);
    if (known === undefined) flaws.set(flaw, { count: 1, first: lines });
    else known.count++;
  }
  return { name, seen, lines, flaws };
}

/** No more than the limit, though the log may have grown since it was looked at. */
function contentOf({ system }: Examination, seen: SeenFile): Uint8Array {
  return system.disk.readFile(seen.path, LOG_BYTES_MAX) ?? new Uint8Array(0);
}

/** The lines, each with its newline. */
function* judgedLines(
  { repository }: Examination,
  content: Uint8Array,
  isThere: Presence,
): Generator<{ start: number; end: number; flaw: Flaw | null }> {
  for (let start = 0; start < content.length;) {
    const newline = content.indexOf(NEWLINE, start);
    const end = newline < 0 ? content.length : newline;
    const entry = newline < 0 ? null : parseReflogLine(content.subarray(start, end), repository.objectFormat);
    const flaw = entry === null ? "no entry" : isThere(entry.old) && isThere(entry.new) ? null : "missing object";
    yield { start, end: Math.min(end + 1, content.length), flaw };
    start = end + 1;
  }
}

function judge(examination: Examination, log: Log, flaw: Flaw, isThere: Presence): Finding {
  const { count, first } = log.flaws.get(flaw)!;
  const what = flaw === "no entry" ? "no entry can be read from it" : "it names an object that is not there";
  return {
    id: findingId(flaw === "no entry" ? "reflog.damaged" : "reflog.missing-object", log.name),
    severity: flaw === "no entry" ? "warning" : "note",
    subject: log.name,
    evidence: `the reflog of ${quote(log.name)} has ${plural(count, "line")} of ${log.lines} amiss, ` +
      `the first is ${first}: ${what}`,
    fix: fixOf(examination, log, flaw, isThere),
  };
}

function fixOf(examination: Examination, log: Log, flaw: Flaw, isThere: Presence): Fix {
  const { system, repository } = examination;
  const { count } = log.flaws.get(flaw)!;
  return {
    preview: `take ${plural(count, "line")} out of the reflog of ${quote(log.name)}; a copy is kept in lattice/aside/`,
    repair: {
      kind: "refs",
      run: (writer) =>
        mendReflog(writer, {
          name: log.name,
          content: () => without(examination, contentOf(examination, log.seen), flaw, isThere),
          isAsFound: () => isStill(system.disk, log.seen),
          keepCopy: () => keepCopyAside(system, repository.commonDir, log.seen),
        }),
    },
  };
}

/** The content without the lines that have a flaw, in the same memory. */
function without(examination: Examination, content: Uint8Array, flaw: Flaw, isThere: Presence): Uint8Array {
  let kept = 0;
  for (const line of judgedLines(examination, content, isThere)) {
    if (line.flaw === flaw) continue;
    content.copyWithin(kept, line.start, line.end);
    kept += line.end - line.start;
  }
  return content.subarray(0, kept);
}
