/**
 * The errors of branch metadata, each with the code that scripts see, the data they need, and the next step.
 *
 * @module
 */
import type { Oid } from "../git/object_format.ts";
import { LatticeError, type LatticeErrorOptions } from "../platform/errors.ts";
import { shellWord } from "../platform/text.ts";

/**
 * The branch has no metadata.
 *
 * @example
 * ```ts
 * import { type MetadataStore, NotFoundError } from "../mod.ts";
 *
 * function parentOf(store: MetadataStore, branch: string): string {
 *   try {
 *     return store.readExisting(branch).metadata.parent.name;
 *   } catch (error) {
 *     if (error instanceof NotFoundError) return `${error.branch} is not tracked`;
 *     throw error;
 *   }
 * }
 * ```
 */
export class NotFoundError extends LatticeError {
  /** Tells the class apart. */
  override readonly name = "NotFoundError";

  /**
   * Made where it is found out.
   *
   * @param branch The branch.
   * @param ref The ref that does not exist.
   */
  constructor(readonly branch: string, readonly ref: string) {
    super("not_found", `branch ${quote(branch)} has no metadata`, {
      hint: "lattice meta list shows the branches that have some; lattice meta set stores it",
      details: { ref },
    });
  }
}

/**
 * The ref does not hold what the caller expected.
 *
 * @example
 * ```ts
 * import { CasFailedError, type Oid, type Repository, transact } from "../mod.ts";
 *
 * async function moveOnce(repository: Repository, ref: string, expected: Oid, to: Oid): Promise<string> {
 *   try {
 *     const { op } = await transact(repository, [{ kind: "set-ref", ref, expected, to }]);
 *     return op === null ? "it was there already" : "moved";
 *   } catch (error) {
 *     if (error instanceof CasFailedError) return `${error.ref} is at ${error.actual ?? "nothing"} by now`;
 *     throw error;
 *   }
 * }
 * ```
 */
export class CasFailedError extends LatticeError {
  /** Tells the class apart. */
  override readonly name = "CasFailedError";

  /**
   * Made where it is found out.
   *
   * @param ref The ref.
   * @param expected What it should have held; `null`: it should not have existed.
   * @param actual What it holds; `null`: it does not exist.
   */
  constructor(
    readonly ref: string,
    readonly expected: Oid | null,
    readonly actual: Oid | null,
    options: { cause?: unknown } = {},
  ) {
    super("cas_failed", `${quote(ref)} ${holds(actual)}, expected ${expected ?? "that it does not exist"}`, {
      hint: "somebody else changed it meanwhile: read it again, decide again, and try with the new value",
      details: { ref, expected, actual },
      cause: options.cause,
    });
  }
}

/**
 * Stored or given bytes are no sound document.
 *
 * @example
 * ```ts
 * import { type MetadataStore, ParseError } from "../mod.ts";
 *
 * function isSound(store: MetadataStore, branch: string): boolean {
 *   try {
 *     return store.read(branch) !== undefined;
 *   } catch (error) {
 *     if (error instanceof ParseError) return false;
 *     throw error;
 *   }
 * }
 * ```
 */
export class ParseError extends LatticeError {
  /** Tells the class apart. */
  override readonly name: string = "ParseError";
}

/**
 * A document that was to be written is not sound.
 *
 * @example
 * ```ts
 * import { type BranchMetadata, type MetadataStore, SerializeError } from "../mod.ts";
 *
 * async function storeFirst(store: MetadataStore, document: BranchMetadata): Promise<string> {
 *   try {
 *     await store.writeCas(document.branch.name, null, document);
 *     return "stored";
 *   } catch (error) {
 *     if (error instanceof SerializeError) return `field ${error.details["field"]}: ${error.message}`;
 *     throw error;
 *   }
 * }
 * ```
 */
export class SerializeError extends LatticeError {
  /** Tells the class apart. */
  override readonly name = "SerializeError";

  /**
   * Made where it is found out.
   *
   * @param options Hint, details and the flaw as the cause.
   */
  constructor(message: string, options: LatticeErrorOptions = {}) {
    super("invalid_data", message, options);
  }
}

/** Tools that keep documents of their own below `refs/branch-metadata/`. */
export type ForeignTool = "graphite" | "charcoal" | "stax";

/**
 * The document belongs to another tool; it is neither read nor overwritten.
 *
 * @example
 * ```ts
 * import { ForeignDocumentError, type MetadataStore } from "../mod.ts";
 *
 * function whose(store: MetadataStore, branch: string): string {
 *   try {
 *     return store.read(branch) === undefined ? "nobody's" : "ours";
 *   } catch (error) {
 *     if (error instanceof ForeignDocumentError) return error.tools.join(" or ");
 *     throw error;
 *   }
 * }
 * ```
 */
export class ForeignDocumentError extends ParseError {
  /** Tells the class apart. */
  override readonly name = "ForeignDocumentError";

  /**
   * Made where it is found out.
   *
   * @param branch The branch.
   * @param ref Its metadata ref.
   * @param tools Whose it may be; the three share a format, and a short document does not tell them apart.
   */
  constructor(readonly branch: string, readonly ref: string, readonly tools: readonly ForeignTool[]) {
    super("invalid_data", `metadata of branch ${quote(branch)} is a document of ${nameTools(tools)}`, {
      hint: importHint(ref, tools),
      details: { ref, tools },
    });
  }
}

/**
 * Git's objects or refs could not be read or written; the cause says why, and lends its code.
 *
 * @example
 * ```ts
 * import { GitError, type MetadataStore } from "../mod.ts";
 *
 * function countBranches(store: MetadataStore): number | string {
 *   try {
 *     return store.list().length;
 *   } catch (error) {
 *     if (error instanceof GitError) return `${error.ref}: ${error.message} (${error.code})`;
 *     throw error;
 *   }
 * }
 * ```
 */
export class GitError extends LatticeError {
  /** Tells the class apart. */
  override readonly name = "GitError";

  /**
   * Made where it is found out.
   *
   * @param message What failed.
   * @param ref The ref that it was about.
   * @param cause What git's layer threw.
   */
  constructor(message: string, readonly ref: string, cause: unknown) {
    const inner = cause instanceof LatticeError ? cause : undefined;
    super(inner?.code ?? "io", inner === undefined ? message : `${message}: ${inner.message}`, {
      ...(inner?.hint === undefined ? {} : { hint: inner.hint }),
      details: { ref, ...inner?.details },
      cause,
    });
  }
}

/** A text in quotes for a message, with everything unprintable escaped. */
export function quote(text: string): string {
  return JSON.stringify(text);
}

function holds(actual: Oid | null): string {
  return actual === null ? "does not exist" : `holds ${actual}`;
}

function importHint(ref: string, tools: readonly ForeignTool[]): string {
  const tool = tools.find((tool) => tool !== "stax");
  return tool === undefined
    ? `lattice cannot import documents of stax; lattice git update-ref -d ${shellWord(ref)} removes it`
    : `lattice meta import --from ${tool} turns it into ours`;
}

function nameTools(tools: readonly ForeignTool[]): string {
  const names = tools.map((tool) => tool === "stax" ? tool : tool.charAt(0).toUpperCase() + tool.slice(1));
  return names.length === 1 ? names[0]! : `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
}
