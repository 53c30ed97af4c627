/**
 * `lattice git hash-object` of one large file.
 *
 * @module
 */
import assert from "node:assert/strict";
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { blobNames } from "./runner/repository.ts";
import type { Workload } from "./runner/workload.ts";

const MEGABYTES = 256;

/** The workload. */
export const hashLarge: Workload = {
  name: "hash-large",
  work: `git hash-object of ${MEGABYTES} MB`,
  rounds: 3,
  prepare({ lattice, folder }) {
    const place = folder();
    const path = join(place, "large");
    writeLargeFile(path);
    const [oid] = blobNames([path]);
    const verify = (stdout: string) => assert.equal(stdout, `${oid}\n`);
    return [
      {
        name: "lattice",
        turn: () => ({ command: { program: lattice, args: ["git", "hash-object", path], cwd: place }, verify }),
      },
      {
        name: "git",
        ratioMax: 2.2,
        turn: () => ({ command: { program: "git", args: ["hash-object", path], cwd: place }, verify }),
      },
    ];
  },
};

/** Written to the disk before anything is timed, so that its writing does not disturb. */
function writeLargeFile(path: string): void {
  const part = new Uint8Array(1 << 20);
  const descriptor = openSync(path, "w");
  for (let megabyte = 0; megabyte < MEGABYTES; megabyte++) {
    for (let index = 0; index < part.length; index++) part[index] = (index * 31 + (index >> 8) + megabyte) & 0xff;
    writeSync(descriptor, part);
  }
  fsyncSync(descriptor);
  closeSync(descriptor);
}
