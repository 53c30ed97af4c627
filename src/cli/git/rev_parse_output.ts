/**
 * What `git rev-parse` lets through, and how it writes it.
 *
 * @module
 */
import type { Oid } from "../../git/object_format.ts";
import type { Repository } from "../../git/repository.ts";
import { abbreviate } from "../../git/revisions/short_oid.ts";
import { expandRef } from "./object_name.ts";
import type { OutputBuffer } from "./output_buffer.ts";
import { shortenRef } from "./ref_short_name.ts";

/** What is shown: revisions, other things, flags, what is no flag. */
export interface Filter {
  revisions: boolean;
  others: boolean;
  flags: boolean;
  nonFlags: boolean;
}

/** How revisions are shown. */
export interface RevisionStyle {
  /** `--symbolic`, `--symbolic-full-name`. */
  symbolic: "as-given" | "full" | null;
  /** `--abbrev-ref`. */
  shortRef: "strict" | "loose" | null;
  /** `--short`: number of digits, `"auto"`, or `null` for all. */
  digits: number | "auto" | null;
}

/** Writes the results of `git rev-parse`. */
export interface RevisionWriter {
  readonly filter: Filter;
  readonly style: RevisionStyle;
  /** `--not`: revisions to come are shown the other way. */
  reversed: boolean;
  /** `--sq`: one line, quoted for a shell. */
  quoted: boolean;
  /** `--default`: what is shown when no revision is. */
  fallback: string | null;
  /** Writes one result. */
  write(text: string): void;
  /**
   * Writes a revision, if revisions are wanted.
   *
   * @param excluded Whether it stands with `^`.
   * @param name How it was named, or `null`.
   */
  revision(excluded: boolean, oid: Oid, name: string | null): void;
  /** Writes an argument that is neither flag nor revision, if those are wanted. */
  other(text: string): boolean;
  /** Shows what `--default` says, once. */
  useFallback(): boolean;
}

/**
 * Makes a writer.
 *
 * @param resolve Names an object, or `null`.
 */
export function createRevisionWriter(
  output: OutputBuffer,
  repository: () => Repository,
  resolve: (name: string) => Oid | null,
  onAmbiguous: (name: string) => void,
): RevisionWriter {
  const writer: RevisionWriter = {
    filter: { revisions: true, others: true, flags: true, nonFlags: true },
    style: { symbolic: null, shortRef: null, digits: null },
    reversed: false,
    quoted: false,
    fallback: null,

    write(text) {
      output.text(writer.quoted ? `${shellQuote(text)} ` : `${text}\n`);
    },

    revision(excluded, oid, name) {
      if (!writer.filter.revisions) return;
      writer.fallback = null;
      const text = textOf(oid, name);
      if (text === null) return;
      if (excluded !== writer.reversed) output.text("^");
      writer.write(text);
    },

    other(text) {
      writer.useFallback();
      if (!writer.filter.nonFlags || !writer.filter.others) return false;
      writer.write(text);
      return true;
    },

    useFallback() {
      const name = writer.fallback;
      writer.fallback = null;
      const oid = name === null ? null : resolve(name);
      if (oid === null) return false;
      writer.revision(false, oid, name);
      return true;
    },
  };

  /** `null`: nothing is shown, because what was named is no ref, or several. */
  function textOf(oid: Oid, name: string | null): string | null {
    const { symbolic, shortRef, digits } = writer.style;
    if (name !== null && (symbolic === "full" || shortRef !== null)) return refNameOf(name);
    if (name !== null && symbolic === "as-given") return name;
    return digits === null ? oid : abbreviate(repository(), oid, digits);
  }

  function refNameOf(name: string): string | null {
    const { matches, first } = expandRef(repository(), name);
    if (first === null) return null;
    if (matches > 1) {
      onAmbiguous(name);
      return null;
    }
    const { shortRef } = writer.style;
    return shortRef === null ? first : shortenRef(repository(), first, shortRef === "strict");
  }

  return writer;
}

/** Quotes a text so that a shell reads it as one word. */
export function shellQuote(text: string): string {
  return `'${text.replace(/['!]/g, (character) => `'\\${character}'`)}'`;
}
