/**
 * Saves or loads a document by `write-file-atomic` and `proper-lockfile`, as their descriptions say, on Node or Bun:
 *
 *     state_libraries.mjs <save|save-flushed|load> <folder> <bytes> <count>
 *
 * `write-file-atomic` flushes the file and not the folder, so that the name may be lost in a power cut; `save-flushed` does
 * that as well.
 *
 * @module
 */
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { lock } from "proper-lockfile";
import writeFileAtomic from "write-file-atomic";
import { documentOf, Environment, timed } from "./state_document.mjs";

const [work, folder, bytes, count] = process.argv.slice(2);
const file = path.join(folder, "production", "state.json");

async function save(value) {
  const checked = Environment.parse(value);
  const release = await lock(file, { realpath: false });
  try {
    await writeFileAtomic(file, `${JSON.stringify(checked, null, 2)}\n`, { mode: 0o600 });
    if (work === "save-flushed") {
      const handle = await fs.promises.open(path.dirname(file));
      await handle.sync();
      await handle.close();
    }
  } finally {
    await release();
  }
}

const load = async () => Environment.parse(JSON.parse(await fs.promises.readFile(file, "utf8")));

fs.mkdirSync(path.dirname(file), { recursive: true });
const value = documentOf(Number(bytes));
await save(value);
await timed(Number(count), work === "load" ? load : (revision) => save({ ...value, revision }));
