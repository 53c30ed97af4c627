/**
 * Documents in a database, beside the lock records: each step is a transaction of its own, or a part of one that spans
 * locks as well.
 *
 * @module
 */
import { checkExpectation, type DocumentStore, type Expectation } from "./document_store.ts";
import type { StateRepository, StateSchema } from "./repository.ts";
import { TypedRepository } from "./typed_repository.ts";
import type { DocumentRecords } from "../lock_store/documents.ts";
import type { LockStore, StoreTransaction } from "../lock_store/store.ts";

/** Does something with the records in a transaction. */
type Runner = <T>(readOnly: boolean, action: (records: DocumentRecords) => Promise<T>) => Promise<T>;

/** Documents of a database. */
export class DatabaseStore implements DocumentStore {
  /** @param address Where the database is, without any password. */
  constructor(private readonly address: string, private readonly run: Runner) {}

  pathOf(name: string): string {
    return `${this.address}#${name}`;
  }

  read(name: string): Promise<Uint8Array | null> {
    return this.run(true, (records) => records.read(name));
  }

  async write(name: string, bytes: Uint8Array, expectation: Expectation): Promise<void> {
    await this.run(false, async (records) => {
      checkExpectation(this.pathOf(name), name, await records.read(name), expectation);
      await records.put(name, bytes);
    });
  }

  async exists(name: string): Promise<boolean> {
    return await this.read(name) !== null;
  }

  delete(name: string): Promise<void> {
    return this.run(false, (records) => records.remove(name));
  }

  async list(): Promise<string[]> {
    return (await this.run(true, (records) => records.list())).sort();
  }
}

/** The documents of a store of lock records. */
export function documentsOf(store: LockStore): DocumentStore {
  return new DatabaseStore(
    store.address,
    (readOnly, action) => store.transaction(({ documents }) => action(documents), { readOnly }),
  );
}

/**
 * The state documents of a store within a transaction: they change with the locks, or not at all.
 *
 * @param transaction What `LockStore.transaction` gives.
 * @param schema Judges what is stored and what is read.
 *
 * @example
 * ```ts
 * import * as z from "zod";
 * import { type LockStore, type PersistedLock, statesIn } from "../mod.ts";
 *
 * const Deployment = z.object({ version: z.string() });
 *
 * async function deployed(store: LockStore, lock: PersistedLock, version: string): Promise<void> {
 *   await store.transaction(async (inside) => {
 *     await inside.requireFencingToken(lock.id, lock.fencingToken); // unless the lock was lost meanwhile
 *     await statesIn(inside, Deployment).save("production", { version });
 *   });
 * }
 * ```
 */
export function statesIn<T>(transaction: StoreTransaction, schema: StateSchema<T>): StateRepository<T> {
  return new TypedRepository(
    new DatabaseStore("transaction", (_readOnly, action) => action(transaction.documents)),
    schema,
  );
}
