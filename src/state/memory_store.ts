/**
 * Documents in the memory of one process: for tests of programs that use a repository, and for what need not survive.
 *
 * @module
 */
import { checkExpectation, type DocumentStore, type Expectation } from "./document_store.ts";

/** A store that is gone with its object. */
export class MemoryStore implements DocumentStore {
  readonly #documents = new Map<string, Uint8Array>();

  pathOf(name: string): string {
    return `memory:${name}`;
  }

  read(name: string): Promise<Uint8Array | null> {
    return Promise.resolve(this.#documents.get(name)?.slice() ?? null);
  }

  // deno-lint-ignore require-await -- what is thrown must reject the promise
  async write(name: string, bytes: Uint8Array, expectation: Expectation): Promise<void> {
    checkExpectation(this.pathOf(name), name, this.#documents.get(name) ?? null, expectation);
    this.#documents.set(name, bytes.slice());
  }

  exists(name: string): Promise<boolean> {
    return Promise.resolve(this.#documents.has(name));
  }

  delete(name: string): Promise<void> {
    this.#documents.delete(name);
    return Promise.resolve();
  }

  list(): Promise<string[]> {
    return Promise.resolve([...this.#documents.keys()].sort());
  }
}
