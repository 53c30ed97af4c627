/**
 * Mutants that recover wrongly.
 *
 * @module
 */
import type { FileStat } from "../../../src/platform/disk.ts";
import { utf8 } from "../../../src/platform/text.ts";
import type { SimDisk } from "../../simulation/sim_disk.ts";
import { textAt } from "../../simulation/sim_system.ts";
import { markerFirst } from "./journal.ts";
import type { Mutant } from "./mutant.ts";
import {
  derive,
  GIT_DIR,
  holdsRecord,
  isBelowRefs,
  isGitLock,
  isJournal,
  mutateDisk,
  mutateFiles,
  openings,
  OPS,
} from "./seam.ts";

/** Mutants that recover wrongly. */
export const recoveryMutants: readonly Mutant[] = [
  {
    name: "recovery believes what it sees",
    breaks: "Recovery acts on a journal that it did not flush first.",
    in: "recovery",
    mutation: mutateDisk((disk) => ({
      ...openings(disk, (file) => {
        if (!isJournal(file.path)) return null;
        let isFirst = true;
        return {
          sync() {
            if (!isFirst) file.sync();
            isFirst = false;
          },
        };
      }),
      syncDirectory: (path) => path === OPS ? undefined : disk.syncDirectory(path),
    })),
    caughtIn: { "recovery of several refs": /neither old nor new|\.lock is left|nothing is paused|the journals say/ },
  },
  {
    name: "recovery ends before the refs' folders are flushed",
    breaks: "Recovery writes that all happened while a rename that it only saw, or made, can still be lost.",
    in: "recovery",
    mutation: mutateDisk((disk) => {
      let hasEnded = false;
      const note = (bytes: Uint8Array) => {
        hasEnded ||= holdsRecord(bytes, "committed") || holdsRecord(bytes, "rolled_back");
      };
      return {
        ...openings(disk, (file) => {
          if (!isJournal(file.path)) return null;
          note(utf8(textAt(disk, file.path) ?? ""));
          return {
            write(bytes) {
              file.write(bytes);
              note(bytes);
            },
          };
        }),
        syncDirectory: (path) => !hasEnded && isBelowRefs(path) ? undefined : disk.syncDirectory(path),
      };
    }),
    caughtIn: { "recovery of several refs": /neither old nor new|now it is|the journals say/ },
  },
  {
    name: "recovery trusts a lock's name",
    breaks: "Recovery takes every lock in the place of one of its own for its own.",
    in: "recovery",
    mutation: mutateDisk((disk) => {
      const journal = trackJournal(disk);
      return {
        ...journal.openings,
        lstat(path) {
          const stat = disk.lstat(path);
          return stat !== null && isGitLock(path) ? journal.stat() ?? stat : stat;
        },
      };
    }),
    caughtIn: { "recovery beside a lock of git's": /a lock of git's was removed/ },
  },
  {
    name: "recovery redoes without a lock",
    breaks: "Recovery takes a ref for its own to change although its lock is gone.",
    in: "recovery",
    mutation: mutateDisk((disk) => {
      const journal = trackJournal(disk);
      return {
        ...journal.openings,
        lstat: (path) => isGitLock(path) ? disk.lstat(path) ?? journal.stat() : disk.lstat(path),
      };
    }),
    caughtIn: { "recovery when a person removed a lock": /what is not ours to change was changed/ },
  },
  {
    name: "recovery does not notice a restart",
    breaks: "After a power cut the journals are not searched for operations whose marker was not durable.",
    in: "both",
    mutation: (system) => derive(system, { host: { ...system.host, bootId: "00000000-0000-4000-8000-000000000001" } }),
    caughtIn: { "one ref moves": /\.lock is left|the journals say something else/ },
  },
  {
    name: "recovery appends behind a torn tail",
    breaks: "What a power cut left of a record stays in the journal, and the end is written behind it.",
    in: "recovery",
    mutation: mutateFiles((file) => isJournal(file.path) ? { truncate: () => {} } : null),
    caughtIn: { "several refs": /the journals say something else|second recovery: .*corrupt/ },
  },
  {
    name: "recovery does not see `prepared`",
    breaks: "Recovery takes back, without writing a ref, what was to be finished.",
    in: "recovery",
    mutation: mutateFiles((file, disk) => {
      if (!isJournal(file.path)) return null;
      const lines = (textAt(disk, file.path) ?? "").split("\n");
      if (!lines.at(-2)?.includes('"type":"prepared"')) return null;
      const size = new TextEncoder().encode(lines.slice(0, -2).map((line) => `${line}\n`).join("")).length;
      return {
        stat: () => ({ ...file.stat(), size }),
        readAt: (buffer, position) => file.readAt(buffer.subarray(0, Math.max(0, size - position)), position),
      };
    }),
    caughtIn: { "several refs": /neither old nor new|the journals say/ },
  },
  {
    name: "recovery removes the marker before the locks",
    breaks: "A kill between the two leaves locks that nothing leads to.",
    in: "recovery",
    mutation: markerFirst(),
    caughtIn: { "recovery of several refs": /\.lock is left/ },
  },
  {
    name: "recovery does not look for what was staged",
    breaks: "Recovery takes a value, or a packed-refs, for renamed that was never put in place.",
    in: "recovery",
    mutation: mutateDisk((disk) => ({
      lstat: (path) => /\/lattice\/tmp\/[^/]+\/(?:0|packed-refs)$/.test(path) ? null : disk.lstat(path),
    })),
    caughtIn: {
      "a batch": /the journals say something else/,
      "one ref moves": /the journals say something else/,
    },
  },
  {
    name: "temporary folders swept too early",
    breaks: "Recovery sweeps the temporary folders before it has asked the journals, so what was staged tells nothing.",
    in: "recovery",
    mutation: mutateDisk((disk) => ({
      openAppend(path) {
        if (isJournal(path)) sweepFolder(disk, `${GIT_DIR}/lattice/tmp`);
        return disk.openAppend(path);
      },
    })),
    caughtIn: { "one ref moves": /the journals say something else/, "a batch": /the journals say something else/ },
  },
  {
    name: "flock is ignored",
    breaks: "A command takes the lock whoever holds it, and recovers an operation that is alive.",
    in: "program",
    mutation: (system) =>
      derive(system, {
        openLockable(path, createMode) {
          const file = system.openLockable(path, createMode);
          return file === null ? null : derive(file, { tryLock: () => true });
        },
      }),
    caughtIn: { "several refs, and a second command": /a living operation was taken for a dead one/ },
  },
];

/** Removes the files of all folders in a folder. */
function sweepFolder(disk: SimDisk, folder: string): void {
  for (const { name } of disk.list(folder) ?? []) {
    for (const { name: file } of disk.list(`${folder}/${name}`) ?? []) disk.unlink(`${folder}/${name}/${file}`);
  }
}

/** Remembers the journal that recovery has open; every lock that is a link of it has its `stat`. */
function trackJournal(disk: SimDisk): { openings: Partial<SimDisk>; stat(): FileStat | null } {
  let path: string | null = null;
  return {
    openings: {
      openAppend(opened) {
        if (isJournal(opened)) path = opened;
        return disk.openAppend(opened);
      },
    },
    stat: () => path === null ? null : disk.stat(path),
  };
}
