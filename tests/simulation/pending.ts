/**
 * What was done and not flushed, and what a power cut may leave of it.
 *
 * The model, which is that of journaling file systems at their worst:
 *
 * - A change of names (create, link, rename, unlink, mkdir, rmdir) is one change, atomic by itself. It sets entries to
 *   an inode or to nothing, so of two changes of one entry the later one alone gives the entry's last state. It
 *   becomes durable by a flush of **any** folder in which it sets an entry: a rename across folders is one transaction,
 *   so a flush of the folder that lost the name cannot make the loss durable without the gain.
 * - A change that happens in a folder, takes a name away to put it elsewhere, or reuses such a name, needs the
 *   unflushed changes that made the folder, put the name there, or took it away: a file system replays its log in
 *   order, it never renames into a folder that is not there, gives one file two names, or loses one that was renamed.
 *   Otherwise any subset of the changes may have reached the disk.
 * - A flush of a folder also makes the folder reachable: it flushes the changes that made it and those above it.
 * - All unflushed writes of one file are one change of its content. A power cut leaves the flushed content, all of the
 *   new, or a torn one: a prefix of the new bytes, or the full length with zeros or garbage in place of some. Bytes that were
 *   flushed and not touched since stay.
 * - Permission bits and times set by hand are one change each per inode; a flush of the inode makes them durable.
 *
 * @module
 */
import type { Birth, Tree } from "./tree.ts";
import { compareNames } from "../../src/platform/text.ts";
import { seededRandom } from "./random.ts";

/** An entry that a change sets. */
export interface EntrySet {
  folder: number;
  name: string;
  /** What stands there afterwards; `null`: nothing. */
  ino: number | null;
}

/** Something that was done and not flushed. */
export type Change =
  & {
    /** Number of the change; later ones are greater. */
    id: number;
    /** For people: what was done. */
    label: string;
  }
  & (
    | { kind: "names"; sets: readonly EntrySet[]; movesFolder: boolean; requires: readonly number[] }
    | { kind: "content"; ino: number; /** Bytes below are flushed and untouched. */ floor: number }
    | { kind: "mode"; ino: number }
    | { kind: "times"; ino: number }
  );

/** How the new part of a file's content is torn; `keep` is how many bytes of the new part arrived. */
export interface Tear {
  kind: "prefix" | "zeros" | "garbage";
  keep: number;
}

/** What a power cut leaves. */
export interface PowerCutChoice {
  /** For people. */
  label: string;
  /** Ids of the changes that reached the disk. */
  applied: ReadonlySet<number>;
  /** By id of an applied content change: how it is torn. */
  tears?: ReadonlyMap<number, Tear>;
  /** Equal keys of one history mean equal disks. */
  key?: string;
}

/** How many power cuts are tried. */
export interface PowerCutOptions {
  /** Seed of the sample. */
  seed: number;
  /** Up to this many changes, all subsets are tried (default 8). */
  exhaustiveUpTo?: number;
  /** Up to this many, each alone, each missing and every prefix are tried (default: however many there are). */
  eachUpTo?: number;
  /** Size of the sample beyond all subsets (default 32). */
  sample?: number;
  /** Tear contents at every byte and not only at a few (default `false`). */
  everyByte?: boolean;
}

/** Makes the state that is left when a choice of the changes is added to what was durable. */
export function applyChoice(durable: Tree, visible: Tree, changes: readonly Change[], choice: PowerCutChoice): Tree {
  const tree = durable.copy();
  for (const change of changes) {
    if (choice.applied.has(change.id)) applyChange(tree, visible, change, choice.tears?.get(change.id));
  }
  tree.keepOnly(tree.reachable());
  tree.recount();
  return tree;
}

/** Adds one change to the durable state. */
export function applyChange(durable: Tree, visible: Tree, change: Change, tear?: Tear): void {
  if (change.kind === "names") {
    for (const { folder, name, ino } of change.sets) {
      const entries = ownOrBear(durable, visible, folder).entries;
      if (ino === null) {
        entries.delete(name);
      } else {
        ownOrBear(durable, visible, ino);
        entries.set(name, ino);
      }
    }
    return;
  }
  const node = ownOrBear(durable, visible, change.ino);
  const source = visible.get(change.ino)!;
  switch (change.kind) {
    case "content":
      node.content = tear === undefined ? source.content : torn(source.content, change.floor, tear);
      node.mtimeUs = source.mtimeUs;
      return;
    case "mode":
      node.mode = source.mode;
      return;
    case "times":
      node.mtimeUs = source.mtimeUs;
      return;
  }
}

function ownOrBear(durable: Tree, visible: Tree, ino: number): ReturnType<Tree["own"]> {
  if (durable.get(ino) !== undefined) return durable.own(ino);
  const birth: Birth = visible.get(ino)!.birth;
  return durable.add(ino, birth, visible.get(ino)!.parent);
}

function torn(content: Uint8Array, floor: number, tear: Tear): Uint8Array {
  const arrived = Math.min(content.length, floor + tear.keep);
  if (tear.kind === "prefix") return content.slice(0, arrived);
  const bytes = content.slice();
  for (let i = arrived; i < bytes.length; i++) bytes[i] = tear.kind === "zeros" ? 0 : (i * 167 + 91) & 0xff;
  return bytes;
}

/** The changes whose loss or arrival can be seen after a power cut. */
export function relevantChanges(durable: Tree, visible: Tree, changes: readonly Change[]): Change[] {
  const mayBeSeen = durable.reachable();
  for (const change of changes) {
    if (change.kind !== "names") continue;
    for (const { ino } of change.sets) if (ino !== null) mayBeSeen.add(ino);
  }
  return changes.filter((change) => {
    if (change.kind === "names") return change.sets.some((set) => mayBeSeen.has(set.folder));
    if (!mayBeSeen.has(change.ino)) return false;
    const before = durable.get(change.ino) ?? null;
    const after = visible.get(change.ino)!;
    switch (change.kind) {
      case "content":
        return true;
      case "mode":
        return (before?.mode ?? after.birth.mode) !== after.mode;
      case "times":
        return (before?.mtimeUs ?? after.birth.timeUs) !== after.mtimeUs;
    }
  });
}

/** What {@link powerCutChoices} chooses from. */
export interface AtStake {
  durable: Tree;
  visible: Tree;
  /** Grows with each flush, so that it tells the durable states of one history apart. */
  durableVersion: number;
  /** The changes that matter, oldest first. */
  changes: readonly Change[];
}

/**
 * Which outcomes of a power cut are tried, each state once.
 *
 * Of n changes: all subsets for n up to 8, beyond that none, all, each alone, each missing, every prefix, and a seeded
 * sample; then torn contents, with everything else there and with every other content missing.
 */
export function* powerCutChoices(stake: AtStake, options: PowerCutOptions): Generator<PowerCutChoice> {
  const seen = new Set<string>();
  for (const choice of candidates(stake, options)) {
    const key = stateKey(stake, choice);
    if (seen.has(key)) continue;
    seen.add(key);
    yield { ...choice, key };
  }
}

function* candidates(stake: AtStake, options: PowerCutOptions): Generator<PowerCutChoice> {
  for (const chosen of subsets(stake.changes, options)) {
    const applied = closed(stake.changes, chosen);
    yield { label: describe(stake.changes, applied), applied };
  }
  yield* tornChoices(stake.changes, stake.visible, options);
}

/** What the disk holds after a choice, in short: what differs from the durable state. */
function stateKey({ durable, visible, durableVersion, changes }: AtStake, choice: PowerCutChoice): string {
  const entries = new Map<string, number | null>();
  const inodes: string[] = [];
  for (const change of changes) {
    if (!choice.applied.has(change.id)) continue;
    if (change.kind === "names") {
      for (const { folder, name, ino } of change.sets) {
        const key = `${folder}/${name}`;
        if ((durable.get(folder)?.entries.get(name) ?? null) === ino) entries.delete(key);
        else entries.set(key, ino);
      }
      continue;
    }
    const node = visible.get(change.ino)!;
    const tear = choice.tears?.get(change.id);
    const torn = tear === undefined ? "" : `${tear.kind} ${tear.keep}`;
    const value = change.kind === "content"
      ? `${identity(node.content)} ${change.floor} ${torn}`
      : change.kind === "mode"
      ? node.mode
      : node.mtimeUs;
    inodes.push(`${change.kind} ${change.ino} ${value}`);
  }
  const named = [...entries].map(([key, ino]) => `${key}=${ino}`);
  return [durableVersion, ...named.sort(compareNames), ...inodes.sort(compareNames)].join("|");
}

const identities = new WeakMap<Uint8Array, number>();
let identitiesGiven = 0;

/** A number for a content; contents are never changed in place. */
function identity(content: Uint8Array): number {
  const known = identities.get(content);
  if (known !== undefined) return known;
  identities.set(content, ++identitiesGiven);
  return identitiesGiven;
}

function* subsets(changes: readonly Change[], options: PowerCutOptions): Generator<Set<number>> {
  const ids = changes.map((change) => change.id);
  const count = ids.length;
  if (count <= (options.exhaustiveUpTo ?? 8)) {
    for (let mask = 0; mask < 2 ** count; mask++) yield new Set(ids.filter((_, i) => (mask >> i) & 1));
    return;
  }
  yield new Set();
  yield new Set(ids);
  if (count <= (options.eachUpTo ?? Infinity)) {
    for (const id of ids) yield new Set([id]);
    for (const id of ids) yield new Set(ids.filter((other) => other !== id));
    for (let end = 1; end < count; end++) yield new Set(ids.slice(0, end));
  }
  const random = seededRandom(options.seed);
  for (let i = 0; i < (options.sample ?? 32); i++) yield new Set(ids.filter(() => random.below(2) === 1));
}

function* tornChoices(
  changes: readonly Change[],
  visible: Tree,
  options: PowerCutOptions,
): Generator<PowerCutChoice> {
  const contents = changes.filter((change) => change.kind === "content");
  const all = new Set(changes.map((change) => change.id));
  const withoutContents = new Set(changes.filter((change) => change.kind !== "content").map((change) => change.id));
  for (const change of contents) {
    const fresh = visible.get(change.ino)!.content.subarray(change.floor);
    const { length } = fresh;
    for (const tear of tearsOf(fresh, options)) {
      const tears = new Map([[change.id, tear]]);
      const label = `torn: ${tear.keep} of ${length} new bytes of ${change.label}, then ${TORN_TEXT[tear.kind]}`;
      yield { label, applied: all, tears };
      if (contents.length > 1) {
        yield { label: `${label}; no other content`, applied: new Set([...withoutContents, change.id]), tears };
      }
    }
  }
}

const TORN_TEXT = { prefix: "the end", zeros: "zeros", garbage: "garbage" } as const;

const NEWLINE = 10;
const LINE_ENDS_MAX = 8;

/** At every byte; or at the ends, in the middle, behind whole lines, and somewhere by the seed. */
function* tearsOf(fresh: Uint8Array, options: PowerCutOptions): Generator<Tear> {
  const { length } = fresh;
  if (length === 0) return;
  const some = new Set([0, 1, length >> 1, length - 1, seededRandom(options.seed + length).below(length)]);
  for (let at = 0, lines = 0; lines < LINE_ENDS_MAX; lines++) {
    at = fresh.indexOf(NEWLINE, at) + 1;
    if (at === 0) break;
    some.add(at);
  }
  const prefixes = options.everyByte ? Array.from({ length }, (_, i) => i) : [...some];
  for (const keep of prefixes) if (keep < length) yield { kind: "prefix", keep };
  for (const keep of options.everyByte ? prefixes : new Set([0, length >> 1])) {
    yield { kind: "zeros", keep };
    yield { kind: "garbage", keep };
  }
}

/** Adds what the chosen changes need. */
function closed(changes: readonly Change[], chosen: ReadonlySet<number>): Set<number> {
  const applied = new Set(chosen);
  for (let i = changes.length - 1; i >= 0; i--) {
    const change = changes[i]!;
    if (change.kind !== "names" || !applied.has(change.id)) continue;
    for (const id of change.requires) applied.add(id); // these are earlier, so this loop comes to them
  }
  return applied;
}

function describe(changes: readonly Change[], applied: ReadonlySet<number>): string {
  const lost = changes.filter((change) => !applied.has(change.id)).map((change) => change.label);
  const kept = changes.filter((change) => applied.has(change.id)).map((change) => change.label);
  if (lost.length === 0) return "everything arrived";
  if (kept.length === 0) return "nothing arrived";
  return lost.length <= kept.length ? `all but: ${lost.join("; ")}` : `only: ${kept.join("; ")}`;
}
