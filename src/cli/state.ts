/**
 * Where state documents are kept, for the commands `state …`.
 *
 * @module
 */
import type { CommandContext } from "./context.ts";
import { lockObserver } from "./lock_observer.ts";
import type { ParsedCommand } from "./parse.ts";
import { shieldPasswords } from "./store_url.ts";
import type { DocumentStore } from "../state/document_store.ts";
import { isDatabase, openDocumentStore, type StateOptions } from "../state/open.ts";

/** Where they are when nothing is said, from the working folder on. */
const STORE_DEFAULT = "./data";

/** Opens the store that `--store`, `LATTICE_STATE_STORE` or `state.store` names, to read. @throws {LatticeError} */
export async function openStateToRead(context: CommandContext, parsed: ParsedCommand): Promise<DocumentStore> {
  const store = await storeOf(context, parsed);
  // Files are read without waiting for anybody, and without any configuration.
  return openDocumentStore(store, isDatabase(store) ? await databaseOptions(context) : { system: context.system });
}

/** Opens it to write. @throws {LatticeError} */
export async function openStateToWrite(context: CommandContext, parsed: ParsedCommand): Promise<DocumentStore> {
  const [name] = parsed.arguments;
  return openDocumentStore(await storeOf(context, parsed), {
    ...await databaseOptions(context),
    command: context.commandLine.join(" "),
    observer: lockObserver(context, `the lock of the state ${JSON.stringify(name)}`),
  });
}

async function databaseOptions(context: CommandContext): Promise<StateOptions> {
  return {
    system: context.system,
    lockTimeoutMs: await context.lockTimeoutMs(),
    autoMigrate: (await context.settings()).leaseAutoMigrate,
  };
}

async function storeOf(context: CommandContext, parsed: ParsedCommand): Promise<string> {
  const store = await namedStore(context, parsed);
  shieldPasswords(store, context.system.env);
  return store;
}

async function namedStore({ system, settings }: CommandContext, parsed: ParsedCommand): Promise<string> {
  const given = parsed.value("store");
  if (given !== undefined) return given;
  const { LATTICE_STATE_STORE } = system.env;
  if (LATTICE_STATE_STORE !== undefined && LATTICE_STATE_STORE !== "") return LATTICE_STATE_STORE;
  return (await settings()).stateStore ?? STORE_DEFAULT;
}
