/**
 * A repository of one type above any backend: the schema judges what is stored and what is read.
 *
 * What `save` has accepted, `load` gives back: it is refused where JSON or the schema would make something else of it.
 *
 * @module
 */
import {
  encodeDocument,
  isSamePlainJson,
  isSameValue,
  parseDocument,
  renderDocument,
  Unserializable,
} from "./document.ts";
import { digestOf, type DocumentStore, type Expectation } from "./document_store.ts";
import { CorruptedStateFile, DeserializationFailed, SerializationFailed } from "./errors.ts";
import { checkStateName } from "./name.ts";
import type { SavedState, StateExpectation, StateRepository, StateSchema, StoredState } from "./repository.ts";
import { LatticeError } from "../platform/errors.ts";

/** A repository above a backend. */
export class TypedRepository<T> implements StateRepository<T> {
  readonly #store: DocumentStore;
  readonly #schema: StateSchema<T>;

  constructor(store: DocumentStore, schema: StateSchema<T>) {
    this.#store = store;
    this.#schema = schema;
  }

  async save(name: string, value: T, expectation?: StateExpectation): Promise<SavedState> {
    checkStateName(name);
    const expected = expectationFrom(expectation, name);
    const bytes = this.#bytesOf(name, value);
    await this.#store.write(name, bytes, expected);
    let digest: string | undefined;
    return {
      // Of a large document it takes a tenth of the whole save, and most callers do not ask.
      get digest() {
        return digest ??= digestOf(bytes);
      },
    };
  }

  async load(name: string): Promise<T | undefined> {
    checkStateName(name);
    const bytes = await this.#store.read(name);
    return bytes === null ? undefined : this.#valueIn(name, bytes);
  }

  async read(name: string): Promise<StoredState<T> | undefined> {
    checkStateName(name);
    const bytes = await this.#store.read(name);
    return bytes === null ? undefined : { digest: digestOf(bytes), value: this.#valueIn(name, bytes) };
  }

  async exists(name: string): Promise<boolean> {
    checkStateName(name);
    return await this.#store.exists(name);
  }

  async delete(name: string): Promise<void> {
    checkStateName(name);
    await this.#store.delete(name);
  }

  list(): Promise<string[]> {
    return this.#store.list();
  }

  #valueIn(name: string, bytes: Uint8Array): T {
    const path = this.#store.pathOf(name);
    const parsed = parseDocument(bytes);
    if ("flaw" in parsed) throw new CorruptedStateFile(path, name, parsed.flaw.text, parsed.flaw.cause);
    const judged = this.#judge(parsed.value);
    if (judged.success) return judged.data;
    throw new DeserializationFailed(path, reasonOf(judged.error), judged.error);
  }

  /** The bytes of a value, from which it would be had again. */
  #bytesOf(name: string, value: T): Uint8Array {
    const path = this.#store.pathOf(name);
    try {
      // A value that is nothing but JSON's own is what would be read again, so that it need not be tried.
      const asItIs = this.#judge(value);
      const isPlain = asItIs.success && isSamePlainJson(value, asItIs.data);
      const text = renderDocument(value, isPlain);
      const bytes = encodeDocument(text);
      if (!isPlain) this.#insistOnSame(path, value, text);
      return bytes;
    } catch (error) {
      if (!(error instanceof Unserializable)) throw error;
      throw new SerializationFailed(path, error.message, error.cause === undefined ? {} : { cause: error.cause });
    }
  }

  /** @throws {SerializationFailed} Another value would be read of a text. */
  #insistOnSame(path: string, value: T, text: string): void {
    const judged = this.#judge(JSON.parse(text));
    if (!judged.success) throw new SerializationFailed(path, reasonOf(judged.error), { cause: judged.error });
    if (isSameValue(value, judged.data)) return;
    throw new SerializationFailed(path, "it would not be loaded as the value that it is now", {
      hint: "use what JSON can hold, in the form that the schema gives back; nothing was written",
    });
  }

  /** The schema's verdict; where it throws, as a check of somebody's own may, that is a refusal. */
  #judge(value: unknown): ReturnType<StateSchema<T>["safeParse"]> {
    try {
      return this.#schema.safeParse(value);
    } catch (error) {
      return { success: false, error };
    }
  }
}

/** Puts what a program says in the backends' words. @throws {LatticeError} `usage`: it is none of what can be said. */
function expectationFrom(expectation: StateExpectation | undefined, name: string): Expectation {
  if (expectation === undefined) return { kind: "sound" };
  if (expectation === null) return { kind: "absent" };
  if (typeof expectation === "string" && isDigest(expectation)) return { kind: "exactly", digest: expectation };
  if (typeof expectation === "object" && expectation.kind === "any") return { kind: "any" };
  throw new LatticeError("usage", `what is expected of the state ${JSON.stringify(name)} is no digest`, {
    hint: "give 64 lower-case hexadecimal digits, null where it must not be there, or OVERWRITE",
    details: { name },
  });
}

/** Whether a text is a digest as documents have them. */
export function isDigest(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

/** What a schema has against a value, in one line: the first thing. */
function reasonOf(error: unknown): string {
  const issue = (error as { issues?: readonly { path?: readonly PropertyKey[]; message?: unknown }[] } | null)
    ?.issues?.[0];
  if (issue !== undefined && typeof issue.message === "string") {
    const place = (issue.path ?? []).map(String).join(".");
    return place === "" ? issue.message : `${JSON.stringify(place)}: ${issue.message}`;
  }
  if (error instanceof RangeError) return "it is nested too deep for the schema";
  return error instanceof Error && error.message !== "" ? error.message.split("\n")[0]! : "the schema refuses it";
}
