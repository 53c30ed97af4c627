/**
 * The simulated disk against the disk of this machine: the same calls give the same results, errors and files.
 *
 * @module
 */
import assert from "node:assert/strict";
import { mkdirSync, realpathSync, rmSync } from "node:fs";
import process from "node:process";
import fc from "fast-check";
import { type Disk, DiskError, type FileStat, type OpenFile } from "../../src/platform/disk.ts";
import { realDisk } from "../../src/platform/real_disk.ts";
import { compareNames, utf8 } from "../../src/platform/text.ts";
import { temporaryFolder } from "../fixtures.ts";
import { test } from "../harness.ts";
import { holds } from "../property.ts";
import { SimDisk } from "./sim_disk.ts";

const LONG_NAME = "n".repeat(256);
const PATHS = [
  "a",
  "b",
  "c",
  "a/b",
  "a/c",
  "b/a",
  "a/b/c",
  "b/a/c",
  "a/b/c/a",
  "a/../b",
  "./a",
  "c/..",
  `a/${LONG_NAME}`,
];

const path = fc.constantFrom(...PATHS);
/** `@` stands for the base folder. None leads above the base folder's own parents, whatever else is linked. */
const target = fc.constantFrom("a", "b", "../a", "a/b", "@/b", "@/a/b", "nowhere", "c", "", ".");
/** The runtimes resolve `..` by text before they follow links, so `realPath` is asked about plain paths only. */
const plainPath = fc.constantFrom(...PATHS.filter((one) => !one.includes(".")));
/** With two bad paths in one call the order of the checks decides, which no program depends on. */
const entryPath = fc.constantFrom(...PATHS.filter((one) => !one.endsWith("..") && !one.endsWith(LONG_NAME)));
/** The owner may do everything, so that the test needs no privilege. */
const mode = fc.constantFrom(0o755, 0o777, 0o700, 0o750);
const slot = fc.constantFrom(0, 1);
const text = fc.constantFrom("", "x", "some text", "0123456789");
const length = fc.integer({ min: 0, max: 20 });

const call = fc.oneof(
  { arbitrary: fc.record({ do: fc.constant("make" as const), path, mode }), weight: 4 },
  { arbitrary: fc.record({ do: fc.constant("put" as const), path, text, mode }), weight: 3 },
  { arbitrary: fc.record({ do: fc.constant("rename" as const), path: entryPath, to: entryPath }), weight: 4 },
  fc.record({ do: fc.constant("link" as const), path, to: path }),
  fc.record({ do: fc.constant("symlink" as const), path, target }),
  fc.record({ do: fc.constantFrom("unlink" as const, "removeDirectory" as const), path }),
  fc.record({ do: fc.constant("chmod" as const), path, mode }),
  fc.record({ do: fc.constant("setTimes" as const), path, quarters: fc.integer({ min: 0, max: 8_000_000_000 }) }),
  fc.record({ do: fc.constantFrom("syncFile" as const, "syncDirectory" as const), path }),
  fc.record({
    do: fc.constantFrom("readFile" as const, "stat" as const, "lstat" as const, "list" as const),
    path,
  }),
  fc.record({ do: fc.constant("readLink" as const), path }),
  fc.record({ do: fc.constant("realPath" as const), path: plainPath }),
  fc.record({
    do: fc.constantFrom("create" as const, "openRead" as const, "openAppend" as const, "openOrCreateAppend" as const),
    path,
    slot,
  }),
  fc.record({ do: fc.constant("write" as const), slot, text }),
  fc.record({ do: fc.constant("truncate" as const), slot, length }),
  fc.record({ do: fc.constant("readAt" as const), slot, length }),
  fc.record({ do: fc.constantFrom("sync" as const, "fstat" as const, "close" as const), slot }),
);

type Call = typeof call extends fc.Arbitrary<infer T> ? T : never;

/** A disk, the folder on it that stands for `/`, and two places for open files. */
interface Bench {
  disk: Disk;
  base: string;
  slots: (OpenFile | null)[];
}

function perform(bench: Bench, step: Call): unknown {
  const { disk, base, slots } = bench;
  const at = (relative: string): string => `${base}/${relative}`;
  switch (step.do) {
    case "make":
      return disk.makeDirectory(at(step.path), step.mode);
    case "put": {
      using file = disk.create(at(step.path), step.mode);
      return file.write(utf8(step.text));
    }
    case "rename":
      return disk.rename(at(step.path), at(step.to));
    case "link":
      return disk.link(at(step.path), at(step.to));
    case "symlink":
      return disk.symlink(step.target.replace("@", base), at(step.path));
    case "unlink":
      return disk.unlink(at(step.path));
    case "removeDirectory":
      return disk.removeDirectory(at(step.path));
    case "chmod":
      return disk.chmod(at(step.path), step.mode);
    case "setTimes":
      disk.setTimes(at(step.path), BigInt(step.quarters) * 250_000_000n);
      return disk.stat(at(step.path))?.mtimeNs;
    case "syncFile":
      return disk.syncFile(at(step.path));
    case "syncDirectory":
      return disk.syncDirectory(at(step.path));
    case "readFile":
      return shown(disk.readFile(at(step.path)));
    case "stat":
      return compared(disk.stat(at(step.path)));
    case "lstat":
      return compared(disk.lstat(at(step.path)));
    case "list":
      return disk.list(at(step.path))?.sort((a, b) => compareNames(a.name, b.name)) ?? null;
    case "readLink":
      return disk.readLink(at(step.path))?.replace(base, "@") ?? null;
    case "realPath":
      return disk.realPath(at(step.path))?.replace(base, "@") ?? null;
    case "create":
    case "openRead":
    case "openAppend":
    case "openOrCreateAppend": {
      slots[step.slot]?.close();
      slots[step.slot] = null;
      slots[step.slot] = disk[step.do](at(step.path));
      return slots[step.slot] !== null;
    }
    case "write":
      return slots[step.slot]?.write(utf8(step.text));
    case "truncate":
      return slots[step.slot]?.truncate(step.length);
    case "readAt": {
      const buffer = new Uint8Array(6);
      const count = slots[step.slot]?.readAt(buffer, step.length);
      return count === undefined ? undefined : shown(buffer.subarray(0, count));
    }
    case "sync":
      return slots[step.slot]?.sync();
    case "fstat":
      return compared(slots[step.slot]?.stat() ?? null);
    case "close":
      slots[step.slot]?.close();
      slots[step.slot] = null;
      return;
  }
}

function shown(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : new TextDecoder().decode(bytes);
}

/** What of a file's state must be the same; sizes and links of folders are the file system's own business. */
function compared(stat: FileStat | null): unknown {
  if (stat === null) return null;
  const { kind, size, mode, links } = stat;
  return kind === "directory" ? { kind, mode } : { kind, size, mode, links };
}

function outcome(bench: Bench, step: Call): unknown {
  try {
    return { value: perform(bench, step) };
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    return { errno: error.errno };
  }
}

/** The whole tree below the base folder, with which paths name one inode. */
function everything({ disk, base }: Bench): unknown[] {
  const found: unknown[] = [];
  const firstPath = new Map<bigint, string>();
  const visit = (folder: string): void => {
    for (const { name, kind } of disk.list(folder)!.sort((a, b) => compareNames(a.name, b.name))) {
      const path = `${folder}/${name}`;
      const stat = disk.lstat(path)!;
      const same = firstPath.get(stat.inode) ?? path.slice(base.length);
      firstPath.set(stat.inode, same);
      const content = kind === "file" ? shown(disk.readFile(path)) : disk.readLink(path)?.replace(base, "@");
      found.push([path.slice(base.length), same, compared(stat), content]);
      if (kind === "directory") visit(path);
    }
  };
  visit(base);
  return found;
}

test("SimDisk and realDisk give the same results, errors and files for the same calls", () => {
  const umaskBefore = process.umask(0o022);
  const folder = realpathSync(temporaryFolder());
  let count = 0;
  const seen = new Set<string>();
  try {
    holds(
      "calls of the disk, simulated and real",
      fc.property(fc.array(call, { minLength: 1, maxLength: 60, size: "max" }), (steps) => {
        const base = `${folder}/${count++}/1/2/3/base`;
        mkdirSync(base, { recursive: true });
        const real: Bench = { disk: realDisk, base, slots: [null, null] };
        const simulated: Bench = { disk: SimDisk.fromTree({ [base]: null }), base, slots: [null, null] };
        try {
          for (const [i, step] of steps.entries()) {
            const expected = outcome(real, step);
            assert.deepEqual(outcome(simulated, step), expected, `call ${i}: ${JSON.stringify(step)}`);
            const errno = (expected as { errno?: string }).errno;
            if (errno !== undefined) seen.add(`${step.do} ${errno}`);
          }
          assert.deepEqual(everything(simulated), everything(real));
        } finally {
          for (const file of real.slots) file?.close();
        }
      }),
      { seed: 20260101, numRuns: 1500, tortureRuns: 30_000 },
    );
  } finally {
    process.umask(umaskBefore);
    rmSync(folder, { recursive: true, force: true }); // thousands of folders: not left until the process ends
  }
  // The programs must have reached the interesting errors, or the test says nothing.
  for (
    const one of [
      "create EEXIST",
      "make ENOTDIR",
      "put ENOENT",
      "rename ENOTEMPTY",
      "rename EINVAL",
      "rename EISDIR",
      "rename ENOTDIR",
      "link EPERM",
      "unlink EISDIR",
      "removeDirectory ENOTEMPTY",
      "openAppend ELOOP",
      "stat ELOOP",
      "put ENAMETOOLONG",
      "truncate EINVAL",
      "write EBADF",
      "readFile EISDIR",
      "syncDirectory ENOTDIR",
    ]
  ) assert.ok(seen.has(one), `${one} was not reached; reached: ${[...seen].sort(compareNames).join(", ")}`);
});
