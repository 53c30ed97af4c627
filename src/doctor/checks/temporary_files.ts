/**
 * Temporary files that nobody will finish: lattice's own, and those that git leaves among the objects.
 *
 * @module
 */
import { temporaryRoot } from "../../engine/paths.ts";
import type { DirectoryEntry } from "../../platform/disk.ts";
import { LatticeError } from "../../platform/errors.ts";
import { utf8 } from "../../platform/text.ts";
import { equalBytes } from "../../platform/text.ts";
import { type Check, type Examination, shownPath } from "../examination.ts";
import { type Finding, findingId, plural, quote } from "../finding.ts";
import { insistStill, lookAt, type SeenFile } from "../seen_file.ts";
import { readOpState } from "../../engine/mod.ts";

/** A younger file among the objects may still be written, in milliseconds (a day). */
const YOUNG_MS = 24 * 60 * 60 * 1000;

/** The first bytes of a pack index (gitformat-pack, version 2), of which lattice's `.keep` files are names. */
const INDEX_MAGIC = Uint8Array.of(0xff, 0x74, 0x4f, 0x63);
/** How they begin where there are no hard links. */
const KEEP_TEXT = utf8("lattice ");

/** Looks where temporary files are made. */
export const TEMPORARY_FILES: Check = {
  name: "temporary-files",
  kinds: {
    "temporary.operation": "a temporary folder of an operation that is over",
    "temporary.object": "a temporary file among the objects, older than a day and open in no process that can be seen",
    "temporary.keep": "a `.keep` file of an operation that is over, which keeps `git gc` from its pack",
  },
  *examine(examination) {
    if (!examination.busy) {
      yield* ownFolders(examination);
      yield* keepFiles(examination);
    }
    yield* objectFiles(examination);
  },
};

function* ownFolders(examination: Examination): Generator<Finding> {
  const root = temporaryRoot(examination.repository.commonDir);
  for (const { name } of entries(examination, root)) {
    const subject = shownPath(examination, `${root}/${name}`);
    yield {
      id: findingId("temporary.operation", name),
      severity: "note",
      subject,
      evidence: `${quote(subject)} is there, and nobody holds the repository lock`,
      fix: { preview: `remove ${quote(subject)}`, repair: { kind: "recovery", anew: false } },
    };
  }
}

function* keepFiles(examination: Examination): Generator<Finding> {
  const { system, repository } = examination;
  if (isUnfinished(examination)) return; // its recovery takes them
  const folder = `${repository.objectsDir}/pack`;
  for (const { name, kind } of entries(examination, folder)) {
    if (!name.endsWith(".keep") || kind !== "file") continue;
    const seen = lookAt(system.disk, `${folder}/${name}`);
    if (seen === null || !isOurs(seen)) continue;
    const subject = shownPath(examination, seen.path);
    yield {
      id: findingId("temporary.keep", subject),
      severity: "warning",
      subject,
      evidence: `${quote(subject)} is of a lattice operation, and none is unfinished`,
      fix: {
        preview: `remove ${quote(subject)}; its pack stays`,
        repair: { kind: "recovery", anew: true },
      },
    };
  }
}

function isUnfinished({ system, repository }: Examination): boolean {
  try {
    return readOpState(system, repository.commonDir) !== null;
  } catch (error) {
    if (error instanceof LatticeError && error.code !== "internal") return true; // a finding of its own
    throw error;
  }
}

function isOurs({ head }: SeenFile): boolean {
  if (head === null) return false;
  return equalBytes(head.subarray(0, INDEX_MAGIC.length), INDEX_MAGIC) ||
    equalBytes(head.subarray(0, KEEP_TEXT.length), KEEP_TEXT);
}

function* objectFiles(examination: Examination): Generator<Finding> {
  const { objectsDir } = examination.repository;
  for (const { name, kind } of entries(examination, objectsDir)) {
    const isFanOut = /^[0-9a-f]{2}$/.test(name);
    if (kind !== "directory" || !(isFanOut || name === "pack")) continue;
    const folder = `${objectsDir}/${name}`;
    for (const entry of entries(examination, folder)) {
      const isTemporary = isFanOut ? entry.name.startsWith("tmp_obj_") : /^(?:tmp_|\.tmp-)/.test(entry.name);
      if (!isTemporary || entry.kind !== "file") continue;
      const finding = objectFile(examination, `${folder}/${entry.name}`);
      if (finding !== null) yield finding;
    }
  }
}

function objectFile(examination: Examination, path: string): Finding | null {
  const { system, nowMs } = examination;
  const seen = lookAt(system.disk, path);
  if (seen === null || nowMs - Number(seen.stat.mtimeNs / 1_000_000n) < YOUNG_MS) return null;
  if (examination.openFiles().holders(path).length > 0) return null;
  const subject = shownPath(examination, path);
  return {
    id: findingId("temporary.object", subject),
    severity: "note",
    subject,
    evidence: `${quote(subject)} (${plural(seen.stat.size, "byte")}) is older than a day, and no object`,
    fix: {
      preview: `remove ${quote(subject)}`,
      repair: {
        kind: "files",
        run: () => {
          insistStill(system.disk, seen);
          system.disk.unlink(path);
        },
      },
    },
  };
}

function entries({ system }: Examination, folder: string): readonly DirectoryEntry[] {
  return system.disk.lstat(folder)?.kind === "directory" ? system.disk.list(folder) ?? [] : [];
}
