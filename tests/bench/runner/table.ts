/**
 * The rows of the benchmark's table, as text.
 *
 * @module
 */
import type { Score } from "./contest.ts";
import type { LeftOut } from "./workload.ts";

/** How a row meets its budget. */
export type Verdict = "reached" | "missed" | "no budget";

/** One comparison. */
export interface Row {
  readonly work: string;
  readonly lattice: Score;
  readonly other: Score;
}

const COLUMNS = ["work", "against", "lattice ms", "other ms", "ratio", "budget", "flushes", "peak MB", "verdict"];
const WIDTHS = [46, 28, 10, 9, 7, 7, 11, 9, 9];

/** Text columns are at the left, numbers at the right. */
const RIGHT = [false, false, true, true, true, true, true, true, false];

/** The rows of a workload: its first competitor against each of the others. */
export function rowsOf(work: string, [lattice, ...others]: readonly Score[]): Row[] {
  return others.map((other) => ({ work, lattice: lattice!, other }));
}

/** How many times as long as the other lattice takes. */
export function ratioOf({ lattice, other }: Row): number {
  return lattice.medianMs / other.medianMs;
}

/** Whether the budget is met. */
export function verdictOf(row: Row): Verdict {
  const { ratioMax } = row.other.competitor;
  if (ratioMax === undefined) return "no budget";
  return ratioOf(row) <= ratioMax ? "reached" : "missed";
}

/** The heading of the table. */
export function renderHeading(): string {
  return `${line(COLUMNS)}\n${line(WIDTHS.map((width) => "-".repeat(width)))}`;
}

/** A row of the table. */
export function renderRow(row: Row): string {
  const { work, lattice, other } = row;
  const { name, ratioMax } = other.competitor;
  return line([
    work,
    name,
    decimal(lattice.medianMs),
    decimal(other.medianMs),
    renderRatio(ratioOf(row)),
    ratioMax === undefined ? "" : renderRatio(ratioMax),
    `${lattice.flushes ?? "?"} / ${other.flushes ?? "?"}`,
    `${lattice.peakMb?.toFixed(0) ?? "?"} / ${other.peakMb?.toFixed(0) ?? "?"}`,
    verdictOf(row),
  ]);
}

/** The row of a comparison that could not be made. */
export function renderLeftOut(work: string, { name, reason }: LeftOut): string {
  return `${line([work, name])}  left out: ${reason}`;
}

/** `1.30x`; below a half as a fraction, which is easier to compare: `1/7.0`. */
export function renderRatio(ratio: number): string {
  return ratio < 0.5 ? `1/${(1 / ratio).toFixed(1)}` : `${ratio.toFixed(2)}x`;
}

function decimal(milliseconds: number): string {
  return milliseconds.toFixed(milliseconds < 1 ? 3 : milliseconds < 100 ? 1 : 0);
}

function line(cells: readonly string[]): string {
  return cells.map((cell, index) => RIGHT[index] ? cell.padStart(WIDTHS[index]!) : cell.padEnd(WIDTHS[index]!))
    .join("  ").trimEnd();
}
