/**
 * The text of a lock file: the pid, then one line of JSON about the holder. Described in `docs/formats.md`.
 *
 * A file that holds a pid alone, as other programs write it, names a holder of whom nothing else is known.
 *
 * @module
 */
import { identityOf, type LockHolder, type ProcessIdentity } from "./holder.ts";
import type { System } from "../platform/system.ts";
import { toHex } from "../platform/text.ts";

/** What the text of a lock says. */
export interface LockText {
  readonly holder: LockHolder;
  readonly identity: ProcessIdentity;
  /** Tells this lock from every other one that there ever was; `null`: another program's. */
  readonly token: string | null;
}

/** More than this is no lock file of ours, in bytes. */
export const LOCK_TEXT_BYTES_MAX = 64 * 1024;

/** How much of a command is kept, in characters. */
const COMMAND_CHARACTERS_MAX = 4096;

const TOKEN = /^[0-9a-f]{32}$/;

/** The text of a new lock of this process. */
export function newLockText(system: System, command: string): LockText {
  const { host, clock } = system;
  return {
    holder: {
      pid: host.pid,
      host: host.hostName,
      command: command.slice(0, COMMAND_CHARACTERS_MAX),
      since: new Date(clock.nowMs()).toISOString(),
    },
    identity: identityOf(system),
    token: toHex(system.randomBytes(16)),
  };
}

/** The text as it is written. */
export function renderLockText({ holder, identity, token }: LockText): string {
  const about = {
    ...holder,
    start_time: identity.startTime,
    boot_id: identity.bootId,
    pid_namespace: identity.pidNamespace,
    token,
  };
  return `${holder.pid}\n${JSON.stringify(about)}\n`;
}

/** What a text says; `null`: it is empty, cut off, or something else altogether. */
export function parseLockText(text: string): LockText | null {
  const lines = text.split("\n");
  const first = /^\s*(\d{1,10})\s*$/.exec(lines[0] ?? "");
  if (first === null) return null;
  const pid = Number(first[1]);
  if (pid === 0) return null;
  const rest = lines.slice(1).join("\n").trim();
  if (rest === "") return foreignText(pid);
  let about: unknown;
  try {
    about = JSON.parse(rest);
  } catch {
    return null; // cut off, or something else: the caller says so
  }
  if (typeof about !== "object" || about === null || Array.isArray(about)) return null;
  const { pid: again, host, command, since, start_time, boot_id, pid_namespace, token } = about as Record<
    string,
    unknown
  >;
  if (again !== pid || typeof host !== "string" || typeof command !== "string" || typeof since !== "string") {
    return null;
  }
  return {
    holder: { pid, host, command, since },
    identity: {
      pid,
      startTime: textOrNull(start_time),
      bootId: textOrNull(boot_id),
      pidNamespace: textOrNull(pid_namespace),
    },
    token: typeof token === "string" && TOKEN.test(token) ? token : null,
  };
}

function foreignText(pid: number): LockText {
  return {
    holder: { pid, host: "", command: "", since: "" },
    identity: { pid, startTime: null, bootId: null, pidNamespace: null },
    token: null,
  };
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
