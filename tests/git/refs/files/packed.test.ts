/** Searching, iterating and refusing `packed-refs` files. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { SHA1 } from "../../../../src/git/object_format.ts";
import { openPackedRefs, WARM_AFTER } from "../../../../src/git/refs/files/packed.ts";
import { openRefStore } from "../../../../src/git/refs/open.ts";
import type { Disk, OpenFile } from "../../../../src/platform/disk.ts";
import { LatticeError } from "../../../../src/platform/errors.ts";
import { realDisk } from "../../../../src/platform/real_disk.ts";
import { fixtureFolder, fixtures, temporaryFolder } from "../../../fixtures.ts";
import { test } from "../../../harness.ts";

const HEADER = "# pack-refs with: peeled fully-peeled sorted \n";

/** The records of `sound`, from which each damaged file was made. */
const SOUND: Readonly<Record<string, string>> = {
  "refs/heads/a": "37b0a444265af02540350957d9648c4f2b27e13b",
  "refs/heads/b": "e4f56aadd0f2b964500cbf7e3924a4fe9b28a9fa",
  "refs/heads/c": "5256745dd1019fe19cd8988d44f26e5234bbdd2d",
  "refs/heads/main": "62593338237d9bb66d649feacb72a5311ffaa8d8",
  "refs/heads/x": "957c4a157513a8578b29b08c49fe1ca44563c70a",
  "refs/heads/z": "8e740e3414b5b88d7e4960353fdf9bcfd9ca177f",
  "refs/tags/v1": "79d09fa0cdfe9f791b78f48a8e559b0049bd947e",
};

/** Damage that lies beyond the file itself, or that git reads to the same effect: listed without complaint. */
const LISTED = ["sound", "tab", "peel-wrong", "peel-absent", "absent-object", "upper-hex", "df-conflict"];

/** Damage of one ref, which the others do not share. */
const ONE_BROKEN = ["invalid-name", "name-lock", "name-nul", "zero-oid"];

function damagedStore(name: string) {
  const gitDir = join(fixtureFolder("corrupt/packed-refs"), name, ".git");
  return openRefStore({ system: { disk: realDisk }, gitDir, commonDir: gitDir, format: SHA1, refStorage: "files" });
}

function isInvalidData(error: unknown): boolean {
  return error instanceof LatticeError && error.code === "invalid_data" && typeof error.details["path"] === "string";
}

test("RefStore.list() refuses every damaged packed-refs file, or names the ref that is damaged", () => {
  for (const { path } of fixtures["corrupt/packed-refs"]!.repositories) {
    const broken: string[] = [];
    let failure: unknown = null;
    const listed: Record<string, string> = {};
    try {
      for (const ref of damagedStore(path).list("refs/", (name) => broken.push(name))) {
        if (ref.value.kind === "direct") listed[ref.name] = ref.value.oid;
      }
    } catch (error) {
      failure = error;
    }
    if (LISTED.includes(path)) {
      assert.equal(failure, null, path);
      assert.deepEqual(broken, [], path);
      if (path !== "df-conflict" && path !== "absent-object") assert.deepEqual(listed, SOUND, path);
    } else if (ONE_BROKEN.includes(path)) {
      assert.equal(failure, null, path);
      assert.equal(broken.length, 1, path);
    } else if (path === "name-outside-refs") { // what is listed lies below refs/, and those two do not
      assert.deepEqual([failure, broken, listed], [null, [], SOUND], path);
    } else {
      assert.ok(isInvalidData(failure), `${path}: ${failure}`);
    }
  }
});

test("RefStore.read() gives the sound value, or an error, or what git gives, from every damaged packed-refs file", () => {
  let errors = 0;
  for (const { path } of fixtures["corrupt/packed-refs"]!.repositories) {
    for (const name of [...Object.keys(SOUND), "refs/heads/m"]) {
      let value: string | null;
      try {
        const entry = damagedStore(path).read(name);
        value = entry?.value.kind === "direct" ? entry.value.oid : null;
      } catch (error) {
        assert.ok(isInvalidData(error), `${path}: ${name}: ${error}`);
        errors++;
        continue;
      }
      const renamed = path === "name-nul" && name === "refs/heads/b"; // its record names another ref
      const otherObject = path === "absent-object" && name === "refs/heads/b";
      if (!renamed && !otherObject) assert.equal(value, SOUND[name] ?? null, `${path}: ${name}`);
    }
  }
  assert.ok(errors > 100, `only ${errors} look-ups were refused`);
});

test("PackedRefs.lookup() finds one of 100,000 refs by reading a few kilobytes", () => {
  const path = join(temporaryFolder(), "packed-refs");
  writeFileSync(path, HEADER + hundredThousand());
  const disk = countingDisk();
  const packed = openPackedRefs(disk, path, SHA1);
  for (const index of [0, 1, 49_999, 50_000, 77_777, 99_999]) {
    const before = { ...disk.count };
    assert.equal(packed.lookup(nameOf(index))?.oid, oidOf(index));
    assert.ok(disk.count.bytes - before.bytes <= 16 * 1024, `${disk.count.bytes - before.bytes} bytes were read`);
    assert.ok(disk.count.calls - before.calls <= 20, `${disk.count.calls - before.calls} reads`);
  }
  assert.equal(packed.lookup("refs/heads/0"), null);
  assert.equal(packed.lookup("refs/heads/branch-050000x"), null);
  assert.equal(packed.lookup("refs/zzz"), null);
  packed.close();
});

test("PackedRefs.lookup() reads the file whole only once it is asked often", () => {
  const path = join(temporaryFolder(), "packed-refs");
  const text = HEADER + hundredThousand();
  writeFileSync(path, text);
  const disk = countingDisk();
  const packed = openPackedRefs(disk, path, SHA1);
  for (let i = 0; i < WARM_AFTER; i++) assert.equal(packed.lookup(nameOf(i * 997))?.oid, oidOf(i * 997));
  assert.ok(disk.count.bytes < text.length / 4);
  for (let i = 0; i < 1000; i++) assert.equal(packed.lookup(nameOf(i * 97))?.oid, oidOf(i * 97));
  assert.ok(disk.count.bytes < text.length * 1.5, "it is read once");
  packed.close();
});

test("PackedRefs.iterate() starts at the first match and reads no further than the last", () => {
  const path = join(temporaryFolder(), "packed-refs");
  writeFileSync(path, HEADER + hundredThousand());
  const disk = countingDisk();
  const packed = openPackedRefs(disk, path, SHA1);
  const names = [...packed.iterate("refs/heads/branch-0500")].map((ref) => ref.name);
  assert.deepEqual(names, Array.from({ length: 100 }, (_, i) => nameOf(50_000 + i)));
  assert.ok(disk.count.bytes < 200 * 1024);
  assert.equal([...packed.iterate("")].length, 100_000);
  packed.close();
});

test("PackedRefs.lookup() finds every ref of files with long names and with ^ lines, sorted or not", () => {
  const folder = temporaryFolder();
  const names = Array.from(
    { length: 400 },
    (_, i) => `refs/heads/${"n".repeat(i * 7 % 900)}/${String(i).padStart(4, "0")}`,
  );
  const sorted = names.slice().sort();
  for (const [kind, order, header] of [["sorted", sorted, HEADER], ["unsorted", names, ""]] as const) {
    const path = join(folder, kind);
    const record = (name: string, i: number) => `${oidOf(i)} ${name}\n${i % 3 === 0 ? `^${oidOf(i + 7)}\n` : ""}`;
    writeFileSync(path, header + order.map(record).join(""));
    const packed = openPackedRefs(realDisk, path, SHA1);
    for (const repeated of [0, 1]) {
      order.forEach((name, i) => {
        const peeled = i % 3 === 0 ? { peeled: oidOf(i + 7) } : {};
        assert.deepEqual(packed.lookup(name), { name, oid: oidOf(i), ...peeled }, `${kind} ${repeated}`);
        assert.equal(packed.lookup(`${name}/x`), null);
      });
    }
    assert.deepEqual([...packed.iterate("")].map((ref) => ref.name), sorted);
    packed.close();
  }
});

test("PackedRefs refuses a line that does not end within bounds", () => {
  const path = join(temporaryFolder(), "packed-refs");
  for (const length of [66_000, 131_000, 131_025, 1_000_000]) {
    writeFileSync(path, `${HEADER}${oidOf(1)} refs/heads/${"x".repeat(length)}\n^${oidOf(2)}\n`);
    const packed = openPackedRefs(realDisk, path, SHA1);
    assert.throws(() => packed.lookup("refs/heads/a"), isInvalidData);
    assert.throws(() => [...packed.iterate("")], isInvalidData);
    packed.close();
  }
});

test("PackedRefs.isCurrent() sees that the file was replaced, appeared or went", () => {
  const path = join(temporaryFolder(), "packed-refs");
  const absent = openPackedRefs(realDisk, path, SHA1);
  assert.equal(absent.lookup("refs/heads/a"), null);
  assert.ok(absent.isCurrent());
  writeFileSync(path, `${HEADER}${oidOf(1)} refs/heads/a\n`);
  assert.ok(!absent.isCurrent());
  const first = openPackedRefs(realDisk, path, SHA1);
  assert.ok(first.isCurrent());
  writeFileSync(`${path}.new`, `${HEADER}${oidOf(2)} refs/heads/a\n`);
  realDisk.rename(`${path}.new`, path);
  assert.ok(!first.isCurrent());
  assert.equal(first.lookup("refs/heads/a")?.oid, oidOf(1), "a snapshot stays what it was");
  realDisk.unlink(path);
  assert.ok(!first.isCurrent());
  first.close();
});

test("PackedRefs.iterate() goes on after close() and lets go of the file at its end", () => {
  const path = join(temporaryFolder(), "packed-refs");
  writeFileSync(path, HEADER + hundredThousand());
  const packed = openPackedRefs(realDisk, path, SHA1);
  const iteration = packed.iterate("");
  assert.equal(iteration.next().value?.name, nameOf(0));
  packed.close();
  assert.equal([...iteration].length, 99_999);
});

function nameOf(index: number): string {
  return `refs/heads/branch-${String(index).padStart(6, "0")}`;
}

function oidOf(index: number): string {
  return (index + 1).toString(16).padStart(40, "0");
}

function hundredThousand(): string {
  let text = "";
  for (let i = 0; i < 100_000; i++) text += `${oidOf(i)} ${nameOf(i)}\n`;
  return text;
}

/** The real disk, counting what is read of open files. */
function countingDisk(): Disk & { count: { bytes: number; calls: number } } {
  const count = { bytes: 0, calls: 0 };
  const counted = (file: OpenFile): OpenFile =>
    new Proxy(file, {
      get(target, key) {
        if (key === "readAt") {
          return (buffer: Uint8Array, position: number) => {
            const bytes = target.readAt(buffer, position);
            count.bytes += bytes;
            count.calls++;
            return bytes;
          };
        }
        const value = Reflect.get(target, key, target) as unknown;
        return typeof value === "function" ? value.bind(target) as unknown : value;
      },
    });
  return {
    ...realDisk,
    count,
    openRead(path) {
      const file = realDisk.openRead(path);
      return file === null ? null : counted(file);
    },
    readFile(path) {
      throw new Error(`${path} is not to be read whole`);
    },
  };
}
