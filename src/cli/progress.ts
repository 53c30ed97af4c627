/**
 * How far a long command has come, for a person who watches: on a terminal, and only after a second.
 *
 * @module
 */
import type { CommandContext } from "./context.ts";

/** Nothing is shown before so many milliseconds have passed, nor more often than in between these. */
const FIRST_MS = 1000;
const PAUSE_MS = 200;

/** Shows how far a command has come; `using` takes the line away again. */
export interface Progress extends Disposable {
  /**
   * Tells how far it has come; cheap enough to be called for every few hundred things.
   *
   * @param what What is being done: `locking refs`.
   * @param total How many there are, or `null` when nobody knows.
   */
  show(what: string, done: number, total: number | null): void;
}

/** Makes one; it shows nothing where standard error is no terminal, or with `--quiet`. */
export function createProgress({ streams, system, global }: CommandContext): Progress {
  const startedMs = system.clock.monotonicMs();
  let nextMs = startedMs + FIRST_MS;
  let wanted: boolean | undefined;
  let shown = false;
  return {
    show(what, done, total) {
      const nowMs = system.clock.monotonicMs();
      if (nowMs < nextMs) return;
      nextMs = nowMs + PAUSE_MS;
      wanted ??= global.verbosity >= 0 && system.env["TERM"] !== "dumb" && streams.isTerminal(2);
      if (!wanted) return;
      shown = true;
      const count = total === null ? String(done) : `${done} of ${total}`;
      streams.writeError(`\r${what}: ${count}\x1b[K`);
    },
    [Symbol.dispose]() {
      if (shown) streams.writeError("\r\x1b[K");
      shown = false;
    },
  };
}
