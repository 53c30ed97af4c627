/**
 * Where state documents are kept, for the commands `state …`.
 *
 * @module
 */
import type { CommandContext } from "./context.ts";
import { lockObserver } from "./lock_observer.ts";
import type { ParsedCommand } from "./parse.ts";
import type { DocumentStore } from "../state/document_store.ts";
import { openDocumentStore } from "../state/open.ts";

/** Where they are when nothing is said, from the working folder on. */
const STORE_DEFAULT = "./data";

/** Opens the store that `--store`, `LATTICE_STATE_STORE` or `state.store` names, to read. @throws {LatticeError} */
export async function openStateToRead(context: CommandContext, parsed: ParsedCommand): Promise<DocumentStore> {
  return openDocumentStore(await storeOf(context, parsed), { system: context.system });
}

/** Opens it to write. @throws {LatticeError} */
export async function openStateToWrite(context: CommandContext, parsed: ParsedCommand): Promise<DocumentStore> {
  const [name] = parsed.arguments;
  return openDocumentStore(await storeOf(context, parsed), {
    system: context.system,
    command: context.commandLine.join(" "),
    lockTimeoutMs: await context.lockTimeoutMs(),
    observer: lockObserver(context, `the lock of the state ${JSON.stringify(name)}`),
  });
}

async function storeOf({ system, settings }: CommandContext, parsed: ParsedCommand): Promise<string> {
  const given = parsed.value("store");
  if (given !== undefined) return given;
  const { LATTICE_STATE_STORE } = system.env;
  if (LATTICE_STATE_STORE !== undefined && LATTICE_STATE_STORE !== "") return LATTICE_STATE_STORE;
  return (await settings()).stateStore ?? STORE_DEFAULT;
}
