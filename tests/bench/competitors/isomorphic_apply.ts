/**
 * Stores files as blobs and creates a ref to each, by isomorphic-git: what `lattice apply` is compared with.
 *
 *     isomorphic_apply.ts <file with paths> <file with refs>
 *
 * in the repository's folder; line by line. `writeRef` looks first whether the ref exists, which is the nearest to an
 * expectation that it has: it takes no lock that another process would see, and flushes nothing.
 *
 * @module
 */
import fs from "node:fs";
import process from "node:process";
import { writeBlob, writeRef } from "isomorphic-git";

/** So many documents are on their way at once; one after the other takes a third longer. */
const AT_ONCE = 8;

const dir = process.cwd();
const [paths, refs] = process.argv.slice(2).map((list) => fs.readFileSync(list, "utf8").trim().split("\n"));
let next = 0;

async function work(): Promise<void> {
  while (next < paths!.length) {
    const index = next++;
    const blob = await fs.promises.readFile(paths![index]!);
    const oid = await writeBlob({ fs, dir, blob });
    await writeRef({ fs, dir, ref: refs![index]!, value: oid });
  }
}

await Promise.all(Array.from({ length: AT_ONCE }, work));
