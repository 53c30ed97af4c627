/**
 * A cache of files: contents by name, each fetched by one process at a time and read by any number.
 *
 * @module
 */
import { FILE_LOCK_TIMEOUT_MS_DEFAULT, type FileLockOptions } from "../locks/file_lock.ts";
import { ReleaseFailedError } from "../locks/file_lock_errors.ts";
import { realSystem } from "../platform/real_system.ts";
import type { OpenFile } from "../platform/disk.ts";
import type { System } from "../platform/system.ts";
import { type Cleaned, cleanEntry, entryNames } from "./cleaning.ts";
import { type CacheContent, partsOf } from "./content.ts";
import { type Draft, newDraft } from "./draft.ts";
import { contentPath, type EntryFolder, entryFolder } from "./entry_folder.ts";
import { lockEntry } from "./entry_lock.ts";
import { attempt, CacheError, cacheFailure } from "./errors.ts";
import { isStale, type Pointer } from "./pointer.ts";
import { publish, SUPERSEDED_GRACE_MS, sweepEntry } from "./publishing.ts";
import {
  checkContent,
  type Found,
  glance,
  openContent,
  type ReadContent,
  readEntry,
  readPointer,
  wholeContent,
} from "./reading.ts";

/** How a cache works. */
export interface CacheOptions extends Pick<FileLockOptions, "backend" | "command" | "observer" | "releaseOnSignals"> {
  /**
   * Longest wait for another process that refreshes the same entry, in milliseconds; 10,000 when nothing is said. A
   * rename that is refused as if for a moment is tried again for as long, at most a minute.
   */
  readonly timeoutMs?: number;
  /** For how long superseded content stays, in milliseconds; ten minutes when nothing is said. */
  readonly graceMs?: number;
}

/** How one content is stored. */
export interface PutOptions {
  /** For how long it is fresh, in milliseconds; without it, or with `Infinity`, for ever. */
  readonly ttlMs?: number;
  /** Longest wait, in milliseconds, instead of that of the cache. */
  readonly timeoutMs?: number;
}

/** How one entry is refreshed. */
export interface RefreshOptions extends PutOptions {
  /** Fetches whatever is there, and whatever others fetched meanwhile. */
  readonly force?: boolean;
}

/** What is known of a content. */
export interface CacheEntry {
  /** The name of the entry. */
  readonly name: string;
  /** The file that holds the content; it is never changed, and stays for the grace time when another one follows. */
  readonly path: string;
  /** SHA-256 of the content, in lower-case hexadecimal digits. */
  readonly digest: string;
  /** Size of the content in bytes. */
  readonly size: number;
  /** When it was complete: RFC 3339, UTC. */
  readonly fetchedAt: string;
  /** For how long it is fresh, in milliseconds; `null`: for ever. */
  readonly ttlMs: number | null;
  /** Whether it is too old, or from the future, since the clock was set back. */
  readonly stale: boolean;
}

/** A content. */
export interface CachedContent extends CacheEntry {
  /** The bytes. */
  readonly content: Uint8Array;
}

/** A content that is too large to be held. Close the file. */
export interface OpenedContent extends CacheEntry {
  /** The open content, all of which was found to be sound. */
  readonly file: OpenFile;
}

/** What a refresh came to. */
export interface RefreshedEntry extends CacheEntry {
  /** Whether it was fetched; `false`: fresh content was there, or another process had fetched it meanwhile. */
  readonly refreshed: boolean;
}

/** An entry as {@link Cache.status} lists it. */
export interface EntryStatus {
  /** The name of the entry. */
  readonly name: string;
  /** What is known of its content; `null`: it is damaged. */
  readonly entry: CacheEntry | null;
  /** Why it counts as absent; `null`: it is sound as far as was looked. */
  readonly damage: string | null;
}

/**
 * A cache in a folder, which is made when something is first stored.
 *
 * One process at a time refreshes an entry; the others wait, and find the fresh content instead of fetching again. Who
 * reads takes no lock, never waits, and gets a whole content, the old one or the new one. A damaged entry counts as
 * absent. The `lattice cache` commands work on the same folders.
 *
 * @example
 * ```ts
 * import { Cache } from "../mod.ts";
 *
 * const cache = new Cache("/var/cache/deploy");
 *
 * // At most every five minutes, however many processes ask at once; what there was is used when the fetch fails.
 * async function hosts(): Promise<string> {
 *   try {
 *     await cache.refresh("hosts", async () => (await fetch("https://inventory.example/hosts")).text(), {
 *       ttlMs: 5 * 60_000,
 *     });
 *   } catch (error) {
 *     if (cache.get("hosts") === undefined) throw error;
 *   }
 *   return new TextDecoder().decode(cache.get("hosts")!.content);
 * }
 * ```
 */
export class Cache {
  /** The folder. */
  readonly folder: string;
  readonly #system: System;
  readonly #options: CacheOptions;

  /**
   * Does nothing yet.
   *
   * @param folder Absolute. Only those may write in it and above it who are trusted with the contents.
   * @param options How.
   * @param system The world; this machine, when nothing is said.
   */
  constructor(folder: string, options: CacheOptions = {}, system: System = realSystem) {
    this.folder = folder.length > 1 ? folder.replace(/\/+$/, "") : folder;
    this.#options = options;
    this.#system = system;
  }

  /**
   * Fetches the content of an entry, unless that is not needed: with a ttl, where it is younger than that; and where
   * another process stored a content while this one waited for it, unless `force` says otherwise. What there was stays
   * when the fetch fails.
   *
   * @param name The entry.
   * @param fetch Gives the content: a text, bytes, or parts that come one after the other.
   * @param options When, and for how long it is fresh.
   * @throws {CacheError} `locked`: others are at it, and the time to wait is up; `io`; `usage`: the name;
   *   `invalid_data`: something else stands in place of the entry.
   * @throws {unknown} What `fetch` throws.
   */
  async refresh(
    name: string,
    fetch: () => CacheContent | Promise<CacheContent>,
    options: RefreshOptions = {},
  ): Promise<RefreshedEntry> {
    const entry = this.#entry(name);
    const ttlMs = storedTtl(entry, options); // before anything is fetched
    const { disk } = this.#system;
    const { force = false } = options;
    const before = attempt(name, "read", () => readPointer(disk, entry))?.id;
    /** What makes the fetch needless; `undefined`: nothing. */
    const enough = (): CacheEntry | undefined => {
      if (force) return undefined;
      const pointer = attempt(name, "read", () => readPointer(disk, entry));
      if (pointer === null) return undefined;
      const isYoung = options.ttlMs !== undefined && !this.#isOlder(pointer, options.ttlMs);
      if (!isYoung && pointer.id === before) return undefined;
      const found = this.#sound(entry, checkContent); // of the same pointer, or of one that came since
      return found && this.#describe(entry, found.pointer);
    };
    const present = enough();
    if (present !== undefined) return { ...present, refreshed: false };
    return await this.#locked(entry, "refresh", options, async () => {
      const fetched = enough();
      if (fetched !== undefined) return { ...fetched, refreshed: false };
      attempt(name, "refresh", () => sweepEntry(this.#system, entry, this.#graceMs));
      const content = await fetch();
      const stored = await this.#drafted(entry, content, (draft) => this.#publish(entry, draft, ttlMs, options));
      return { ...stored, refreshed: true };
    });
  }

  /**
   * Stores a content.
   *
   * @param name The entry.
   * @param content A text, bytes, or parts that come one after the other.
   * @param options For how long it is fresh.
   * @throws {CacheError} As {@link Cache.refresh}.
   * @throws {unknown} What the content throws while it comes.
   */
  async put(name: string, content: CacheContent, options: PutOptions = {}): Promise<CacheEntry> {
    const entry = this.#entry(name);
    const ttlMs = storedTtl(entry, options);
    // Written before the lock is taken: who writes slowly keeps nobody waiting.
    return await this.#drafted(entry, content, (draft) =>
      this.#locked(entry, "store", options, () => {
        attempt(name, "store", () => sweepEntry(this.#system, entry, this.#graceMs));
        return this.#publish(entry, draft, ttlMs, options);
      }));
  }

  /**
   * Reads an entry, without waiting for anybody, whether it is stale or not.
   *
   * @returns `undefined`: there is none, or it is damaged.
   * @throws {CacheError} `io`, `usage`, `invalid_data`: as {@link Cache.refresh}.
   */
  get(name: string): CachedContent | undefined {
    const entry = this.#entry(name);
    const found = this.#sound(entry, wholeContent);
    return found && { ...this.#describe(entry, found.pointer), content: found.content };
  }

  /**
   * Opens the content of an entry, for what is too large for {@link Cache.get}.
   *
   * @returns `undefined`: there is none, or it is damaged.
   * @throws {CacheError} As {@link Cache.get}.
   */
  open(name: string): OpenedContent | undefined {
    const entry = this.#entry(name);
    const found = this.#sound(entry, openContent);
    return found && { ...this.#describe(entry, found.pointer), file: found.content };
  }

  /**
   * The file of an entry's content. It stays for the grace time (ten minutes, when nothing is said) after another
   * content took its place, and is never changed; only {@link Cache.clean} takes it away before.
   *
   * @returns `undefined`: there is none, or it is damaged.
   * @throws {CacheError} As {@link Cache.get}.
   */
  path(name: string): string | undefined {
    const entry = this.#entry(name);
    const found = this.#sound(entry, checkContent);
    return found && contentPath(entry, found.pointer.digest);
  }

  /**
   * What is known of one entry. Of its content only the size is looked at.
   *
   * @returns `undefined`: there is none.
   * @throws {CacheError} As {@link Cache.get}.
   */
  status(name: string): EntryStatus | undefined {
    const entry = this.#entry(name);
    const found = attempt(name, "read", () => readEntry(this.#system, entry, glance));
    if (found === null) return undefined;
    if ("damage" in found) return { name, entry: null, damage: found.damage };
    return { name, entry: this.#describe(entry, found.pointer), damage: null };
  }

  /**
   * All entries, by the order of their names.
   *
   * @throws {CacheError} As {@link Cache.get}.
   */
  list(): EntryStatus[] {
    const names = attempt("", "list", () => entryNames(this.#system.disk, this.folder));
    return names.map((name) => this.status(name)).filter((status) => status !== undefined);
  }

  /**
   * Removes entries, and everything that is left of them; of those that stay, what nobody needs. What somebody works on
   * at the moment is left alone. An entry that cannot be cleaned keeps none of the others from it.
   *
   * @param options `olderThanMs`: only entries that were fetched so many milliseconds ago or more, and damaged ones.
   *   Without it, all.
   * @throws {CacheError} `io`: about the first entry that could not be cleaned.
   */
  clean({ olderThanMs }: { readonly olderThanMs?: number } = {}): Cleaned {
    const { disk, clock } = this.#system;
    const nowMs = clock.nowMs();
    const goes = (pointer: Pointer | null): boolean =>
      pointer === null || olderThanMs === undefined || nowMs - pointer.fetchedAtMs >= olderThanMs;
    const removed: string[] = [];
    const busy: string[] = [];
    const failures: CacheError[] = [];
    for (const name of attempt("", "list", () => entryNames(disk, this.folder))) {
      const options = { goes, graceMs: this.#graceMs, lock: this.#options };
      try {
        const outcome = attempt(name, "clean", () => cleanEntry(this.#system, this.#entry(name), options));
        if (outcome === "removed") removed.push(name);
        if (outcome === "busy") busy.push(name);
      } catch (error) {
        if (!(error instanceof CacheError)) throw error;
        failures.push(error);
      }
    }
    if (failures[0] !== undefined) throw failures[0];
    return { removed, busy };
  }

  get #graceMs(): number {
    return this.#options.graceMs ?? SUPERSEDED_GRACE_MS;
  }

  #timeoutMs(options: PutOptions): number {
    return options.timeoutMs ?? this.#options.timeoutMs ?? FILE_LOCK_TIMEOUT_MS_DEFAULT;
  }

  #entry(name: string): EntryFolder {
    return entryFolder(this.folder, name);
  }

  #isOlder({ fetchedAtMs }: Pointer, ttlMs: number): boolean {
    return isStale(fetchedAtMs, ttlMs, this.#system.clock.nowMs());
  }

  #describe({ name, path }: EntryFolder, pointer: Pointer): CacheEntry {
    const { digest, size, fetchedAtMs, ttlMs } = pointer;
    const stale = this.#isOlder(pointer, ttlMs ?? Infinity);
    return {
      name,
      path: `${path}/${digest}`,
      digest,
      size,
      fetchedAt: new Date(fetchedAtMs).toISOString(),
      ttlMs,
      stale,
    };
  }

  #sound<Content>(
    entry: EntryFolder,
    read: ReadContent<Content>,
  ): Extract<Found<Content>, { pointer: Pointer }> | undefined {
    const found = attempt(entry.name, "read", () => readEntry(this.#system, entry, read));
    return found === null || "damage" in found ? undefined : found;
  }

  async #locked<T>(
    entry: EntryFolder,
    action: string,
    options: PutOptions,
    work: () => Promise<T>,
  ): Promise<T> {
    const timeoutMs = this.#timeoutMs(options);
    const lock = await lockEntry(this.#system, entry, { ...this.#options, timeoutMs }).catch((error: unknown) => {
      throw cacheFailure(entry.name, action, error);
    });
    return await lock.whileHeld(work).catch((error: unknown) => {
      throw error instanceof ReleaseFailedError ? cacheFailure(entry.name, action, error) : error;
    });
  }

  /** Writes a content to a draft and does something with it; nothing of the draft stays. */
  async #drafted<T>(entry: EntryFolder, content: CacheContent, use: (draft: Draft) => Promise<T>): Promise<T> {
    const onSignals = this.#options.releaseOnSignals !== false;
    const draft = attempt(entry.name, "write", () => newDraft(this.#system, entry, onSignals));
    try {
      for await (const part of partsOf(content)) attempt(entry.name, "write", () => draft.add(part));
      return await use(draft);
    } finally {
      attempt(entry.name, "write", () => draft.close());
    }
  }

  async #publish(
    entry: EntryFolder,
    draft: Draft,
    ttlMs: number | null,
    options: PutOptions,
  ): Promise<CacheEntry> {
    try {
      const pointer = await publish(this.#system, entry, draft, { ttlMs, patienceMs: this.#timeoutMs(options) });
      return this.#describe(entry, pointer);
    } catch (error) {
      throw cacheFailure(entry.name, "write", error);
    }
  }
}

/** A ttl as it is stored: whole milliseconds; `null`: for ever. @throws {CacheError} `usage`: it is no length of time. */
function storedTtl({ name, path }: EntryFolder, { ttlMs = Infinity }: PutOptions): number | null {
  if (ttlMs > Number.MAX_SAFE_INTEGER) return null;
  if (ttlMs >= 0) return Math.floor(ttlMs);
  throw new CacheError("usage", `the cache entry ${JSON.stringify(name)} cannot be fresh for ${ttlMs} ms`, {
    entry: name,
    path,
    hint: "give ttlMs as a number that is 0 or more, or none",
  });
}
