/**
 * Journals that cannot be read.
 *
 * @module
 */
import { listJournals, readJournal } from "../engine/journal.ts";
import { readJournalEnds } from "../engine/journal_ends.ts";
import { LatticeError } from "../platform/errors.ts";
import type { Examination } from "./examination.ts";

/** A journal that cannot be read. */
export interface BrokenJournal {
  /** The operation that it is named for; empty where no journal can be read because their folder is none. */
  readonly op: string;
  readonly error: LatticeError;
}

/** Whether every journal can be read, and those that cannot. */
export interface JournalScan {
  readonly all: boolean;
  readonly broken: readonly BrokenJournal[];
}

const scans = new WeakMap<Examination, JournalScan>();

/** Reads how each journal begins and ends; the newest, which recovery may need, as a whole. Asked twice, read once. */
export function readableJournals(examination: Examination): JournalScan {
  let scan = scans.get(examination);
  if (scan === undefined) scans.set(examination, scan = scanJournals(examination));
  return scan;
}

function scanJournals({ system, repository }: Examination): JournalScan {
  const { commonDir } = repository;
  const broken: BrokenJournal[] = [];
  const attempt = (op: string, read: () => unknown) => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof LatticeError) || error.code === "internal") throw error;
      broken.push({ op, error });
      return null;
    }
  };
  const ids = attempt("", () => listJournals(system, commonDir)) as string[] | null ?? [];
  const newest = ids.at(-1);
  for (const op of ids) {
    attempt(op, () => op === newest ? readJournal(system, commonDir, op) : readJournalEnds(system, commonDir, op));
  }
  return { all: broken.length === 0, broken };
}
