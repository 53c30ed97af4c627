/**
 * Inodes and the folders that name them: one state of a simulated file system.
 *
 * Copies are cheap: a copy shares every node until one side changes it.
 *
 * @module
 */

/** What an inode is from the moment of its making on. */
export type Birth =
  | { kind: "file"; mode: number; timeUs: number }
  | { kind: "directory"; mode: number; timeUs: number }
  | { kind: "symlink"; mode: number; timeUs: number; target: string };

/** An inode. Its fields may be changed only on what {@link Tree.own} returned. */
export interface Node {
  readonly birth: Birth;
  /** What `stat` calls it by; no other one that has a name is called so. */
  readonly number: number;
  /** Of a file; the array itself is never changed. */
  content: Uint8Array;
  /** Of a folder: names to inode numbers. */
  entries: Map<string, number>;
  /** Of a folder: the folder that holds it. */
  parent: number;
  mode: number;
  links: number;
  mtimeUs: number;
  ctimeUs: number;
  owner: object;
}

/** The inode number of `/`. */
export const ROOT = 2;

const EMPTY = new Uint8Array();
const NO_ENTRIES: Map<string, number> = new Map();

/** A state of the file system. */
export class Tree {
  private token: object = {};

  private constructor(private nodes: Map<number, Node>) {}

  /** A file system that holds an empty root folder. */
  static empty(timeUs: number): Tree {
    const tree = new Tree(new Map());
    tree.add(ROOT, { kind: "directory", mode: 0o755, timeUs }, ROOT);
    return tree;
  }

  /** The same state, free to change on its own. */
  copy(): Tree {
    this.token = {}; // what was owned so far is shared from now on
    return new Tree(new Map(this.nodes));
  }

  /** The inode of this number, to be read only. */
  get(ino: number): Node | undefined {
    return this.nodes.get(ino);
  }

  /** The inode of this number, which must exist, to be changed. */
  own(ino: number): Node {
    const node = this.nodes.get(ino);
    if (node === undefined) throw new Error(`the simulated disk lost inode ${ino}`);
    if (node.owner === this.token) return node;
    const entries = node.birth.kind === "directory" ? new Map(node.entries) : node.entries;
    const own = { ...node, entries, owner: this.token };
    this.nodes.set(ino, own);
    return own;
  }

  /** The lowest number of a file that has lost its last name, and of nothing that has one. `null`: there is none. */
  freedNumber(): number | null {
    const nodes = [...this.nodes.values()];
    const taken = new Set(nodes.filter(({ links }) => links > 0).map(({ number }) => number));
    const freed = nodes.map(({ number }) => number).filter((number) => !taken.has(number));
    return freed.length === 0 ? null : Math.min(...freed);
  }

  /** Adds an inode that nothing names yet. */
  add(ino: number, birth: Birth, parent: number, number = ino): Node {
    const node: Node = {
      birth,
      number,
      content: EMPTY,
      entries: birth.kind === "directory" ? new Map() : NO_ENTRIES,
      parent,
      mode: birth.mode,
      links: birth.kind === "directory" ? 2 : 0,
      mtimeUs: birth.timeUs,
      ctimeUs: birth.timeUs,
      owner: this.token,
    };
    this.nodes.set(ino, node);
    return node;
  }

  /** Numbers of the inodes that can be reached from the root. */
  reachable(): Set<number> {
    const found = new Set<number>([ROOT]);
    for (const ino of found) { // a set's loop also visits what is added on the way
      for (const child of this.nodes.get(ino)?.entries.values() ?? []) found.add(child);
    }
    return found;
  }

  /** Forgets every inode outside of a set. */
  keepOnly(inos: ReadonlySet<number>): void {
    for (const ino of [...this.nodes.keys()]) if (!inos.has(ino)) this.nodes.delete(ino);
  }

  /** Counts links and finds parents anew, as a file system check does. */
  recount(): void {
    const links = new Map<number, number>();
    for (const [ino, node] of [...this.nodes]) {
      let folders = 0;
      for (const child of node.entries.values()) {
        const isFolder = this.nodes.get(child)?.birth.kind === "directory";
        if (isFolder) folders++;
        if (!isFolder) links.set(child, (links.get(child) ?? 0) + 1);
        if (isFolder && this.nodes.get(child)?.parent !== ino) this.own(child).parent = ino;
      }
      if (node.birth.kind === "directory") links.set(ino, 2 + folders);
    }
    for (const [ino, node] of [...this.nodes]) {
      const count = links.get(ino) ?? 0;
      if (node.links !== count) this.own(ino).links = count;
    }
  }
}
