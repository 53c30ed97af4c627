/**
 * Tables for people.
 *
 * @module
 */
import { escapeText } from "./escape.ts";

/** Lines of a table whose columns stand below each other; none where there are no rows. Control characters are escaped. */
export function tableLines(columns: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  const shown = [columns.map((name) => name.toUpperCase()), ...rows].map((row) => row.map(escapeText));
  const widths = columns.map((_, column) => Math.max(...shown.map((row) => row[column]!.length)));
  return shown.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd());
}
