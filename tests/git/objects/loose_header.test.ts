/** What stands before the content of a loose object: a type, a blank, the size in decimal digits, a zero byte. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { looseInfo, readLoose } from "../../../src/git/objects/loose.ts";
import { LatticeError } from "../../../src/platform/errors.ts";
import { realDisk } from "../../../src/platform/real_disk.ts";
import { seededRandom } from "../../simulation/random.ts";
import { test } from "../../harness.ts";
import { temporaryFolder } from "../../temporary_folder.ts";

/** Too many for the way that small files take, and not to be compressed. */
const LARGE = 60_000;

test("looseInfo() and readLoose() refuse a size that is no plain whole number, as git does", () => {
  const folder = temporaryFolder();
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "object");
  const content = seededRandom(7).bytes(LARGE);
  const sizes = ["60000.5", "6e4", "1e-7", "0.5", "-1", "-0", "+5", "05", " 5", "5 ", "0x5", "", "NaN", "Infinity"];
  for (const size of [...sizes, "9007199254740992", "99999999999999999999"]) {
    for (const bytes of [content, new Uint8Array(5)]) {
      writeFileSync(path, deflateSync(Uint8Array.from([...new TextEncoder().encode(`blob ${size}\0`), ...bytes])));
      for (const read of [() => looseInfo(realDisk, path), () => readLoose(realDisk, path, 100)]) {
        assert.throws(read, (error) => error instanceof LatticeError && error.code === "invalid_data", `size ${size}`);
      }
    }
  }
  for (const type of ["blobs", "blo", "Blob", ""]) {
    writeFileSync(path, deflateSync(new TextEncoder().encode(`${type} 0\0`)));
    assert.throws(() => looseInfo(realDisk, path), LatticeError, type);
  }
  writeFileSync(path, deflateSync(Uint8Array.from([...new TextEncoder().encode(`blob ${LARGE}\0`), ...content])));
  assert.deepEqual(looseInfo(realDisk, path), { type: "blob", size: LARGE });
});
