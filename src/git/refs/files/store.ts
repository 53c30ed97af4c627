/**
 * Refs in files: a loose file hides the record in `packed-refs`.
 *
 * Reading never locks. The order makes it right: loose refs first, `packed-refs` as it is afterwards, because whoever
 * packs a ref writes the record before the loose file goes.
 *
 * @module
 */
import type { Disk } from "../../../platform/disk.ts";
import type { LatticeError } from "../../../platform/errors.ts";
import { compareNames } from "../../../platform/text.ts";
import type { ObjectFormat } from "../../object_format.ts";
import { checkRefName, isPerWorktreeRef, isRootRefSyntax, LOCK_SUFFIX, refPath, requireRefName } from "../names.ts";
import { readReflogBackwards, readReflogFile } from "../reflog.ts";
import type { RefEntry, ReflogEntry, RefStore, ResolvedRef } from "../store.ts";
import { brokenRef, type LooseRead, readLooseRef, ZERO_REASON } from "./loose.ts";
import { openPackedRefs, type PackedRef, type PackedRefs } from "./packed.ts";
import { firstLooseBelow, type LooseWalk, walkLooseRefs } from "./walk.ts";

/** How many refs a chain of symbolic refs may have, the last one included, as in git. */
export const SYMREF_DEPTH_MAX = 5;

/** How often a look-up starts again because `packed-refs` was replaced meanwhile. */
const ATTEMPTS_MAX = 10;

/** Root refs whose names do not end with `_HEAD`; the others of that syntax are other files. */
const IRREGULAR_ROOT_REFS = [
  "HEAD",
  "AUTO_MERGE",
  "BISECT_EXPECTED_REV",
  "MERGE_AUTOSTASH",
  "NOTES_MERGE_PARTIAL",
  "NOTES_MERGE_REF",
];

/** Where the refs are and how object names look. Paths are absolute. */
export interface FilesRefOptions {
  readonly disk: Disk;
  readonly gitDir: string;
  readonly commonDir: string;
  readonly format: ObjectFormat;
}

/** The refs of the files backend, and what a writer must know of it beyond {@link RefStore}. */
export class FilesRefStore implements RefStore {
  /** Absolute path of `packed-refs`. */
  readonly packedRefsPath: string;
  private readonly disk: Disk;
  private readonly format: ObjectFormat;
  private snapshot: PackedRefs | null = null;

  /** Nothing is read before something is asked. */
  constructor(private readonly options: FilesRefOptions) {
    this.disk = options.disk;
    this.format = options.format;
    this.packedRefsPath = `${options.commonDir}/packed-refs`;
  }

  /** Absolute path of a ref's loose file. @throws {LatticeError} `usage`: the name would leave its folder. */
  loosePath(name: string): string {
    const { root, relative } = refPath(this.options, name);
    return `${root}/${relative}`;
  }

  /** Absolute path of a ref's log. @throws {LatticeError} `usage`: the name would leave its folder. */
  logPath(name: string): string {
    const { root, relative } = refPath(this.options, name);
    return `${root}/logs/${relative}`;
  }

  /** What stands at the path of the loose file: nothing, a folder, or a ref. @throws {LatticeError} `invalid_data`; `io`. */
  examineLoose(name: string): LooseRead {
    return readLooseRef(this.disk, this.format, this.loosePath(name), name);
  }

  /** The ref in its loose file alone; `null`: there is none. @throws {LatticeError} `invalid_data`; `io`. */
  readLoose(name: string): RefEntry | null {
    const read = this.examineLoose(name);
    return read.kind === "ref" ? { name, value: read.value } : null;
  }

  /** The packed refs as they are now. Valid until the next call; do not close it. @throws {LatticeError} `invalid_data`. */
  packed(): PackedRefs {
    if (this.snapshot === null || !this.snapshot.isCurrent()) {
      const fresh = openPackedRefs(this.disk, this.packedRefsPath, this.format);
      this.snapshot?.close();
      this.snapshot = fresh;
    }
    return this.snapshot;
  }

  /** See {@link RefStore.read}. */
  read(name: string): RefEntry | null {
    requireRefName(name);
    for (let attempt = 1;; attempt++) {
      const loose = this.readLoose(name);
      if (loose !== null) return loose;
      const packed = this.packed();
      const found = packed.lookup(name);
      if (found !== null) return this.soundPacked(found);
      // It may have gone from packed-refs to a loose file after we looked for that, and even back again.
      const late = this.readLoose(name);
      if (late !== null) return late;
      if (packed.isCurrent() || attempt === ATTEMPTS_MAX) return null;
    }
  }

  /** See {@link RefStore.resolve}. */
  resolve(name: string): ResolvedRef {
    let current = name;
    for (let depth = 0; depth < SYMREF_DEPTH_MAX; depth++) {
      const entry = this.read(current);
      if (entry === null) return { name: current, oid: null };
      if (entry.value.kind === "direct") return { name: current, oid: entry.value.oid };
      current = entry.value.target;
    }
    throw brokenRef(
      this.loosePath(name),
      name,
      `its symbolic refs lead in a circle or over more than ${SYMREF_DEPTH_MAX} refs`,
    );
  }

  /** See {@link RefStore.list}. */
  *list(prefix: string, onBroken?: (name: string, error: unknown) => void): Generator<RefEntry> {
    const wanted = "refs/".startsWith(prefix) ? "refs/" : prefix;
    if (!wanted.startsWith("refs/")) return;
    const broken: { name: string; error: unknown }[] = [];
    // All loose refs before any packed one, or a ref that is packed meanwhile would be seen in neither place.
    const note = (name: string, error: unknown) => void broken.push({ name, error });
    const loose = walkLooseRefs(this.walk(note, onBroken === undefined ? ignore : note), wanted);
    const damaged = new Set(broken.map((entry) => entry.name));
    const report = (name: string, error: unknown) => {
      if (onBroken === undefined) throw error;
      onBroken(name, error);
    };
    for (const entry of broken) report(entry.name, entry.error);
    let next = 0;
    for (const ref of this.packed().iterate(wanted)) {
      while (next < loose.length && compareNames(loose[next]!.name, ref.name) < 0) yield loose[next++]!;
      if (next < loose.length && loose[next]!.name === ref.name) continue;
      if (damaged.has(ref.name)) continue; // the loose file hides the record, however broken it is
      const fault = this.faultOf(ref);
      if (fault === null) yield fromPacked(ref);
      else report(ref.name, fault);
    }
    while (next < loose.length) yield loose[next++]!;
  }

  /**
   * Refs below a prefix that have a loose file, sorted, with what it holds.
   *
   * @param prefix Begins with `refs/`.
   * @param onBroken Called for a file that is there and cannot be read as a ref; misnamed ones are passed over.
   */
  listLoose(prefix: string, onBroken: (name: string, error: unknown) => void): RefEntry[] {
    return walkLooseRefs(this.walk(onBroken, ignore), prefix);
  }

  /** See {@link RefStore.rootRefs}. */
  rootRefs(): RefEntry[] {
    const found: RefEntry[] = [];
    for (const { name } of this.disk.list(this.options.gitDir) ?? []) {
      if (!isRootRef(name)) continue;
      const entry = this.readLoose(name);
      if (entry !== null) found.push(entry);
    }
    return found.sort((a, b) => compareNames(a.name, b.name));
  }

  /** See {@link RefStore.findConflict}. */
  findConflict(name: string, ignored: ReadonlySet<string> = new Set()): string | null {
    requireRefName(name);
    const above = namesAbove(name).filter((each) => !ignored.has(each));
    for (const each of above) if (this.looseStands(each)) return each;
    if (this.disk.lstat(this.loosePath(name))?.kind === "directory") {
      const below = firstLooseBelow(this.walk(ignore, ignore), name, ignored);
      if (below !== null) return below;
    }
    const packed = this.packed(); // after the loose ones, as always
    for (const each of above) if (packed.lookup(each) !== null) return each;
    const below = packed.firstWithPrefix(`${name}/`);
    if (below === null || !ignored.has(below)) return below;
    for (const ref of packed.iterate(`${name}/`)) if (!ignored.has(ref.name)) return ref.name;
    return null;
  }

  /** See {@link RefStore.readReflog}. */
  readReflog(name: string, onBroken?: (error: unknown) => void): ReflogEntry[] | null {
    return readReflogFile(this.disk, this.logPath(name), this.format, onBroken);
  }

  /** See {@link RefStore.reflogNewestFirst}. */
  reflogNewestFirst(name: string): Iterable<ReflogEntry> | null {
    return readReflogBackwards(this.disk, this.logPath(name), this.format);
  }

  /** See {@link RefStore.hasReflog}. As for git, a symbolic link is none. */
  hasReflog(name: string): boolean {
    return this.disk.lstat(this.logPath(name))?.kind === "file";
  }

  /** See {@link RefStore.reflogNames}. */
  reflogNames(): string[] {
    const names = new Set<string>();
    const { gitDir, commonDir } = this.options;
    this.collectLogs(`${gitDir}/logs`, "", names, () => true);
    if (gitDir !== commonDir) this.collectLogs(`${commonDir}/logs`, "", names, (name) => !isPerWorktreeRef(name));
    return [...names].sort(compareNames);
  }

  /** Whether a loose ref of this name is there, sound or not. */
  private looseStands(name: string): boolean {
    const stat = this.disk.lstat(this.loosePath(name));
    if (stat?.kind === "symlink") return this.examineLoose(name).kind === "ref";
    return stat !== null && stat.kind !== "directory";
  }

  private soundPacked(ref: PackedRef): RefEntry {
    const fault = this.faultOf(ref);
    if (fault !== null) throw fault;
    return fromPacked(ref);
  }

  /** What is wrong with a packed ref whose record is well formed. */
  private faultOf(ref: PackedRef): LatticeError | null {
    const reason = checkRefName(ref.name, { allowOneLevel: true });
    if (reason !== null) return brokenRef(this.packedRefsPath, ref.name, `its name is not allowed: ${reason}`);
    if (ref.oid === this.format.zero) return brokenRef(this.packedRefsPath, ref.name, ZERO_REASON);
    return null;
  }

  private walk(onBroken: LooseWalk["onBroken"], onMisnamed: LooseWalk["onMisnamed"]): LooseWalk {
    return { disk: this.disk, folders: this.options, format: this.format, onBroken, onMisnamed };
  }

  private collectLogs(folder: string, prefix: string, names: Set<string>, wanted: (name: string) => boolean): void {
    for (const entry of this.disk.list(folder) ?? []) {
      if (entry.name.startsWith(".") || entry.name.endsWith(LOCK_SUFFIX)) continue;
      const name = `${prefix}${entry.name}`;
      if (entry.kind === "directory") this.collectLogs(`${folder}/${entry.name}`, `${name}/`, names, wanted);
      else if (entry.kind === "symlink" && this.disk.stat(`${folder}/${entry.name}`)?.kind !== "file") continue;
      else if (wanted(name) && checkRefName(name, { allowOneLevel: true }) === null) names.add(name);
    }
  }
}

/** For files that are looked at, but not as refs. */
function ignore(): void {}

/** Names that a ref cannot have while another has this one: `refs/a`, `refs/a/b` for `refs/a/b/c`. */
function namesAbove(name: string): string[] {
  const names: string[] = [];
  for (let slash = name.indexOf("/"); slash >= 0; slash = name.indexOf("/", slash + 1)) {
    names.push(name.slice(0, slash));
  }
  return names.filter((each) => each !== "refs");
}

/** Whether a file of the git directory is a root ref by its name. `FETCH_HEAD` and `MERGE_HEAD` hold more than a ref. */
function isRootRef(name: string): boolean {
  if (name === "FETCH_HEAD" || name === "MERGE_HEAD" || !isRootRefSyntax(name)) return false;
  return name.endsWith("_HEAD") || IRREGULAR_ROOT_REFS.includes(name);
}

function fromPacked(ref: PackedRef): RefEntry {
  const value = { kind: "direct", oid: ref.oid } as const;
  return ref.peeled === undefined ? { name: ref.name, value } : { name: ref.name, value, peeled: ref.peeled };
}
