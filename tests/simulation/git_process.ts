/**
 * A simulated process that behaves like git: it reads, moves, deletes and packs refs in the `files` backend, with git's
 * locks and git's order of steps, and knows nothing of lattice.
 *
 * Based on refs/files-backend.c and refs/packed-backend.c of git 2.39 and of 2.55, which packs in the background
 * (`pack-refs --auto`) what it read before it took the lock. Unlike git with its defaults it flushes what it writes,
 * and the folder of `packed-refs` before loose files go: what git itself loses in a power cut is not asked here. What
 * it renames into place below `refs/` is not flushed, so a value of git's may be seen and lost again.
 *
 * @module
 */
import { isDiskError } from "../../src/platform/disk.ts";
import type { System } from "../../src/platform/system.ts";
import { compareNames, utf8 } from "../../src/platform/text.ts";
import type { SimulatedProcess } from "./together.ts";
import { isOwn } from "./worktrees.ts";

/** A git command. */
export type GitCommand =
  /**
   * `update-ref`, by the place of the ref; `to: null` deletes; `expect: null`: it must not exist; without it, anything may
   * be there. `to: "ref: <name>"` is `symbolic-ref`.
   */
  | { readonly kind: "update"; readonly ref: string; readonly to: string | null; readonly expect?: string | null }
  /** `rev-parse --verify`. */
  | { readonly kind: "read"; readonly ref: string }
  /** `pack-refs --all`; `looksFirst`: as `--auto`, with the loose refs read before the lock is taken. */
  | { readonly kind: "pack"; readonly looksFirst: boolean };

/** How a git command ended. */
export type GitEnd =
  | { readonly end: "moved"; readonly old: string | null }
  | { readonly end: "refused"; readonly actual: string | null }
  | { readonly end: "locked" }
  | { readonly end: "read"; readonly value: string | null }
  | { readonly end: "packed" };

/** What the process tells. */
export type GitFact =
  | { readonly kind: "git asks"; readonly command: GitCommand }
  /** The loose refs that it is going to pack. */
  | { readonly kind: "git looked"; readonly seen: Readonly<Record<string, string>> }
  | { readonly kind: "git answered"; readonly answer: GitEnd };

const GIT_DIR = "/r/.git";
const PACKED = `${GIT_DIR}/packed-refs`;
const PACKED_HEADER = "# pack-refs with: peeled fully-peeled sorted \n";

/** `core.filesRefLockTimeout` and `core.packedRefsTimeout`, as they are without configuration. */
const REF_LOCK_TIMEOUT_MS = 100;
const PACKED_LOCK_TIMEOUT_MS = 1000;

/** A ref that git finds malformed, which is never to be seen. */
export class TornRefError extends Error {}

/** Runs git commands, one after the other. */
export function runGit({ system, tell }: SimulatedProcess, commands: readonly GitCommand[]): void {
  for (const command of commands) {
    tell({ kind: "git asks", command });
    tell({ kind: "git answered", answer: runCommand({ system, tell }, command) });
  }
}

function runCommand(process: SimulatedProcess, command: GitCommand): GitEnd {
  const { system } = process;
  try {
    switch (command.kind) {
      case "read":
        return { end: "read", value: readRef(system, command.ref) };
      case "update":
        return command.to === null
          ? deleteRef(system, command.ref, command.expect)
          : updateRef(system, command.ref, command.to, command.expect);
      case "pack":
        return packRefs(process, command.looksFirst);
    }
  } catch (error) {
    if (error instanceof LockedError) return { end: "locked" };
    throw error;
  }
}

class LockedError extends Error {}

/** Loose, then packed, and loose once more where neither was found: it may have been packed and unpacked meanwhile. */
function readRef(system: System, ref: string): string | null {
  return readLoose(system, ref) ?? readPacked(system).get(ref) ?? null;
}

function readLoose({ disk }: System, ref: string): string | null {
  if (disk.lstat(`${GIT_DIR}/${ref}`)?.kind === "directory") return null;
  const bytes = disk.readFile(`${GIT_DIR}/${ref}`);
  return bytes === null ? null : parseOid(ref, new TextDecoder().decode(bytes).trimEnd());
}

function readPacked({ disk }: System): Map<string, string> {
  const text = new TextDecoder().decode(disk.readFile(PACKED) ?? new Uint8Array());
  if (text !== "" && !text.endsWith("\n")) throw new TornRefError(`packed-refs is cut off: ${JSON.stringify(text)}`);
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#") && !line.startsWith("^"));
  return new Map(lines.map((line) => [line.slice(41), parseOid("packed-refs", line.slice(0, 40))]));
}

function parseOid(where: string, text: string): string {
  if (!/^(?:[0-9a-f]{40}|ref: refs\/heads\/\S+)$/.test(text)) {
    throw new TornRefError(`${where} holds ${JSON.stringify(text)}`);
  }
  return text;
}

/** The new value is written into the lock, and the lock is renamed onto the ref. */
function updateRef(system: System, ref: string, to: string, expect: string | null | undefined): GitEnd {
  const { disk } = system;
  const path = `${GIT_DIR}/${ref}`;
  makeParents(system, path);
  const lock = takeLock(system, `${path}.lock`, REF_LOCK_TIMEOUT_MS);
  try {
    const old = readRef(system, ref);
    if (expect !== undefined && old !== expect) {
      disk.unlink(`${path}.lock`);
      return { end: "refused", actual: old };
    }
    lock.write(utf8(`${to}\n`));
    lock.sync();
    lock.close();
    tellHook(system, ref, old, to);
    disk.rename(`${path}.lock`, path);
    return { end: "moved", old };
  } finally {
    lock.close();
  }
}

/** `packed-refs` loses the ref first, then the loose file goes. */
function deleteRef(system: System, ref: string, expect: string | null | undefined): GitEnd {
  const { disk } = system;
  const path = `${GIT_DIR}/${ref}`;
  makeParents(system, path);
  takeLock(system, `${path}.lock`, REF_LOCK_TIMEOUT_MS).close();
  try {
    const old = readRef(system, ref);
    if (old === null || (expect !== undefined && old !== expect)) return { end: "refused", actual: old };
    takeLock(system, `${PACKED}.lock`, PACKED_LOCK_TIMEOUT_MS).close();
    try {
      tellHook(system, ref, old, null);
      const packed = readPacked(system);
      if (packed.delete(ref)) writePacked(system, packed);
      if (readLoose(system, ref) !== null) disk.unlink(path);
    } finally {
      disk.unlink(`${PACKED}.lock`);
    }
    return { end: "moved", old };
  } finally {
    disk.unlink(`${path}.lock`);
  }
}

/** All loose refs go into `packed-refs`; then each loose file goes, under its lock, while it holds what was packed. */
function packRefs({ system, tell }: SimulatedProcess, looksFirst: boolean): GitEnd {
  const before = looksFirst ? looseRefs(system) : null;
  if (before !== null) tell({ kind: "git looked", seen: Object.fromEntries(before) });
  takeLock(system, `${PACKED}.lock`, PACKED_LOCK_TIMEOUT_MS).close();
  const seen = before ?? looseRefs(system);
  try {
    writePacked(system, new Map([...readPacked(system), ...seen]));
  } finally {
    system.disk.unlink(`${PACKED}.lock`);
  }
  for (const [ref, packed] of seen) pruneLoose(system, ref, packed);
  return { end: "packed" };
}

function pruneLoose(system: System, ref: string, packed: string): void {
  const path = `${GIT_DIR}/${ref}`;
  if (system.disk.lstat(path) === null) return;
  try {
    takeLock(system, `${path}.lock`, REF_LOCK_TIMEOUT_MS).close();
  } catch (error) {
    if (error instanceof LockedError) return; // it stays loose
    throw error;
  }
  if (readLoose(system, ref) === packed) system.disk.unlink(path);
  system.disk.unlink(`${path}.lock`);
}

function looseRefs(system: System, folder = "refs", found = new Map<string, string>()): Map<string, string> {
  for (const { name, kind } of system.disk.list(`${GIT_DIR}/${folder}`) ?? []) {
    const ref = `${folder}/${name}`;
    if (isOwn(`${ref}/`)) continue; // what belongs to one worktree is never packed
    if (kind === "directory") looseRefs(system, ref, found);
    else if (!name.endsWith(".lock")) {
      const value = readLoose(system, ref);
      if (value !== null) found.set(ref, value);
    }
  }
  return found;
}

/** The content goes into `packed-refs.new`, under `packed-refs.lock`. */
function writePacked({ disk }: System, refs: ReadonlyMap<string, string>): void {
  const temporary = `${PACKED}.new`;
  if (disk.lstat(temporary) !== null) disk.unlink(temporary); // of a git that was killed
  const lines = [...refs].sort(([a], [b]) => compareNames(a, b)).map(([ref, oid]) => `${oid} ${ref}\n`);
  {
    using file = disk.create(temporary);
    file.write(utf8(PACKED_HEADER + lines.join("")));
    file.sync();
  }
  disk.rename(temporary, PACKED);
  disk.syncDirectory(GIT_DIR);
}

/**
 * What the `reference-transaction` hook of an `op run` notes when the refs are locked (`docs/formats.md`). Where a
 * symbolic ref is set, git 2.39 calls no hook.
 */
function tellHook({ disk, env, host, clock }: System, place: string, old: string | null, to: string | null): void {
  if (to?.startsWith("ref: ") === true) return;
  const [, worktree = "", ref = place] = /^worktrees\/([^/]+)\/(.*)$/.exec(place) ?? [];
  const setting = Object.keys(env).find((name) => env[name] === "core.hooksPath");
  const hooks = setting === undefined ? undefined : env[setting.replace("_KEY_", "_VALUE_")];
  if (hooks === undefined) return;
  const zero = "0".repeat(40);
  // Each command is a git of its own, so each has a number of its own.
  const pid = host.pid * 1e9 + Math.round(clock.monotonicMs() * 1000);
  using note = disk.create(`${hooks.replace(/hooks$/, "notes")}/${pid}`);
  note.write(utf8(`worktree ${worktree}\n${old?.replace("ref: ", "ref:") ?? zero} ${to ?? zero} ${ref}\n`));
}

function takeLock(system: System, path: string, timeoutMs: number): ReturnType<System["disk"]["create"]> {
  for (let waitedMs = 0, delayMs = 1;; waitedMs += delayMs, delayMs *= 2) {
    try {
      return system.disk.create(path);
    } catch (error) {
      if (isDiskError(error, "ENOENT")) makeParents(system, path);
      else if (isDiskError(error, "ENOTDIR")) throw new LockedError(path); // another ref is where its folder was
      else if (!isDiskError(error, "EEXIST")) throw error;
    }
    if (waitedMs >= timeoutMs) throw new LockedError(path);
    system.clock.sleepSync(delayMs);
  }
}

function makeParents({ disk }: System, path: string): void {
  const parts = path.slice(GIT_DIR.length + 1).split("/").slice(0, -1);
  let folder = GIT_DIR;
  for (const part of parts) {
    folder += `/${part}`;
    if (disk.lstat(folder) !== null) continue;
    try {
      disk.makeDirectory(folder);
    } catch (error) {
      if (!isDiskError(error, "EEXIST")) throw error; // another process was first
    }
  }
}
