/**
 * Puts lattice's hooks where git looks for them, and takes them away again.
 *
 * A hook that is already there gets a second name first (a hard link; a copy where there are none), and only then is
 * ours renamed over it: at every moment git finds the old one or ours, and ours finds the old one. What was there is known by its mode and a digest,
 * so that nothing is put back or taken away that somebody changed since. The caller holds the repository lock.
 *
 * @module
 */
import { hooksFolder } from "../git/hooks_folder.ts";
import { adjustMode, sharedRepository } from "../git/objects/permissions.ts";
import type { Repository } from "../git/repository.ts";
import type { Disk, FileStat } from "../platform/disk.ts";
import { isDiskError } from "../platform/disk.ts";
import { LatticeError } from "../platform/errors.ts";
import { createHasher, hashHex } from "../platform/hash.ts";
import { replaceFile } from "../platform/replace_file.ts";
import { equalBytes, nameToBytes, toHex } from "../platform/text.ts";
import { folderOf } from "../platform/paths.ts";
import {
  HOOK_NAMES,
  type HookName,
  KEPT_SUFFIX,
  type KeptMark,
  NOTHING_KEPT,
  readScript,
  writeScript,
} from "./script.ts";

/** What stands where git looks for a hook. */
export interface HookSituation {
  readonly name: HookName;
  /** Where git looks for it, absolute. */
  readonly path: string;
  /** `ours`; `changed`: ours, edited by somebody; `foreign`: somebody else's; `none`. */
  readonly state: "ours" | "changed" | "foreign" | "none";
  /** What our hook says was there before; `null` without an unchanged hook of ours. */
  readonly noted: KeptMark | null;
  /** Where the hook that was there before is kept. */
  readonly keptPath: string;
  /** What is kept there now. */
  readonly kept: KeptMark;
  /** Whether the two are the same, and neither is ours: an installation was interrupted. */
  readonly half: boolean;
}

/** A larger file is taken for no hook of ours, in bytes; its digest is made piece by piece all the same. */
const SCRIPT_BYTES_MAX = 64 * 1024;

/** So much is read at once for a digest, in bytes. */
const PIECE_BYTES = 1024 * 1024;

/** Looks at a hook; nothing is changed. @throws {LatticeError} `io`. */
export function inspectHook(repository: Repository, name: HookName): HookSituation {
  const { disk } = repository.system;
  const path = `${hooksFolder(repository)}/${name}`;
  const keptPath = path + KEPT_SUFFIX;
  const [stat, keptStat] = [disk.lstat(path), disk.lstat(keptPath)];
  const script = stat?.kind === "file" && stat.size <= SCRIPT_BYTES_MAX
    ? readScript(disk.readFile(path) ?? new Uint8Array())
    : null;
  const kept = keptStat === null ? NOTHING_KEPT : markOf(repository, keptPath, keptStat);
  return {
    name,
    path,
    state: stat === null ? "none" : script === null ? "foreign" : script === "changed" ? "changed" : "ours",
    noted: script === null || script === "changed" ? null : script.kept,
    keptPath,
    kept,
    half: stat !== null && keptStat !== null && script === null && markOf(repository, path, stat) === kept,
  };
}

function markOf({ system: { disk } }: Repository, path: string, stat: FileStat): KeptMark {
  switch (stat.kind) {
    case "file":
      return `${stat.mode.toString(8)} ${digestOf(disk, path)}`;
    case "symlink":
      return `link ${hashHex("sha256", nameToBytes(disk.readLink(path) ?? ""))}`;
    default:
      return stat.kind;
  }
}

function digestOf(disk: Disk, path: string): string {
  const hasher = createHasher("sha256");
  try {
    using file = disk.openRead(path);
    const piece = new Uint8Array(PIECE_BYTES);
    let offset = 0;
    for (let length = 0; (length = file?.readAt(piece, offset) ?? 0) > 0; offset += length) {
      hasher.update(piece.subarray(0, length));
    }
  } catch (error) {
    hasher.digest(); // every digest that was started is to be ended
    throw error;
  }
  return toHex(hasher.digest());
}

/**
 * Installs a hook, or brings it up to date.
 *
 * @param program Absolute path of the binary; `null`: what is on `PATH`.
 * @param force Replaces a hook of ours that somebody changed, and goes on without a kept one that is gone.
 * @returns What was done.
 * @throws {LatticeError} `cas_failed`: somebody changed our hook, or took away or put something in the place of the one
 *   that was there before; `unsupported`: what is in the way is no file; `io`. Then nothing was changed.
 */
export function installHook(
  repository: Repository,
  name: HookName,
  program: string | null,
  force: boolean,
): "installed" | "updated" | "unchanged" {
  const { disk } = repository.system;
  const folder = requireFolder(repository);
  const seen = inspectHook(repository, name);
  const kept = keptAfterInstall(repository, seen, force);
  const script = writeScript({ name, program, kept });
  if (seen.state === "ours" && equalBytes(disk.readFile(seen.path) ?? new Uint8Array(), script)) {
    disk.syncDirectory(folder); // an installation that was killed may not have come so far
    return "unchanged";
  }
  sweep(repository, folder);
  if (seen.state === "foreign" && !seen.half) {
    giveSecondName(repository, name, seen.path, seen.keptPath);
    disk.syncDirectory(folder); // before the old one loses its first name
  }
  const shared = sharedRepository(repository.config);
  place(repository, name, seen.path, script, (path) => adjustMode(disk, shared, path, "file"));
  disk.syncDirectory(folder);
  return seen.state === "ours" || seen.state === "changed" ? "updated" : "installed";
}

/** What our hook will say was there before. */
function keptAfterInstall(repository: Repository, seen: HookSituation, force: boolean): KeptMark {
  switch (seen.state) {
    case "none":
      if (seen.kept === NOTHING_KEPT) return NOTHING_KEPT;
      throw inTheWay(seen);
    case "foreign": {
      const { disk } = repository.system;
      const stat = disk.lstat(seen.path)!;
      if (stat.kind !== "file" && stat.kind !== "symlink") throw noFile(seen.path);
      if (seen.kept !== NOTHING_KEPT && !seen.half) throw inTheWay(seen);
      return markOf(repository, seen.path, stat);
    }
    case "changed":
      if (!force) throw changed(seen, "put it in order, or install with --force to replace it");
      return seen.kept;
    case "ours":
      if (seen.noted !== NOTHING_KEPT && seen.kept === NOTHING_KEPT && !force) throw keptIsGone(seen);
      return seen.noted === NOTHING_KEPT ? NOTHING_KEPT : seen.kept; // changed on purpose, perhaps: then it is noted anew
  }
}

/**
 * Takes hooks of ours away and puts back what was there before. All are looked at before anything is changed.
 *
 * @returns Which hooks were taken away.
 * @throws {LatticeError} `cas_failed`: somebody changed a hook of ours, or the one that was there before; `io`.
 */
export function uninstallHooks(repository: Repository): HookSituation[] {
  const { disk } = repository.system;
  const found = HOOK_NAMES.map((name) => inspectHook(repository, name)).filter(isOurs);
  for (const seen of found) refuseChanged(seen);
  const folder = hooksFolder(repository);
  for (const { name, state, path, keptPath, noted, half } of found) {
    if (half) disk.unlink(keptPath);
    else if (state === "none") {
      giveSecondName(repository, name, keptPath, path); // not by renaming: somebody may put a hook there at this very moment
      disk.unlink(keptPath);
    } else if (noted === NOTHING_KEPT) disk.unlink(path);
    else disk.rename(keptPath, path);
    disk.syncDirectory(folder);
  }
  if (found.length > 0) sweep(repository, folder);
  return found;
}

/** Whether there is anything of ours: a hook, or the second name of one that was there before. */
function isOurs({ state, kept }: HookSituation): boolean {
  return state === "ours" || state === "changed" || kept !== NOTHING_KEPT;
}

function refuseChanged(seen: HookSituation): void {
  const { state, noted, kept, half } = seen;
  if (half || state === "none") return;
  const byHand = `look at it, then remove ${quote(seen.path)} yourself` +
    (kept === NOTHING_KEPT ? "" : ` and give ${quote(seen.keptPath)} that name`);
  if (state === "changed") throw changed(seen, byHand);
  if (state === "foreign") throw inTheWay(seen);
  if (noted === NOTHING_KEPT || noted === kept) return;
  if (kept === NOTHING_KEPT) throw keptIsGone(seen);
  throw new LatticeError(
    "cas_failed",
    `the hook that was there before ours was changed since: ${quote(seen.keptPath)}`,
    {
      hint: `\`lattice hook install ${seen.name}\` takes note of the change; uninstall then puts the changed one back`,
      details: { path: seen.keptPath, expected: noted, actual: kept },
    },
  );
}

function changed({ name, path }: HookSituation, hint: string): LatticeError {
  return new LatticeError("cas_failed", `somebody changed the ${name} hook that lattice installed: ${quote(path)}`, {
    hint,
    details: { path },
  });
}

function inTheWay({ name, path, keptPath }: HookSituation): LatticeError {
  return new LatticeError(
    "cas_failed",
    `${quote(keptPath)} is there, where lattice keeps the ${name} hook that was there before its own, but its own is ` +
      `not at ${quote(path)}`,
    {
      hint: "somebody replaced it since: decide which of the two is to be kept, and move the other away",
      details: { path, kept: keptPath },
    },
  );
}

function keptIsGone({ name, keptPath, noted }: HookSituation): LatticeError {
  return new LatticeError("cas_failed", `the ${name} hook that was there before ours is gone: ${quote(keptPath)}`, {
    hint: `put it back, or go on without it: lattice hook install ${name} --force`,
    details: { path: keptPath, expected: noted, actual: null },
  });
}

function noFile(path: string): LatticeError {
  return new LatticeError("unsupported", `${quote(path)} is not a file`, {
    hint: "move it away; git looks for a program there",
    details: { path },
  });
}

/** The folder of the hooks, made where it is not there. */
function requireFolder(repository: Repository): string {
  const { disk } = repository.system;
  const folder = hooksFolder(repository);
  const missing: string[] = [];
  for (let at = folder; disk.stat(at) === null; at = folderOf(at)) missing.unshift(at);
  for (const path of missing) {
    disk.makeDirectory(path);
    adjustMode(disk, sharedRepository(repository.config), path, "directory");
    disk.syncDirectory(folderOf(path));
  }
  if (disk.stat(folder)?.kind === "directory") return folder;
  throw new LatticeError("unsupported", `the hooks of this repository are turned off: ${quote(folder)} is no folder`, {
    hint: "unset core.hooksPath, or let it name a folder",
    details: { path: folder },
  });
}

/** Gives a hook (a file or a symbolic link) another name, which must be free. */
function giveSecondName(repository: Repository, name: HookName, from: string, to: string): void {
  const { disk } = repository.system;
  try {
    disk.link(from, to);
    return;
  } catch (error) {
    if (!isDiskError(error, "EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK")) throw error;
  }
  // There are no hard links here.
  const target = disk.readLink(from);
  if (target !== null) {
    disk.symlink(target, to);
    return;
  }
  const { mode } = disk.lstat(from)!;
  place(repository, name, to, disk.readFile(from) ?? new Uint8Array(), (path) => disk.chmod(path, mode));
}

/**
 * Puts a whole file in place at once; git runs the old one or the new one.
 *
 * @param setMode Called with the file on its way.
 */
function place(
  repository: Repository,
  name: HookName,
  path: string,
  bytes: Uint8Array,
  setMode: (path: string) => void,
): void {
  const { disk, randomBytes } = repository.system;
  const temporary = `${hooksFolder(repository)}/${name}.${toHex(randomBytes(8))}.tmp`; // which nobody else can have chosen
  replaceFile(disk, temporary, path, bytes, { mode: 0o777, adjust: setMode });
}

/** Removes temporary files of ours that a killed installation left; under the lock nobody writes one. */
function sweep({ system: { disk } }: Repository, folder: string): void {
  for (const { name, kind } of disk.list(folder) ?? []) {
    const stem = /^(.+)\.[0-9a-f]{16}\.tmp$/.exec(name)?.[1];
    if (kind !== "file" || !HOOK_NAMES.some((known) => known === stem)) continue;
    try {
      disk.unlink(`${folder}/${name}`);
    } catch (error) {
      if (!isDiskError(error, "ENOENT")) throw error;
    }
  }
}

function quote(text: string): string {
  return JSON.stringify(text);
}
