/**
 * Mutants that keep the journal or the marker wrongly.
 *
 * @module
 */
import type { Mutant } from "./mutant.ts";
import {
  derive,
  GIT_DIR,
  holdsRecord,
  isBelowRefs,
  isGitLock,
  isJournal,
  MARKER,
  mutateDisk,
  mutateFiles,
  openings,
  OPS,
  withoutFlushOf,
  withoutFlushOfFolder,
} from "./seam.ts";

/** Nobody brings the operation to its end: its locks stay, or its journal does not say what the refs hold. */
const FORGOTTEN = /\.lock is left|the journals say something else/;
/** Mutants that keep the journal or the marker wrongly. */
export const journalMutants: readonly Mutant[] = [
  {
    name: "journal not flushed",
    breaks:
      "Locks are taken whose owner nobody can tell after a power cut, since the journal's content is not durable.",
    in: "program",
    mutation: withoutFlushOf(isJournal),
    caughtIn: { "one ref moves": FORGOTTEN, "several refs": /\.lock is left|neither old nor new|the journals say/ },
  },
  {
    name: "ops/ not flushed",
    breaks: "The journal's name is not durable when the locks are taken.",
    in: "program",
    mutation: withoutFlushOfFolder((path) => path === OPS),
    caughtIn: { "one ref moves": FORGOTTEN },
  },
  {
    name: "journal written after the locks",
    breaks: "The journal is still empty when the locks are taken, and gets its records before the first rename only.",
    in: "program",
    mutation: mutateDisk((disk) => {
      let held: (() => void) | null = null;
      const release = () => {
        held?.();
        held = null;
      };
      return {
        create(path, mode) {
          const file = disk.create(path, mode);
          if (!isJournal(path)) return file;
          let isFirst = true;
          return derive(file, {
            write(bytes) {
              if (isFirst) {
                held = () => {
                  file.write(bytes);
                  file.sync();
                };
              } else {
                release();
                file.write(bytes);
              }
              isFirst = false;
            },
            sync: () => held === null ? file.sync() : undefined,
          });
        },
        rename(from, to) {
          release();
          disk.rename(from, to);
        },
      };
    }),
    caughtIn: { "one ref moves": FORGOTTEN },
  },
  {
    name: "journal rewritten in place",
    breaks: "Each append cuts the journal to nothing and writes all of it again.",
    in: "program",
    mutation: mutateFiles((file) =>
      !isJournal(file.path) ? null : {
        write(bytes) {
          const before = new Uint8Array(file.stat().size);
          file.readAt(before, 0);
          file.truncate(0);
          const all = new Uint8Array(before.length + bytes.length);
          all.set(before);
          all.set(bytes, before.length);
          file.write(all);
        },
      }
    ),
    caughtIn: { "several refs": /\.lock is left|neither old nor new|paused|the journals say/ },
  },
  {
    name: "`prepared` not flushed",
    breaks: "Refs are renamed while the record by which a crash redoes them is not durable.",
    in: "program",
    mutation: mutateFiles((file) => {
      if (!isJournal(file.path)) return null;
      let isPrepared = false;
      return {
        write(bytes) {
          isPrepared = holdsRecord(bytes, "prepared");
          file.write(bytes);
        },
        sync: () => isPrepared ? undefined : file.sync(),
      };
    }),
    caughtIn: { "several refs": /neither old nor new|the journals say something else/ },
  },
  {
    name: "`committed` written after the locks are off",
    breaks: "Others move the refs on while the journal still says that they are to be finished.",
    in: "program",
    mutation: lateEnd(false),
    caughtIn: { "several refs, one of which git moves on": /nothing is paused/ },
  },
  {
    name: "`committed` flushed after the locks are off",
    breaks: "A power cut takes the end of the journal after others have moved the refs on.",
    in: "program",
    mutation: lateEnd(true),
    caughtIn: { "several refs, one of which git moves on": /nothing is paused/ },
  },
  {
    name: "marker not flushed",
    breaks: "Locks that come back after a power cut belong to a journal that has ended, and no marker leads to it.",
    in: "program",
    mutation: withoutFlushOf((path) => path === MARKER),
    caughtIn: { "several refs": FORGOTTEN },
  },
  {
    name: "marker's folder not flushed",
    breaks: "The same, where the marker's name is not durable.",
    in: "program",
    mutation: withoutFlushOfFolder((path) => path === `${GIT_DIR}/lattice`),
    caughtIn: { "several refs": FORGOTTEN },
  },
  {
    name: "marker removed before the locks",
    breaks: "A kill between the two leaves locks that nothing leads to.",
    in: "program",
    mutation: markerFirst(),
    caughtIn: { "one ref moves": FORGOTTEN, "several refs": FORGOTTEN },
  },
  {
    name: "marker after the locks",
    breaks:
      "The marker appears only when the first ref is renamed, so a kill before leaves locks that nothing leads to.",
    in: "program",
    mutation: mutateDisk((disk) => {
      let marker: string | null = null;
      return {
        rename(from, to) {
          if (to === MARKER) {
            marker = from;
            return;
          }
          if (marker !== null && isBelowRefs(to)) {
            disk.rename(marker, MARKER);
            marker = null;
          }
          disk.rename(from, to);
        },
      };
    }),
    caughtIn: { "one ref moves": FORGOTTEN },
  },
  {
    name: "record of locks swept before the locks",
    breaks: "The file in lattice/tmp that tells which locks were taken goes while one of them stands.",
    in: "program",
    mutation: mutateDisk((disk) => {
      let record: string | null = null;
      return {
        create(path, mode) {
          if (path.endsWith("/upkeep.jsonl")) record = path;
          return disk.create(path, mode);
        },
        unlink(path) {
          if (isGitLock(path) && record !== null) disk.unlink(record);
          if (isGitLock(path)) record = null;
          disk.unlink(path);
        },
      };
    }),
    caughtIn: { "loose refs are packed": FORGOTTEN },
  },
  {
    name: "snapshot not flushed",
    breaks: "An operation of several steps begins while the refs that it would be taken back to are not durable.",
    in: "program",
    mutation: withoutFlushOf((path) => path.endsWith("/snapshot")),
    caughtIn: { "op run of a program that fails": /is not what was written|neither old nor new/ },
  },
];

/** Holds the end of the journal, or only its flush, until the locks are off and the marker is about to go. */
function lateEnd(isWritten: boolean): Mutant["mutation"] {
  return mutateDisk((disk) => {
    let held: (() => void) | null = null;
    return {
      ...openings(disk, (file) => {
        if (!isJournal(file.path)) return null;
        return {
          write(bytes) {
            if (!holdsRecord(bytes, "committed")) return file.write(bytes);
            if (isWritten) file.write(bytes);
            held = () => {
              if (!isWritten) file.write(bytes);
              file.sync();
            };
          },
          sync: () => held === null ? file.sync() : undefined,
        };
      }),
      unlink(path) {
        if (path === MARKER) held?.();
        held = path === MARKER ? null : held;
        disk.unlink(path);
      },
    };
  });
}

/** The marker goes with the first lock. */
export function markerFirst(): Mutant["mutation"] {
  return mutateDisk((disk) => ({
    unlink(path) {
      if (isGitLock(path) && disk.lstat(MARKER) !== null) disk.unlink(MARKER);
      disk.unlink(path);
    },
  }));
}
