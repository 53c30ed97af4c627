/**
 * What the simulated machine keeps: the visible state, the durable state, what lies between them, and the time.
 *
 * @module
 */
import { applyChange, type Change, type EntrySet } from "./pending.ts";
import { type Birth, type Node, ROOT, Tree } from "./tree.ts";

/** 2026-01-01T00:00:00Z in microseconds since 1970. */
const BEGINNING_US = 1_767_225_600_000_000;

/** The storage of a simulated machine, below any process. */
export class Storage {
  /** Present time in microseconds since 1970. */
  timeUs = BEGINNING_US;
  /** By how much each call moves the clock, in microseconds. */
  stepUs = 10;
  /** How often the machine was started. */
  boots = 1;
  /** How many processes it has had. */
  processes = 0;
  /** Processes by pid, until they were killed; a copy of the storage has none. */
  readonly living: Map<number, { readonly dead: boolean }> = new Map<number, { readonly dead: boolean }>();
  /** Who all processes are. */
  userId = 1000;
  /** Whether the inode number of a removed file is given to the next one at once, as ext4 does; open or not. */
  reusesInodeNumbers = false;
  /** What processes see. */
  visible: Tree;
  /** What was flushed. */
  durable: Tree;
  /** Grows whenever something becomes durable. */
  durableVersion = 0;
  private nextIno = ROOT + 1;
  private nextChange = 1;
  /** Unflushed changes of names, oldest first. */
  private names: Change[] = [];
  /** Unflushed changes of single inodes, by kind and inode. */
  private dirty = new Map<string, Change>();
  /** By inode number: unflushed changes that gave it a name. */
  private namedBy = new Map<number, Change[]>();
  /** By entry: the last unflushed rename that took what stood there elsewhere. */
  private leftBy = new Map<string, Change>();

  /** Storage with an empty root folder. */
  constructor() {
    this.visible = Tree.empty(this.timeUs);
    this.durable = this.visible.copy();
  }

  /** The same, with its own future. */
  copy(): Storage {
    const copy = this.sibling(this.visible.copy(), this.durable.copy());
    copy.nextChange = this.nextChange;
    copy.names = [...this.names];
    copy.dirty = new Map(this.dirty);
    copy.indexNames();
    return copy;
  }

  /** The machine, started again with this state. */
  afterPowerCut(left: Tree): Storage {
    const storage = this.sibling(left, left.copy());
    storage.boots++;
    storage.timeUs += 60_000_000; // it takes a while to come up again
    return storage;
  }

  /** Everything unflushed, oldest first. */
  changes(): Change[] {
    return [...this.names, ...this.dirty.values()].sort((a, b) => a.id - b.id);
  }

  /** Makes an inode that has no name yet. */
  bear(birth: Birth, parent: number): number {
    const ino = this.nextIno++;
    const number = this.reusesInodeNumbers ? this.visible.freedNumber() : null;
    this.visible.add(ino, birth, parent, number ?? ino);
    return ino;
  }

  /** Sets entries: one change, visible at once. */
  setNames(label: string, sets: readonly EntrySet[]): void {
    const requires = new Set<number>();
    const given = sets.find((set) => set.ino !== null);
    const isMove = sets.length > 1;
    const movesFolder = isMove && this.visible.get(given!.ino!)!.birth.kind === "directory";
    for (const { folder, name, ino } of sets) {
      for (const change of this.namedBy.get(folder) ?? []) requires.add(change.id);
      const left = this.leftBy.get(`${folder}/${name}`);
      if (left !== undefined) requires.add(left.id);
      if (isMove && ino === null) {
        for (const change of this.namedBy.get(given!.ino!) ?? []) {
          if (setsEntry(change, folder, name)) requires.add(change.id);
        }
      }
    }
    if (movesFolder) {
      for (const change of this.names) if (change.kind === "names" && change.movesFolder) requires.add(change.id);
    }
    for (const set of sets) this.setEntry(set);
    const change: Change = { kind: "names", id: this.nextChange++, label, sets, movesFolder, requires: [...requires] };
    this.names.push(change);
    this.indexChange(change);
  }

  /** Why an inode may not be renamed onto an entry; `null`: it may. */
  renameProblem(ino: number, targetFolder: number, targetIno: number | null, folder: number): string | null {
    if (this.isWithin(targetFolder, ino)) return "EINVAL";
    if (targetIno !== null && this.isWithin(folder, targetIno)) return "ENOTEMPTY";
    if (targetIno === null || targetIno === ino) return null;
    const target = this.visible.get(targetIno)!;
    const moved = this.visible.get(ino)!.birth.kind === "directory";
    if (moved !== (target.birth.kind === "directory")) return moved ? "ENOTDIR" : "EISDIR";
    return target.entries.size > 0 ? "ENOTEMPTY" : null;
  }

  /** Puts bytes into a file. */
  write(ino: number, at: number, bytes: Uint8Array, path: string): void {
    const node = this.visible.own(ino);
    const content = new Uint8Array(Math.max(node.content.length, at + bytes.length));
    content.set(node.content);
    content.set(bytes, at);
    this.setContent(node, ino, content, Math.min(at, node.content.length), path);
  }

  /** Cuts or lengthens a file. */
  truncate(ino: number, length: number, path: string): void {
    const node = this.visible.own(ino);
    const content = new Uint8Array(length);
    content.set(node.content.subarray(0, length));
    this.setContent(node, ino, content, Math.min(length, node.content.length), path);
  }

  /** Sets permission bits. */
  setMode(ino: number, mode: number, path: string): void {
    const node = this.visible.own(ino);
    node.mode = mode;
    node.ctimeUs = this.timeUs;
    this.markDirty(`mode ${ino}`, { kind: "mode", id: this.nextChange, label: `mode of ${path}`, ino });
  }

  /** Sets the modification time. */
  setTimes(ino: number, mtimeUs: number, path: string): void {
    const node = this.visible.own(ino);
    node.mtimeUs = mtimeUs;
    node.ctimeUs = this.timeUs;
    this.markDirty(`times ${ino}`, { kind: "times", id: this.nextChange, label: `times of ${path}`, ino });
  }

  /** Flushes an inode: a file's content, or the names in a folder and the folder's own. */
  flush(ino: number): void {
    for (const kind of ["content", "mode", "times"]) {
      const change = this.dirty.get(`${kind} ${ino}`);
      if (change === undefined) continue;
      this.durableVersion++;
      applyChange(this.durable, this.visible, change);
      this.dirty.delete(`${kind} ${ino}`);
    }
    if (this.names.length > 0 && this.visible.get(ino)!.birth.kind === "directory") this.flushNames(ino);
  }

  /** Makes all that is visible durable. */
  settleAll(): void {
    this.durableVersion++;
    this.durable = this.visible.copy();
    this.names = [];
    this.dirty.clear();
    this.indexNames();
  }

  /** Absolute path of an entry, or of a folder when the name is empty. */
  pathOf(folder: number, name: string): string {
    const parts = name === "" ? [] : [name];
    for (let ino = folder; ino !== ROOT;) {
      const { parent } = this.visible.get(ino)!;
      for (const [entry, child] of this.visible.get(parent)!.entries) if (child === ino) parts.unshift(entry);
      ino = parent;
    }
    return `/${parts.join("/")}`;
  }

  private sibling(visible: Tree, durable: Tree): Storage {
    const storage = new Storage();
    storage.timeUs = this.timeUs;
    storage.stepUs = this.stepUs;
    storage.boots = this.boots;
    storage.processes = this.processes;
    storage.userId = this.userId;
    storage.reusesInodeNumbers = this.reusesInodeNumbers;
    storage.nextIno = this.nextIno;
    storage.durableVersion = this.durableVersion;
    storage.visible = visible;
    storage.durable = durable;
    return storage;
  }

  /** The folder's changes, those that named the folder, and whatever these stand on. */
  private flushNames(folder: number): void {
    const needed = new Set<number>();
    const entries = new Set<string>();
    const flushed: Change[] = [];
    const kept: Change[] = [];
    for (const change of this.names.toReversed()) {
      if (change.kind !== "names") continue;
      const keys = change.sets.map((set) => `${set.folder}/${set.name}`);
      // An earlier change of a flushed entry is over as well, or it would come back after the later one.
      const chosen = needed.has(change.id) || keys.some((key) => entries.has(key)) ||
        change.sets.some((set) => set.folder === folder || set.ino === folder);
      (chosen ? flushed : kept).push(change);
      if (!chosen) continue;
      for (const key of keys) entries.add(key);
      for (const id of change.requires) needed.add(id);
    }
    if (flushed.length > 0) this.durableVersion++;
    for (const change of flushed.reverse()) applyChange(this.durable, this.visible, change);
    this.names = kept.reverse();
    this.indexNames();
  }

  private setEntry({ folder, name, ino }: EntrySet): void {
    const holder = this.visible.own(folder);
    const before = holder.entries.get(name);
    if (before !== undefined) this.countLink(before, holder, -1);
    if (ino === null) {
      holder.entries.delete(name);
    } else {
      holder.entries.set(name, ino);
      this.countLink(ino, holder, 1);
      if (this.visible.get(ino)!.birth.kind === "directory") this.visible.own(ino).parent = folder;
    }
    holder.mtimeUs = holder.ctimeUs = this.timeUs;
  }

  private countLink(ino: number, holder: Node, by: number): void {
    const node = this.visible.own(ino);
    node.ctimeUs = this.timeUs;
    if (node.birth.kind === "directory") holder.links += by;
    else node.links += by;
  }

  private setContent(node: Node, ino: number, content: Uint8Array, floor: number, path: string): void {
    node.content = content;
    node.mtimeUs = node.ctimeUs = this.timeUs;
    const before = this.dirty.get(`content ${ino}`);
    const lowest = before?.kind === "content" ? Math.min(before.floor, floor) : floor;
    const label = `content of ${path}`;
    this.dirty.set(`content ${ino}`, {
      kind: "content",
      id: before?.id ?? this.nextChange++,
      label,
      ino,
      floor: lowest,
    });
  }

  private markDirty(key: string, change: Change): void {
    this.nextChange++;
    this.dirty.set(key, change);
  }

  private isWithin(folder: number, ancestor: number): boolean {
    if (this.visible.get(ancestor)!.birth.kind !== "directory") return false;
    for (let ino = folder;; ino = this.visible.get(ino)!.parent) {
      if (ino === ancestor) return true;
      if (ino === ROOT) return false;
    }
  }

  private indexNames(): void {
    this.namedBy.clear();
    this.leftBy.clear();
    for (const change of this.names) this.indexChange(change);
  }

  private indexChange(change: Change): void {
    if (change.kind !== "names") return;
    for (const { folder, name, ino } of change.sets) {
      if (ino === null) {
        if (change.sets.length > 1) this.leftBy.set(`${folder}/${name}`, change);
        continue;
      }
      const known = this.namedBy.get(ino);
      if (known === undefined) this.namedBy.set(ino, [change]);
      else known.push(change);
    }
  }
}

function setsEntry(change: Change, folder: number, name: string): boolean {
  return change.kind === "names" && change.sets.some((set) => set.folder === folder && set.name === name);
}
