/** Pack indexes and multi-pack indexes with one field changed and the checksum made right again. */
import fc from "fast-check";
import { gitText } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { baseRepository, readTree } from "./base_repository.ts";
import { GitTwin } from "./beside_git.ts";
import { FOLDER, World } from "./judge.ts";
import { byteChange, changeBytes, changeField, fieldChange, resealed, tryInputs } from "./mutations.ts";

const base = baseRepository(true);
gitText(["commit", "-q", "--allow-empty", "-m", "four"], base.folder);
gitText(["repack", "-q"], base.folder);
gitText(["prune-packed"], base.folder);
gitText(["multi-pack-index", "write"], base.folder);
const tree = readTree(base.folder);
const world = new World(tree);
const twin = new GitTwin(base.folder);
const oids = gitText(["rev-list", "--all", "--objects", "--no-object-names"], base.folder).split("\n");
const packs = `${FOLDER}/.git/objects/pack/`;

async function tryFiles(files: Record<string, Uint8Array | string>, beside: boolean): Promise<void> {
  for (const args of [["cat-file", "--batch-all-objects", "--batch-check"], ["rev-parse", oids[0]!.slice(0, 7)]]) {
    await world.try(files, ["git", ...args]);
  }
  for (const oid of oids.slice(0, 3)) {
    const verdict = await world.try(files, ["git", "cat-file", "--batch"], { stdin: `${oid}\n` });
    if (beside) twin.compare(files, verdict, `${oid}\n`);
  }
  await world.try(files, ["doctor"]);
}

const change = fc.oneof(
  { weight: 3, arbitrary: fc.record({ field: fieldChange }) },
  fc.record({ bytes: byteChange }),
);

const CASES = [
  { what: "pack indexes", file: /\.idx$/, sameMin: 20 },
  { what: "multi-pack indexes", file: /multi-pack-index$/, sameMin: 20 },
];

for (const { what, file, sameMin } of CASES) {
  test(`${what} with a changed field and a right checksum give what git gives, or are refused`, async () => {
    const paths = Object.keys(tree).filter((path) => path.startsWith(packs) && file.test(path));
    let count = 0;
    await tryInputs(what, 50, fc.tuple(fc.constantFrom(...paths), change), async ([path, how]) => {
      const bytes = tree[path] as Uint8Array;
      const fields = bytes.length - bytes.length % 4;
      const changed = "field" in how ? changeField(bytes, 0, fields - 20, how.field) : changeBytes(bytes, how.bytes);
      // Without the multi-pack index the changed one is asked; git asks the former first.
      const files: Record<string, Uint8Array | string> = { [path]: resealed(changed) };
      if (file.test(".idx")) files[`${packs}multi-pack-index`] = "";
      await tryFiles(files, count++ % 2 === 0);
    });
    twin.report(what, sameMin);
  });
}
