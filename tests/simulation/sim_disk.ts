/**
 * A disk in memory that keeps apart what is visible and what is durable.
 *
 * What a power cut may leave is described in `pending.ts`. One `SimDisk` is what one process sees of the machine's
 * disk; {@link SimDisk.forNextProcess} and {@link SimDisk.powerCut} give the disk to the next one.
 *
 * @example
 * ```ts
 * import { SimDisk } from "./sim_disk.ts";
 *
 * const disk = SimDisk.fromTree({ "/repo/HEAD": "ref: refs/heads/main\n" });
 * const file = disk.create("/repo/new");
 * file.write(new Uint8Array([1, 2, 3]));
 * file.close();
 * for (const { label, disk: after } of disk.powerCuts({ seed: 1 })) console.log(label, after.dump());
 * ```
 *
 * @module
 */
import { type DirectoryEntry, type Disk, DiskError, type FileStat, type OpenFile } from "../../src/platform/disk.ts";
import { utf8 } from "../../src/platform/text.ts";
import { CallGate, type CallMore, type CallObserver, type CallRecord, type FaultOptions } from "./calls.ts";
import { dumpTree, plantTree, type TreeDump, type TreeSource } from "./dump.ts";
import { lookup, LookupFailure, type Place } from "./lookup.ts";
import {
  applyChoice,
  type Change,
  type PowerCutChoice,
  powerCutChoices,
  type PowerCutOptions,
  relevantChanges,
} from "./pending.ts";
import { SimFile } from "./sim_file.ts";
import { Storage } from "./storage.ts";
import type { Birth } from "./tree.ts";

/** Bits that a new file or folder does not get. */
const UMASK = 0o022;
/** Added to inode numbers, so that a program that rounds them to a double takes different inodes for one. */
const INODE_OFFSET = 1n << 60n;

/** A simulated disk as one process sees it. */
export class SimDisk implements Disk {
  /** Counts, records and breaks the calls of this process. */
  readonly gate = new CallGate();
  /** How many files are open; at the end of a clean program, none. */
  openFiles = 0;
  /** Whether `syncFileSystem` is to be had. */
  hasSyncFileSystem = true;
  /** Whether the disk passes for a network file system. */
  shared = false;

  private constructor(
    readonly storage: Storage,
    /** Flocks: inode number to whoever holds it. They belong to living processes, so no copy has them. */
    readonly flocks: Map<number, object> = new Map<number, object>(),
  ) {
    this.gate.onCall = () => storage.timeUs += storage.stepUs;
  }

  /** A disk with these files, all durable: path to text or bytes; `null` makes an empty folder, `{ link }` a symbolic link. */
  static fromTree(source: TreeSource): SimDisk {
    const storage = new Storage();
    plantTree(storage, source);
    storage.settleAll();
    return new SimDisk(storage);
  }

  /** What was called so far. */
  get trace(): readonly CallRecord[] {
    return this.gate.trace;
  }

  /** Whether the process was killed. */
  get isDead(): boolean {
    return this.gate.dead;
  }

  /** The process is killed at its n-th call (from 1 on), before or after the call takes effect. */
  crashAt(index: number, when: "before" | "after" = "before"): void {
    this.gate.crashAt(index, when);
  }

  /** The n-th call fails. Some calls cannot fail; then the call after them does. */
  failAt(index: number, errno: string, options: FaultOptions = {}): void {
    this.gate.failAt(index, errno, options);
  }

  /** The n-th flush (from 1 on) does nothing and says that all is well. */
  ignoreFlush(index: number): void {
    this.gate.ignoreFlush(index);
  }

  /** Has a function called after each call that took effect, and in the middle of each write. */
  observe(observer: CallObserver | null): void {
    this.gate.observer = observer;
  }

  /** The disk as it is now, for another process of the same boot: everything visible stays, flocks are gone. */
  forNextProcess(): SimDisk {
    const next = new SimDisk(this.storage.copy());
    next.hasSyncFileSystem = this.hasSyncFileSystem;
    next.shared = this.shared;
    return next;
  }

  /** The same disk with its own future; what {@link forNextProcess} is, by the name that forks use. */
  copy(): SimDisk {
    return this.forNextProcess();
  }

  /** The very same disk, for another process that lives at the same time: what one does, the other sees. */
  forNeighbour(): SimDisk {
    const neighbour = new SimDisk(this.storage, this.flocks);
    neighbour.hasSyncFileSystem = this.hasSyncFileSystem;
    neighbour.shared = this.shared;
    return neighbour;
  }

  /** What would be at stake in a power cut, oldest first. */
  pendingChanges(): Change[] {
    const { durable, visible } = this.storage;
    return relevantChanges(durable, visible, this.storage.changes());
  }

  /** The disk after a power cut that left this; everything on it is durable. */
  powerCut(choice: PowerCutChoice): SimDisk {
    const { durable, visible } = this.storage;
    const next = new SimDisk(this.storage.afterPowerCut(applyChoice(durable, visible, this.pendingChanges(), choice)));
    next.hasSyncFileSystem = this.hasSyncFileSystem;
    next.shared = this.shared;
    return next;
  }

  /** The power cuts that {@link powerCuts} tries. */
  powerCutChoices(options: PowerCutOptions): Generator<PowerCutChoice> {
    const { durable, visible, durableVersion } = this.storage;
    return powerCutChoices({ durable, visible, durableVersion, changes: this.pendingChanges() }, options);
  }

  /** Disks after each of the power cuts that are tried (see `pending.ts`); count them as you go. */
  *powerCuts(options: PowerCutOptions): Generator<{ label: string; disk: SimDisk }> {
    for (const choice of this.powerCutChoices(options)) yield { label: choice.label, disk: this.powerCut(choice) };
  }

  /** Everything that is visible, by path, for comparing; not a call of the process. */
  dump(): TreeDump {
    return dumpTree(this.storage.visible);
  }

  readFile(path: string, bytesMax?: number): Uint8Array | null {
    return this.gate.call("readFile", path, () => {
      const ino = this.find(path, true, "read");
      if (ino === null) return null;
      const { birth, content } = this.storage.visible.get(ino)!;
      if (birth.kind === "directory") throw new DiskError("EISDIR", "read", path);
      return content.slice(0, bytesMax);
    });
  }

  openRead(path: string): OpenFile | null {
    return this.gate.call("openRead", path, () => {
      const ino = this.find(path, true, "open");
      return ino === null ? null : new SimFile(this, path, ino, "read");
    });
  }

  create(path: string, mode = 0o666): OpenFile {
    return this.gate.call("create", path, () => {
      const ino = this.make("create", path, { kind: "file", mode: mode & ~UMASK, timeUs: this.storage.timeUs });
      return new SimFile(this, path, ino, "append");
    });
  }

  openAppend(path: string): OpenFile | null {
    return this.gate.call("openAppend", path, () => {
      const ino = this.find(path, false, "open");
      return ino === null ? null : this.openForAppending(path, ino);
    });
  }

  openOrCreateAppend(path: string, mode = 0o666): OpenFile {
    return this.gate.call("openOrCreateAppend", path, () => {
      const place = this.place(path, false, "open");
      if (place.ino !== null) return this.openForAppending(path, place.ino);
      const ino = this.make("open", path, { kind: "file", mode: mode & ~UMASK, timeUs: this.storage.timeUs });
      return new SimFile(this, path, ino, "append");
    });
  }

  stat(path: string): FileStat | null {
    return this.gate.call("stat", path, () => {
      const ino = this.find(path, true, "examine");
      return ino === null ? null : this.statOf(ino);
    });
  }

  lstat(path: string): FileStat | null {
    return this.gate.call("lstat", path, () => {
      const ino = this.find(path, false, "examine");
      return ino === null ? null : this.statOf(ino);
    });
  }

  list(path: string): DirectoryEntry[] | null {
    return this.gate.call("list", path, () => {
      const ino = this.find(path, true, "list");
      const { visible } = this.storage;
      if (ino === null || visible.get(ino)!.birth.kind !== "directory") return null;
      return [...visible.get(ino)!.entries].map(([name, child]) => ({ name, kind: visible.get(child)!.birth.kind }));
    });
  }

  readLink(path: string): string | null {
    return this.gate.call("readLink", path, () => {
      const ino = this.find(path, false, "read the link");
      const birth = ino === null ? null : this.storage.visible.get(ino)!.birth;
      return birth?.kind === "symlink" ? birth.target : null;
    });
  }

  realPath(path: string): string | null {
    return this.gate.call("realPath", path, () => {
      const place = this.placeOrNull(path, true, "resolve");
      if (place === null || place.ino === null) return null;
      return this.storage.pathOf(place.name === "" ? place.ino : place.folder, place.name);
    });
  }

  makeDirectory(path: string, mode = 0o777): void {
    this.gate.call("makeDirectory", path, () => {
      this.make("make the folder", path, { kind: "directory", mode: mode & ~UMASK, timeUs: this.storage.timeUs });
    });
  }

  removeDirectory(path: string): void {
    this.gate.call("removeDirectory", path, () => {
      const { folder, name, ino } = this.existing(path, false, "remove the folder");
      const node = this.storage.visible.get(ino)!;
      if (node.birth.kind !== "directory") throw new DiskError("ENOTDIR", "remove the folder", path);
      if (name === "") {
        const errno = path.endsWith("/..") ? "ENOTEMPTY" : path.endsWith("/.") ? "EINVAL" : "EBUSY";
        throw new DiskError(errno, "remove the folder", path);
      }
      if (node.entries.size > 0) throw new DiskError("ENOTEMPTY", "remove the folder", path);
      this.storage.setNames(`remove the folder ${path}`, [{ folder, name, ino: null }]);
    });
  }

  link(existing: string, path: string): void {
    this.gate.call("link", existing, () => {
      const source = this.existing(existing, false, "link", path);
      const place = this.vacant(path, "link");
      if (this.storage.visible.get(source.ino)!.birth.kind === "directory") throw new DiskError("EPERM", "link", path);
      this.storage.setNames(`link ${existing} to ${path}`, [{ ...place, ino: source.ino }]);
    }, { to: path });
  }

  rename(from: string, to: string): void {
    this.gate.call("rename", from, () => {
      const place = this.place(from, false, "rename a file to", to);
      const target = this.place(to, false, "rename a file to");
      const fail = (errno: string): DiskError => new DiskError(errno, "rename a file to", to);
      if (place.ino === null) throw fail("ENOENT");
      if (place.name === "" || target.name === "") throw fail("EBUSY");
      const problem = this.storage.renameProblem(place.ino, target.folder, target.ino, place.folder);
      if (problem !== null) throw fail(problem);
      if (place.ino === target.ino) return; // two names of one inode: rename(2) does nothing
      this.storage.setNames(`rename ${from} to ${to}`, [
        { folder: place.folder, name: place.name, ino: null },
        { folder: target.folder, name: target.name, ino: place.ino },
      ]);
    }, { to });
  }

  symlink(target: string, path: string): void {
    this.gate.call("symlink", path, () => {
      if (target === "") throw new DiskError("ENOENT", "make the link", path);
      this.make("make the link", path, { kind: "symlink", mode: 0o777, timeUs: this.storage.timeUs, target });
    }, { to: target });
  }

  unlink(path: string): void {
    this.gate.call("unlink", path, () => {
      const { folder, name, ino } = this.existing(path, false, "remove");
      if (this.storage.visible.get(ino)!.birth.kind === "directory") throw new DiskError("EISDIR", "remove", path);
      this.storage.setNames(`remove ${path}`, [{ folder, name, ino: null }]);
    });
  }

  chmod(path: string, mode: number): void {
    this.gate.call("chmod", path, () => {
      this.storage.setMode(this.existing(path, true, "change the mode of").ino, mode & 0o7777, path);
    });
  }

  setTimes(path: string, mtimeNs: bigint): void {
    this.gate.call("setTimes", path, () => {
      this.storage.setTimes(this.existing(path, true, "set the times of").ino, Number(mtimeNs / 1000n), path);
    });
  }

  syncFile(path: string): void {
    this.gate.call("syncFile", path, () => {
      const { ino } = this.existing(path, false, "flush");
      if (this.storage.visible.get(ino)!.birth.kind === "symlink") throw new DiskError("ELOOP", "flush", path);
      this.storage.flush(ino);
    });
  }

  syncDirectory(path: string): void {
    this.gate.call("syncDirectory", path, () => {
      const { ino } = this.existing(path, true, "flush the folder");
      const { kind } = this.storage.visible.get(ino)!.birth;
      if (kind !== "directory") throw new DiskError("ENOTDIR", "flush the folder", path);
      this.storage.flush(ino);
    });
  }

  syncFileSystem(path: string): boolean {
    return this.gate.call("syncFileSystem", path, () => {
      this.existing(path, true, "flush the file system of");
      if (this.hasSyncFileSystem) this.storage.settleAll();
      return this.hasSyncFileSystem;
    }, { whenLeftOut: true });
  }

  isShared(path: string): boolean {
    return this.gate.call("isShared", path, () => {
      this.existing(path, true, "examine the file system of");
      return this.shared;
    });
  }

  /** The inode that a path names, a symbolic link itself; `null`: nothing is there. Not a call by itself. */
  inodeAt(path: string): number | null {
    return this.find(path, false, "find");
  }

  /** What `stat` says of an inode; not a call by itself. */
  statOf(ino: number): FileStat {
    const node = this.storage.visible.get(ino)!;
    const { kind } = node.birth;
    return {
      kind,
      size: node.birth.kind === "symlink"
        ? utf8(node.birth.target).length
        : kind === "directory"
        ? 4096
        : node.content.length,
      mode: node.mode,
      uid: this.storage.userId,
      gid: this.storage.userId,
      device: 0x801n,
      inode: INODE_OFFSET + BigInt(node.number),
      links: node.links,
      mtimeNs: BigInt(node.mtimeUs) * 1000n,
      ctimeNs: BigInt(node.ctimeUs) * 1000n,
    };
  }

  /** A counted call of an open file or lock. */
  call<T>(operation: string, path: string, body: () => T, more?: CallMore): T {
    return this.gate.call(operation, path, body, more);
  }

  private openForAppending(path: string, ino: number): OpenFile {
    const { kind } = this.storage.visible.get(ino)!.birth;
    if (kind === "symlink") throw new DiskError("ELOOP", "open", path);
    if (kind === "directory") throw new DiskError("EISDIR", "open", path);
    return new SimFile(this, path, ino, "append");
  }

  private make(action: string, path: string, birth: Birth): number {
    const place = this.vacant(path, action);
    const ino = this.storage.bear(birth, place.folder);
    this.storage.setNames(`${action} ${path}`, [{ ...place, ino }]);
    return ino;
  }

  private vacant(path: string, action: string): { folder: number; name: string } {
    const { folder, name, ino } = this.place(path, false, action);
    if (ino !== null) throw new DiskError("EEXIST", action, path);
    return { folder, name };
  }

  private existing(path: string, follow: boolean, action: string, reported = path): Place & { ino: number } {
    const place = this.place(path, follow, action, reported);
    if (place.ino === null) throw new DiskError("ENOENT", action, reported);
    return { ...place, ino: place.ino };
  }

  private place(path: string, follow: boolean, action: string, reported = path): Place {
    const place = lookup(this.storage.visible, path, follow);
    if (place instanceof LookupFailure) throw new DiskError(place.errno, action, reported);
    return place;
  }

  private placeOrNull(path: string, follow: boolean, action: string): Place | null {
    const place = lookup(this.storage.visible, path, follow);
    if (!(place instanceof LookupFailure)) return place;
    if (["ENOENT", "ENOTDIR", "ENAMETOOLONG"].includes(place.errno)) return null;
    throw new DiskError(place.errno, action, path);
  }

  private find(path: string, follow: boolean, action: string): number | null {
    return this.placeOrNull(path, follow, action)?.ino ?? null;
  }
}
