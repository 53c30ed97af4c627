/**
 * Mutants that change refs, take locks, undo or prune wrongly.
 *
 * @module
 */
import type { OpenFile } from "../../../src/platform/disk.ts";
import { utf8 } from "../../../src/platform/text.ts";
import type { SimDisk } from "../../simulation/sim_disk.ts";
import { textAt } from "../../simulation/sim_system.ts";
import { blob, oidOf } from "../scenarios.ts";
import type { Mutant } from "./mutant.ts";
import { packedRefs } from "./outsiders.ts";
import {
  derive,
  GIT_DIR,
  holdsRecord,
  isBelowRefs,
  isGitLock,
  isJournal,
  isStagedValue,
  mutateDisk,
  openings,
  OPS,
  PACKED_REFS,
  withoutFlushOf,
  withoutFlushOfFolder,
} from "./seam.ts";

const A = `${GIT_DIR}/refs/meta/a`;
const BROKEN = /ref "refs\/meta\/a" is broken: /;
const KEEP = `${GIT_DIR}/refs/lattice/keep/`;

/** Whether a rename gives a ref its value. */
const givesValue = (from: string, to: string) => isStagedValue(from) && isBelowRefs(to);

/** Mutants that change refs, take locks, undo or prune wrongly. */
export const refMutants: readonly Mutant[] = [
  {
    name: "value not flushed",
    breaks: "A value gets the name of a ref before its content is durable.",
    in: "program",
    mutation: withoutFlushOf(isStagedValue),
    caughtIn: { "one ref moves": BROKEN },
  },
  {
    name: "value flushed after its rename",
    breaks: "The same for as long as it takes to flush it under its new name.",
    in: "program",
    mutation: mutateDisk((disk) => ({
      ...openings(disk, (file) => isStagedValue(file.path) ? { sync: () => {} } : null),
      rename(from, to) {
        disk.rename(from, to);
        if (givesValue(from, to)) disk.syncFile(to);
      },
    })),
    caughtIn: { "one ref moves": BROKEN },
  },
  {
    name: "refs' folder not flushed",
    breaks: "The rename of a value onto its ref is acknowledged before it is durable.",
    in: "program",
    mutation: withoutFlushOfFolder(isBelowRefs),
    caughtIn: { "one ref moves": /acknowledged work is gone|\.lock is left|the journals say something else/ },
  },
  {
    name: "locks' folders not flushed before `prepared`",
    breaks: "After a power cut the locks are gone that prove that the refs are still ours to finish.",
    in: "program",
    mutation: untilRecord("prepared"),
    caughtIn: { "several refs": /nothing is paused/ },
  },
  {
    name: "`committed` before the refs' folders are flushed",
    breaks: "The journal says that all happened while a rename can still be lost.",
    in: "program",
    mutation: untilRecord("committed", "prepared"),
    caughtIn: { "several refs": /neither old nor new|acknowledged work is gone|the journals say/ },
  },
  {
    name: "packed-refs not flushed",
    breaks: "The new packed-refs gets its name before its content is durable.",
    in: "program",
    mutation: withoutFlushOf((path) => path.endsWith("/packed-refs")),
    caughtIn: { "a batch": /packed-refs|neither old nor new|the journals say/ },
  },
  {
    name: "loose file removed before its packed record",
    breaks: "A deletion uncovers the old value that packed-refs still holds.",
    in: "program",
    mutation: mutateDisk((disk) => ({
      rename(from, to) {
        if (to === PACKED_REFS) disk.unlink(`${GIT_DIR}/refs/meta/x1`);
        disk.rename(from, to);
      },
    })),
    caughtIn: { "a packed ref with a loose file is deleted": /neither old nor new/ },
  },
  {
    name: "packed-refs not durable before the loose file goes",
    breaks: "After a power cut a deletion has uncovered the old value that packed-refs still holds.",
    in: "program",
    mutation: mutateDisk((disk) => {
      let isFirst = true;
      return {
        syncDirectory(path) {
          if (path !== GIT_DIR || !isFirst) disk.syncDirectory(path);
          if (path === GIT_DIR) isFirst = false;
        },
      };
    }),
    caughtIn: { "a packed ref with a loose file is deleted": /neither old nor new/ },
  },
  {
    name: "loose file unlinked on update",
    breaks:
      "A ref gets its value in packed-refs, and the loose file is unlinked: a git pack-refs that looked before writes the old one back.",
    in: "program",
    mutation: mutateDisk((disk) => ({
      rename: (from, to) => givesValue(from, to) ? updateByPacking(disk, from, to) : disk.rename(from, to),
    })),
    caughtIn: { "one ref, beside git pack-refs": /acknowledged work is gone|the journals say/ },
  },
  {
    name: "lock renamed onto the ref",
    breaks: "Lock and value are one file, as git has it, so a ref can be moved on while others are not yet finished.",
    in: "program",
    mutation: mutateDisk((disk) => ({
      rename(from, to) {
        if (!givesValue(from, to)) return disk.rename(from, to);
        disk.unlink(`${to}.lock`);
        disk.rename(from, `${to}.lock`);
        disk.rename(`${to}.lock`, to);
      },
    })),
    caughtIn: { "several refs, one of which git moves on": /nothing is paused/ },
  },
  {
    name: "locks off before the refs are renamed",
    breaks: "All locks go at the first rename.",
    in: "program",
    mutation: mutateDisk((disk) => {
      const locks: string[] = [];
      return {
        link(existing, path) {
          disk.link(existing, path);
          if (isGitLock(path)) locks.push(path);
        },
        rename(from, to) {
          if (givesValue(from, to)) { for (const path of locks.splice(0)) disk.unlink(path); }
          disk.rename(from, to);
        },
      };
    }),
    caughtIn: { "several refs, one of which git moves on": /nothing is paused/, "several refs": /nothing is paused/ },
  },
  {
    name: "read before the lock",
    breaks: "The comparison under the lock uses what was read before it.",
    in: "program",
    mutation: mutateDisk((disk) => {
      let known: Uint8Array | null = null;
      return {
        openRead(path) {
          const file = disk.openRead(path);
          if (path !== A || file === null) return file;
          known ??= contentOf(file);
          return frozen(file, known);
        },
      };
    }),
    caughtIn: { "a ref that git moves before its lock": /git's update is lost/ },
  },
  {
    name: "undo does not look",
    breaks: "An undo takes for granted that each ref still holds what the operation left.",
    in: "program",
    mutation: mutateDisk((disk) => ({
      openRead(path) {
        const file = disk.openRead(path);
        return path === A && file !== null ? frozen(file, utf8(`${oidOf(blob("fresh"))}\n`)) : file;
      },
    })),
    caughtIn: { "undo of what git moved on": /git's update is lost/ },
  },
  {
    name: "no keep refs",
    breaks: "Nothing keeps what an operation replaced from being collected.",
    in: "program",
    mutation: mutateDisk((disk) => ({
      rename: (from, to) => to.startsWith(KEEP) ? disk.unlink(from) : disk.rename(from, to),
    })),
    caughtIn: { "undo after git gc": /what was replaced is gone/ },
  },
  {
    name: "keep refs pruned before their journal",
    breaks: "The refs that keep what an operation replaced go while its journal still offers an undo.",
    in: "program",
    mutation: mutateDisk((disk) => {
      const held = new Set<string>();
      return {
        list: (path) => disk.list(path)?.filter(({ name }) => !held.has(`${path}/${name}`)) ?? null,
        unlink(path) {
          if (isJournal(path)) {
            held.add(path);
            return;
          }
          disk.unlink(path);
          if (!path.startsWith(KEEP) || isGitLock(path)) return;
          for (const journal of held) disk.unlink(journal);
          if (held.size > 0) disk.syncDirectory(OPS);
          held.clear();
        },
      };
    }),
    caughtIn: { "prune": /claims that it can be undone/ },
  },
];

/** Leaves out the flushes of refs' folders until a record is in the journal, from another record on or from the beginning. */
function untilRecord(last: string, first?: string): Mutant["mutation"] {
  return mutateDisk((disk) => {
    let isLeftOut = first === undefined;
    return {
      ...openings(disk, (file) =>
        !isJournal(file.path) ? null : {
          write(bytes) {
            file.write(bytes);
            if (first !== undefined && holdsRecord(bytes, first)) isLeftOut = true;
            if (holdsRecord(bytes, last)) isLeftOut = false;
          },
        }),
      syncDirectory: (path) => isLeftOut && isBelowRefs(path) ? undefined : disk.syncDirectory(path),
    };
  });
}

/** Puts a value into packed-refs, and takes the loose file away. */
function updateByPacking(disk: SimDisk, value: string, path: string): void {
  const ref = path.slice(GIT_DIR.length + 1);
  const records = textAt(disk, PACKED_REFS)!.split("\n")
    .filter((line) => line !== "" && line[0] !== "#" && !line.endsWith(` ${ref}`));
  const staged = `${value}-packed-refs`;
  {
    using file = disk.create(staged);
    file.write(utf8(packedRefs([...records, `${textAt(disk, value)!.trim()} ${ref}`])));
    file.sync();
  }
  disk.rename(staged, PACKED_REFS);
  disk.syncDirectory(GIT_DIR);
  disk.unlink(value);
  if (disk.lstat(path) !== null) disk.unlink(path);
}

function contentOf(file: OpenFile): Uint8Array {
  const content = new Uint8Array(file.stat().size);
  file.readAt(content, 0);
  return content;
}

/** The file with another content of the same size. */
function frozen(file: OpenFile, content: Uint8Array): OpenFile {
  return derive(file, {
    readAt(buffer, position) {
      const bytes = content.subarray(position, position + buffer.length);
      buffer.set(bytes);
      return bytes.length;
    },
  });
}
