/**
 * Putting a new content in place, and taking away what is left of old ones. Both by who holds the entry's lock.
 *
 * The content is durable under its name before the pointer that names it is renamed into place: at every moment, and
 * after a power cut, the pointer names a content that is there. What is no longer pointed to stays for a grace time, so
 * that a path that was told remains good for as long; it begins when the pointer moves on, and is kept as the file's
 * modification time.
 *
 * Where this is shown: `tests/cache/crash.test.ts`.
 *
 * @module
 */
import { isDiskError } from "../platform/disk.ts";
import type { System } from "../platform/system.ts";
import { utf8 } from "../platform/text.ts";
import { sweepTemporaryFiles, temporaryPath } from "../locks/temporary_file.ts";
import { contentPath, type EntryFolder, FILE_MODE } from "./entry_folder.ts";
import type { Draft } from "./draft.ts";
import { newPatience, renamePatiently } from "./patient_rename.ts";
import { isDigest, newPointerId, type Pointer, renderPointer } from "./pointer.ts";
import { readPointer } from "./reading.ts";

/** For how long a content stays that is no longer pointed to, in milliseconds: ten minutes. */
export const SUPERSEDED_GRACE_MS = 10 * 60 * 1000;

/**
 * Makes a draft the content of an entry.
 *
 * @param draft Written to its end.
 * @param ttlMs For how long it is fresh, in milliseconds; `null`: for ever.
 * @param patienceMs For how long renames are tried again that are refused as if for a moment.
 * @throws {CacheError} A rename was refused to the end; the old content is what it was.
 * @throws {DiskError} The same, unless it was the last flush.
 */
export async function publish(
  system: System,
  entry: EntryFolder,
  draft: Draft,
  { ttlMs, patienceMs }: { ttlMs: number | null; patienceMs: number },
): Promise<Pointer> {
  const { disk, clock } = system;
  const patience = newPatience(system, patienceMs);
  const { digest, size } = draft.finish();
  const old = readPointer(disk, entry);
  const pointer = { id: newPointerId(system), digest, size, fetchedAtMs: clock.nowMs(), ttlMs };
  const temporary = temporaryPath(system, entry.pointer);
  const forget = system.onEnd(() => removeIfThere(system, temporary), false);
  try {
    // Before the content is in place: where the disk is full, nothing is left that fills it.
    using file = disk.create(temporary, FILE_MODE);
    file.write(utf8(renderPointer(entry.name, pointer)));
    file.sync();
    file.close();
    // Where the same content is there already, this puts sound bytes in place of bytes that may be damaged.
    await renamePatiently(system, entry.name, [draft.path, contentPath(entry, digest)], patience);
    disk.syncDirectory(entry.path); // before the pointer, or that may outlive what it names
    if (old !== null && old.digest !== digest) markSuperseded(system, contentPath(entry, old.digest));
    await renamePatiently(system, entry.name, [temporary, entry.pointer], patience);
  } catch (error) {
    removeIfThere(system, temporary);
    throw error;
  } finally {
    forget();
  }
  disk.syncDirectory(entry.path); // only now may anyone be told
  return pointer;
}

/** The grace time begins. */
function markSuperseded({ disk, clock }: System, path: string): void {
  try {
    disk.setTimes(path, BigInt(clock.nowMs()) * 1_000_000n);
  } catch (error) {
    if (!isDiskError(error, "ENOENT")) throw error; // it was damaged: there is nothing to keep
  }
}

/**
 * Takes away what nobody needs: temporary files of processes that died, and contents that are not pointed to and whose
 * grace time is over.
 *
 * @param graceMs The grace time, in milliseconds.
 * @throws {DiskError}
 */
export function sweepEntry(system: System, entry: EntryFolder, graceMs: number): void {
  sweepTemporaryFiles(system, entry.path, () => true);
  const current = readPointer(system.disk, entry)?.digest;
  const nowMs = system.clock.nowMs();
  for (const { name, kind } of system.disk.list(entry.path) ?? []) {
    if (kind !== "file" || !isDigest(name) || name === current) continue;
    const path = contentPath(entry, name);
    const stat = system.disk.lstat(path);
    if (stat === null) continue;
    const sinceMs = Number(stat.mtimeNs / 1_000_000n);
    // In the future it was superseded before the clock was set back: nobody knows for how long it has lain here.
    if (sinceMs > nowMs) markSuperseded(system, path);
    else if (nowMs - sinceMs >= graceMs) removeIfThere(system, path);
  }
}

/** Removes a file; that it is gone already is fine. */
export function removeIfThere({ disk }: System, path: string): void {
  try {
    disk.unlink(path);
  } catch (error) {
    if (!isDiskError(error, "ENOENT")) throw error; // renamed, or another sweeper was first
  }
}
