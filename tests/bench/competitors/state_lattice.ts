/**
 * Saves or loads a document by lattice as a library:
 *
 *     state_lattice.ts <save|load> <folder> <bytes> <count>
 *
 * @module
 */
import process from "node:process";
import { openStateRepository } from "../../../src/mod.ts";
import { documentOf, Environment, timed } from "./state_document.mjs";

const [work, folder, bytes, count] = process.argv.slice(2) as [string, string, string, string];
const states = openStateRepository(folder, Environment, { command: "bench" });
const value = documentOf(Number(bytes));
await states.save("production", value);
await timed(
  Number(count),
  work === "load"
    ? () => states.load("production")
    : (revision: number) => states.save("production", { ...value, revision }),
);
