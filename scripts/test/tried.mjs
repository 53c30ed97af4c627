/** Adds up what the tests say that they tried: the lines of `tried` in `tests/thoroughness.ts`. */

/** A line of a test, such as `tried 30 of 412 kill points, 5 failing calls: apply of 5 (seed 1)`. */
const LINE = /^tried (\d+ [^:]*): /;

/** Sums by kind, in the order in which the kinds first came. */
export class Tally {
  #sums = new Map();

  /** Adds the numbers of a line; every other line is passed over. */
  add(line) {
    const listed = LINE.exec(line)?.[1];
    if (listed === undefined) return;
    for (const part of listed.split(", ")) {
      const [, count, kind] = /^(\d+)(?: of \d+)? (.+)$/.exec(part) ?? [];
      if (kind === undefined) throw new Error(`cannot count what a test printed: ${line}`);
      this.#sums.set(kind, (this.#sums.get(kind) ?? 0) + Number(count));
    }
  }

  /** The sums as one line, or `null` when nothing was counted. */
  line() {
    if (this.#sums.size === 0) return null;
    const listed = [...this.#sums].sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([kind, count]) => `${count.toLocaleString("en-US")} ${kind}`);
    return `tried in all: ${listed.join(", ")}`;
  }
}
