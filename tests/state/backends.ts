/**
 * The backends of the state repository, as the conformance suite wants them. A new one is added here.
 *
 * @module
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DocumentStore } from "../../src/state/document_store.ts";
import { MemoryStore } from "../../src/state/memory_store.ts";
import { openDocumentStore } from "../../src/state/open.ts";
import { emptyPostgresStore } from "../given_postgres.ts";
import { SimDisk } from "../simulation/sim_disk.ts";
import { SimSystem } from "../simulation/sim_system.ts";
import { temporaryFolder } from "../temporary_folder.ts";

/** A store, and the way to put bytes into it that it would not take. */
export interface Backend {
  readonly store: DocumentStore;
  /** Another one on the same documents, as another process would have it; the same one where there is no such thing. */
  readonly other: DocumentStore;
  damage(name: string, bytes: Uint8Array): Promise<void> | void;
}

/** Makes a backend without any document. */
export const BACKENDS: Readonly<Record<string, () => Backend | Promise<Backend>>> = {
  memory() {
    const store = new MemoryStore();
    // It takes any bytes: what is stored is judged above it.
    return { store, other: store, damage: (name, bytes) => store.write(name, bytes, { kind: "any" }) };
  },
  "JSON files"() {
    const folder = join(temporaryFolder(), "not", "there", "yet");
    return {
      store: openDocumentStore(folder, {}),
      other: openDocumentStore(`file:${folder}/`, {}),
      damage(name, bytes) {
        mkdirSync(join(folder, name), { recursive: true });
        writeFileSync(join(folder, name, "state.json"), bytes);
      },
    };
  },
  SQLite() {
    const address = `sqlite:${temporaryFolder()}/states.db`;
    const store = openDocumentStore(address, {});
    return {
      store,
      other: openDocumentStore(address, {}),
      damage: (name, bytes) => store.write(name, bytes, { kind: "any" }), // what is stored is judged above it
    };
  },
  async PostgreSQL() {
    const address = await emptyPostgresStore();
    const store = openDocumentStore(address, { autoMigrate: true });
    return {
      store,
      other: openDocumentStore(address, { autoMigrate: true }),
      damage: (name, bytes) => store.write(name, bytes, { kind: "any" }), // what is stored is judged above it
    };
  },
  "JSON files, simulated"() {
    const system = new SimSystem(SimDisk.fromTree({ "/srv": null }));
    const neighbour = system.neighbour();
    return {
      store: openDocumentStore("/srv/data", { system }),
      other: openDocumentStore("/srv/data", { system: neighbour }),
      damage(name, bytes) {
        const { disk } = system;
        for (const folder of ["/srv/data", `/srv/data/${name}`]) {
          if (disk.lstat(folder) === null) disk.makeDirectory(folder);
        }
        if (disk.lstat(`/srv/data/${name}/state.json`) !== null) disk.unlink(`/srv/data/${name}/state.json`);
        using file = disk.create(`/srv/data/${name}/state.json`);
        file.write(bytes);
      },
    };
  },
};
