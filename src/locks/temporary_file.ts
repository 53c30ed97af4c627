/**
 * Temporary files that tell whose they are: `<file>.tmp-<pid>-<start time>-<boot>-<pid namespace>-<host>-<random>`.
 *
 * So those of dead writers can be swept while those of living ones are left alone, without any list of them. What
 * cannot be judged, since it is another host's or container's, goes when it is a day old.
 *
 * @module
 */
import { isDiskError } from "../platform/disk.ts";
import type { System } from "../platform/system.ts";
import { toHex } from "../platform/text.ts";
import { identityOf, judgeProcess, shortMark } from "./holder.ts";

/** After how long a temporary file goes whose writer cannot be judged, in milliseconds. */
export const UNKNOWN_WRITER_GRACE_MS = 24 * 60 * 60 * 1000;

const NAME = /^(.+)\.tmp-(\d+)-(\d*)-([0-9a-f]{8})?-([0-9a-f]{8})?-([0-9a-f]{8})-[0-9a-f]{16}$/s;

/** A new path for a temporary file of this process, in the same folder as the file that it will become. */
export function temporaryPath(system: System, path: string): string {
  const { pid, startTime, bootId, pidNamespace } = identityOf(system);
  const mark = (text: string | null): string => text === null ? "" : shortMark(text);
  const random = toHex(system.randomBytes(8));
  const host = shortMark(system.host.hostName);
  return `${path}.tmp-${pid}-${startTime ?? ""}-${mark(bootId)}-${mark(pidNamespace)}-${host}-${random}`;
}

/** The file that a temporary file was to become, by its bare name; `null`: it is no temporary file of ours. */
export function targetOfTemporary(name: string): string | null {
  return NAME.exec(name)?.[1] ?? null;
}

/**
 * Removes the temporary files of writers that died, as far as that is allowed.
 *
 * @param folder Where they lie.
 * @param isOurs Whether temporary files for a file of this name are to be looked at.
 * @returns The paths that are gone.
 * @throws {DiskError} The folder cannot be read, or a file not be removed.
 */
export function sweepTemporaryFiles(system: System, folder: string, isOurs: (name: string) => boolean): string[] {
  const swept: string[] = [];
  for (const { name, kind } of system.disk.list(folder) ?? []) {
    if (kind !== "file") continue;
    const target = targetOfTemporary(name);
    if (target === null || !isOurs(target)) continue;
    const path = `${folder}/${name}`;
    if (!isOrphan(system, path, name)) continue;
    try {
      system.disk.unlink(path);
    } catch (error) {
      // In a folder such as /tmp another user's stays until that one comes again; it is in nobody's way.
      if (isDiskError(error, "EACCES", "EPERM")) continue;
      if (!isDiskError(error, "ENOENT")) throw error; // another sweeper was first
    }
    swept.push(path);
  }
  return swept;
}

function isOrphan(system: System, path: string, name: string): boolean {
  const [, , pid, startTime, boot, pidNamespace, host] = NAME.exec(name)!;
  const { host: here } = system;
  // The marks stand for the texts: they are compared with the marks of ours.
  const markOf = (ours: string | null, mark: string | undefined): string | null => {
    if (mark === undefined) return null;
    return ours !== null && shortMark(ours) === mark ? ours : `another: ${mark}`;
  };
  const verdict = judgeProcess(system, {
    pid: Number(pid),
    startTime: startTime === "" ? null : startTime!,
    bootId: markOf(here.bootId, boot),
    pidNamespace: markOf(here.pidNamespace, pidNamespace),
  }, shortMark(here.hostName) === host);
  if (verdict !== "unknown") return verdict === "gone";
  const stat = system.disk.lstat(path);
  if (stat === null) return false;
  return system.clock.nowMs() - Number(stat.mtimeNs / 1_000_000n) > UNKNOWN_WRITER_GRACE_MS;
}
