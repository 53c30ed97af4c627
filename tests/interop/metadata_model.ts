/**
 * What branch metadata and its operations should do, said as plainly as it can be: a map of values, and a list of
 * what each operation replaced.
 *
 * @module
 */

/** Values by ref: a document's text, or a commit's name. */
export type Values = ReadonlyMap<string, string>;

/** A value replaced by another; `null`: the ref does not exist. */
export interface Replacement {
  readonly ref: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** An operation that stands in the journal. */
export interface ModelOperation {
  readonly id: string;
  readonly replaced: readonly Replacement[];
  readonly undoes: string | null;
}

/** What is asked of one ref; without `expect`, whatever is there may be replaced. */
export interface Wish {
  readonly ref: string;
  readonly expect?: string | null;
  readonly value: string | null;
}

/** How a command should end. */
export type Verdict =
  | { readonly kind: "done"; readonly replaced: readonly Replacement[] }
  | { readonly kind: "refused"; readonly exits: readonly number[] };

/** The model. */
export class MetadataModel {
  readonly values = new Map<string, string>();
  readonly operations: ModelOperation[] = [];

  /** All wishes at once, or none. */
  judge(wishes: readonly Wish[]): Verdict {
    for (const { ref, expect } of wishes) {
      if (expect !== undefined && expect !== (this.values.get(ref) ?? null)) return { kind: "refused", exits: [3] };
    }
    const replaced = wishes.map(({ ref, value }) => ({ ref, before: this.values.get(ref) ?? null, after: value }))
      .filter(({ before, after }) => before !== after);
    return this.isBlocked(replaced) ? { kind: "refused", exits: [3] } : { kind: "done", replaced };
  }

  /** Taking an operation back. */
  judgeUndo(operation: ModelOperation | undefined): Verdict {
    if (operation === undefined || this.isUndone(operation)) return { kind: "refused", exits: [1] };
    for (const { ref, after } of operation.replaced) {
      if ((this.values.get(ref) ?? null) !== after) return { kind: "refused", exits: [10] };
    }
    const replaced = operation.replaced.map(({ ref, before, after }) => ({ ref, before: after, after: before }));
    return this.isBlocked(replaced) ? { kind: "refused", exits: [3, 10] } : { kind: "done", replaced };
  }

  /** The operation that `undo` without an id takes back. */
  newestToUndo(): ModelOperation | undefined {
    return this.operations.findLast((operation) => operation.undoes === null && !this.isUndone(operation));
  }

  /** The undo that is to be taken back for a redo. */
  newestUndo(): ModelOperation | undefined {
    return this.operations.findLast((operation) => operation.undoes !== null && !this.isUndone(operation));
  }

  /** Notes what happened. */
  carryOut(replaced: readonly Replacement[], id: string | null, undoes: string | null = null): void {
    for (const { ref, after } of replaced) {
      if (after === null) this.values.delete(ref);
      else this.values.set(ref, after);
    }
    if (id !== null) this.operations.push({ id, replaced, undoes });
  }

  private isUndone({ id }: ModelOperation): boolean {
    return this.operations.some((other) => other.undoes === id && !this.isUndone(other));
  }

  /** Whether a new ref would be a folder of another, or lie below one; also of one that goes at the same time. */
  private isBlocked(replaced: readonly Replacement[]): boolean {
    const created = replaced.filter(({ before }) => before === null).map(({ ref }) => ref);
    const there = [...this.values.keys(), ...created];
    return created.some((ref) => there.some((other) => other.startsWith(`${ref}/`) || ref.startsWith(`${other}/`)));
  }
}
