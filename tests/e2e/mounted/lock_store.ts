/**
 * The lease commands on a small tmpfs that is full, or has room for a few pages or files more, and on one that is mounted
 * read-only: what cannot be done is refused with 7, path and hint, and changes no record; with room again, it is done.
 *
 * @module
 */
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runs, tried } from "../../thoroughness.ts";
import { openSqlite } from "../../../src/platform/sqlite.ts";
import { type Ended, lattice } from "../binary.ts";
import { remounted, ROOM, SCARCE, tmpfs, unmounted } from "./mount.ts";

function lease(cwd: string, command: string, ...args: string[]): Ended {
  return lattice(["lease", command, "--store", `sqlite:${join(cwd, "leases.db")}`, ...args], { cwd });
}

function acquire(cwd: string, file: string): Ended {
  return lease(cwd, "acquire", "s", file, "--owner", "o", "--client", "c");
}

/** The files that are locked. */
function held(cwd: string): string[] {
  const { exit, stdout, stderr } = lease(cwd, "list", "--json");
  assert.equal(exit, 0, stderr);
  return (JSON.parse(stdout) as { file: string }[]).map(({ file }) => file);
}

for (const [what, options] of Object.entries(SCARCE)) {
  for (const before of [[], ["old"]]) {
    const step = what === "pages" ? runs(3, 1) : 1;
    let free = 0;
    let tries = 0;
    for (let isRefused = true; isRefused; free += step, tries++) {
      const cwd = tmpfs(ROOM);
      writeFileSync(join(cwd, "other"), "x"); // a size of nothing would mean no limit
      for (const file of before) assert.equal(acquire(cwd, file).exit, 0);
      remounted(cwd, options(cwd, free));
      const { exit, stdout, stderr } = acquire(cwd, "new");
      isRefused = exit !== 0;
      if (isRefused) {
        assert.deepEqual([exit, stdout], [7, ""], stderr);
        assert.match(stderr, new RegExp(`^error: .*"${cwd}/leases.db".*\nhint: .*(?:space|room).*\n$`));
      }
      remounted(cwd, ROOM);
      assert.deepEqual(held(cwd), isRefused ? before : [...before, "new"]);
      assert.equal(acquire(cwd, "newer").exit, 0);
      unmounted(cwd);
      assert.ok(free < 60, `it needs more than ${free} ${what}`);
    }
    assert.ok(tries > 2, `${free} ${what}`);
    tried(`lease acquire beside ${before.length} records, with room for 0 to ${free - step} ${what}`, {
      "failing calls": tries - 1,
    });
  }
}

const cwd = tmpfs(ROOM);
assert.equal(acquire(cwd, "f").exit, 0);
const open = openSqlite(join(cwd, "leases.db"));
open.exec("create table other (x)"); // which stays in the -wal file, as when its writer is killed
for (const [folder, suffixes] of Object.entries({ whole: ["", "-wal", "-shm"], unfinished: ["", "-wal"] })) {
  mkdirSync(join(cwd, folder));
  for (const suffix of suffixes) copyFileSync(join(cwd, `leases.db${suffix}`), join(cwd, folder, `leases.db${suffix}`));
}
open.close();
const files = readdirSync(cwd, { recursive: true });
remounted(cwd, "ro");
for (const folder of [cwd, join(cwd, "whole")]) {
  assert.deepEqual(held(folder), ["f"]);
  const store = ["--store", `sqlite:${folder}/leases.db`];
  assert.deepEqual(lattice(["state", "list", ...store], { cwd }), { exit: 0, stdout: "", stderr: "" });
}
assert.deepEqual(lattice(["lease", "list", "--store", "sqlite:none.db"], { cwd }), { exit: 0, stdout: "", stderr: "" });
const refused = [
  ...["acquire", "drop", "epoch"].map((command) => [cwd, command] as const),
  [join(cwd, "whole"), "acquire"],
  [join(cwd, "unfinished"), "list"],
] as const;
const options: Record<string, string[]> = {
  acquire: ["s", "g", "--owner", "o", "--client", "c"],
  drop: ["--client", "c"],
  epoch: ["--bump"],
};
for (const [folder, command] of refused) {
  const { exit, stderr } = lease(folder, command, ...options[command] ?? []);
  assert.equal(exit, 7, stderr);
  assert.match(
    stderr,
    /^error: .*leases\.db" lies on a read-only file system \(EROFS\): .*\nhint: remount it, or .*copy/,
  );
}
assert.deepEqual(readdirSync(cwd, { recursive: true }), files);
unmounted(cwd);
