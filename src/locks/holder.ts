/**
 * Who holds a lock, and whether that process still lives.
 *
 * A pid says something only within one pid namespace of one boot of one host, and there only together with the time at
 * which the process was started, since pids are given out again. Where one of these is unknown, nothing is concluded:
 * a lock is taken from nobody who may live.
 *
 * @module
 */
import { crc32 } from "../platform/crc32.ts";
import type { System } from "../platform/system.ts";
import { utf8 } from "../platform/text.ts";

/** Who holds a lock, as far as its text tells. */
export interface LockHolder {
  /** Process id, in its own container. */
  pid: number;
  /** Host name; empty where the text does not tell. */
  host: string;
  /** What it is doing; empty where the text does not tell. */
  command: string;
  /** RFC 3339, UTC; empty where the text does not tell. */
  since: string;
}

/** What identifies one process among all that ever were; `null`: not known. */
export interface ProcessIdentity {
  /** Process id. */
  readonly pid: number;
  /** When it was started, in the kernel's own count. */
  readonly startTime: string | null;
  /** The boot of its host. */
  readonly bootId: string | null;
  /** Its pid namespace. */
  readonly pidNamespace: string | null;
}

/** Whether a process lives; `unknown`: that cannot be told from here. */
export type Verdict = "lives" | "gone" | "unknown";

/** This process. */
export function identityOf(system: System): ProcessIdentity {
  const { pid, bootId, pidNamespace } = system.host;
  return { pid, startTime: system.lookUpProcess(pid)?.startTime ?? null, bootId, pidNamespace };
}

/**
 * Whether a process lives.
 *
 * @param isSameHost Whether it was started on this host, be it before the last boot.
 */
export function judgeProcess(system: System, identity: ProcessIdentity, isSameHost: boolean): Verdict {
  if (!isSameHost) return "unknown";
  const { bootId, pidNamespace, platform } = system.host;
  if (identity.bootId !== null && bootId !== null && identity.bootId !== bootId) return "gone";
  // Where there are no such namespaces, a pid means the same everywhere on the host.
  const hasNamespaces = platform === "linux";
  if (hasNamespaces && (identity.bootId === null || bootId === null)) return "unknown";
  if (hasNamespaces && (identity.pidNamespace === null || identity.pidNamespace !== pidNamespace)) return "unknown";
  const found = system.lookUpProcess(identity.pid);
  if (found === null) return "gone";
  const isAnother = identity.startTime !== null && found.startTime !== null && identity.startTime !== found.startTime;
  return isAnother ? "gone" : "lives";
}

/** How a holder is named in messages. */
export function describeHolder(holder: LockHolder | null): string {
  if (holder === null) return "another process";
  const facts = [
    `pid ${holder.pid}${holder.host === "" ? "" : ` on ${holder.host}`}`,
    ...(holder.since === "" ? [] : [`since ${holder.since}`]),
  ].join(", ");
  return holder.command === "" ? `a program (${facts})` : `${JSON.stringify(holder.command)} (${facts})`;
}

/** A short mark of a text, for names of files: eight hex digits. */
export function shortMark(text: string): string {
  return crc32(utf8(text)).toString(16).padStart(8, "0");
}
