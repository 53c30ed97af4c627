/**
 * Who is waited for: told once for each holder.
 *
 * @module
 */
import type { LockHolder } from "./holder.ts";

/** What one wait has seen of those who hold the lock. */
export class Contention {
  #told: LockHolder | null | undefined;

  /** @param tellHolder Told when waiting begins, and again whenever another holder is seen; `null`: its text cannot be read. */
  constructor(private readonly tellHolder: ((holder: LockHolder | null) => void) | undefined) {}

  /** Whether the lock is held by another one than who was told last, as far as can be read. */
  isOfAnother(holder: LockHolder | null): boolean {
    return holder !== null && JSON.stringify(holder) !== JSON.stringify(this.#told);
  }

  /**
   * Tells who holds the lock, unless that was told last. A text that cannot be read is told of only at first: a new holder
   * may overwrite it in place, so that it is torn for a moment.
   */
  tell(holder: LockHolder | null): void {
    if (this.#told !== undefined && !this.isOfAnother(holder)) return;
    this.tellHolder?.(holder);
    this.#told = holder;
  }
}
