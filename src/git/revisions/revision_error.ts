/**
 * Why a revision gives no object.
 *
 * @module
 */
import { LatticeError, type LatticeErrorOptions } from "../../platform/errors.ts";
import type { Oid } from "../object_format.ts";

/** The ways in which a revision can fail that are nobody's damage. */
export type RevisionFailure =
  /**
   * Nothing has this name, or what it is counted from ends before. `beyond`: it is a name that cannot be anything
   * else, and it lacks the entry of a reflog or the upstream that it asks for.
   */
  | { readonly kind: "missing"; readonly beyond?: "reflog" | "upstream" }
  /** An abbreviation that several objects share. */
  | { readonly kind: "ambiguous"; readonly candidates: readonly Oid[] }
  /** The object is there, but is not of the type that was asked for, nor leads to one. */
  | { readonly kind: "wrong-type"; readonly oid: Oid }
  /** It uses a part of git's grammar that lattice does not take. */
  | { readonly kind: "unsupported" };

/** A revision gives no object. Its code is `not_found` where it is missing, else `usage`. */
export class RevisionError extends LatticeError {
  /** Tells the class apart. */
  override readonly name = "RevisionError";

  /**
   * Made where it is found out.
   *
   * @param failure What it is that went wrong.
   * @param revision The revision, or the part of it that fails.
   * @param message What to say, as for any `LatticeError`.
   * @param options Hint, details beyond the failure itself, and cause.
   */
  constructor(
    readonly failure: RevisionFailure,
    revision: string,
    message: string,
    options: LatticeErrorOptions = {},
  ) {
    const { kind, ...found } = failure.kind === "missing" ? { kind: failure.kind } : failure;
    const details = { revision, ...found, ...options.details };
    super(kind === "missing" ? "not_found" : "usage", message, { ...options, details });
  }
}
