/**
 * The repository lock for programs that use lattice as a library.
 *
 * @module
 */
import type { Repository } from "../git/repository.ts";
import type { LockHolder } from "../locks/holder.ts";
import { repoLockBackend } from "../locks/repo_lock_backend.ts";
import { acquireRepoLock, type RepoLock as HeldLock, tryAcquireRepoLock } from "../locks/repo_lock.ts";

/** How the lock is taken. */
export interface AcquireOptions {
  /** What the program is doing, for the messages of those who wait. */
  readonly command: string;
  /** Longest wait in milliseconds; 10,000 when nothing is said, 0 fails at once, `Infinity` never gives up. */
  readonly timeoutMs?: number;
  /**
   * Called when waiting begins, and again whenever another holder is seen; `null`: the holder's text cannot be read. What
   * it throws ends the wait.
   */
  readonly onContention?: (holder: LockHolder | null) => void;
  /** Ends the wait when it is aborted, with the signal's reason. */
  readonly signal?: AbortSignal;
}

const TIMEOUT_MS_DEFAULT = 10_000;

/**
 * The repository lock, held. While it is, no other process changes the repository through lattice. The kernel gives it
 * back when the process ends, however it ends.
 *
 * Writes of the process that holds it need its {@link RepoLock.token}; without it they would wait for themselves.
 *
 * Inside `lattice lock run` the lock of that command is the one that is held: strangers wait, while the programs inside
 * take turns at every write.
 *
 * @example
 * ```ts
 * import { MetadataStore, openRepository, RepoLock } from "../mod.ts";
 *
 * async function removeAll(): Promise<void> {
 *   const repository = openRepository();
 *   using lock = await RepoLock.acquire(repository, { command: "remove-all" });
 *   const store = new MetadataStore(repository, { lockToken: lock.token });
 *   for (const { branch, oid } of store.listAll()) await store.deleteCas(branch, oid);
 * }
 * ```
 */
export class RepoLock implements Disposable {
  readonly #held: HeldLock;

  private constructor(held: HeldLock) {
    this.#held = held;
    // A turn among the children of a `lock run` would keep our own writes waiting for ourselves.
    if (held.joined) held.release();
  }

  /**
   * Takes the lock, waiting for it.
   *
   * @throws {AlreadyLockedError} The time is up; `holder` says who has it.
   * @throws {unknown} The reason of `options.signal`, when that was aborted.
   * @throws {LatticeError} `unsupported`: there is no flock here; `io`.
   */
  static async acquire(repository: Repository, options: AcquireOptions): Promise<RepoLock> {
    const { system, commonDir } = repository;
    const { timeoutMs = TIMEOUT_MS_DEFAULT, ...rest } = options;
    return new RepoLock(await acquireRepoLock(system, { commonDir, timeoutMs, ...rest }));
  }

  /**
   * Takes the lock if it is free.
   *
   * @returns `undefined`: somebody holds it.
   * @throws {LatticeError} `unsupported`: there is no flock here; `io`.
   */
  static async tryAcquire(
    repository: Repository,
    { command }: Pick<AcquireOptions, "command">,
  ): Promise<RepoLock | undefined> {
    const { system, commonDir } = repository;
    const backend = await repoLockBackend(system, commonDir);
    const held = tryAcquireRepoLock(system, { commonDir, command, backend });
    return held === undefined ? undefined : new RepoLock(held);
  }

  /** How long was waited, in milliseconds. */
  get waitedMs(): number {
    return this.#held.waitedMs;
  }

  /** Lets writes happen inside this lock: `lockToken` of a store, `LATTICE_LOCK_TOKEN` for a `lattice` command. */
  get token(): string {
    return this.#held.token;
  }

  /** Gives the lock back; a second call does nothing. */
  release(): void {
    this.#held.release();
  }

  /** Gives the lock back, at the end of `using`. */
  [Symbol.dispose](): void {
    this.#held.release();
  }
}
