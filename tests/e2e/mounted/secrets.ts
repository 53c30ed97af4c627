/**
 * The secret commands on a small tmpfs that is full, or has room for a few pages or files more, and on one that is
 * mounted read-only: what cannot be done is refused with 7, path and hint, and changes nothing.
 *
 * @module
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { tried } from "../../thoroughness.ts";
import { must, NEW, OLD, run } from "../secret_subjects.ts";
import { remounted, ROOM, SCARCE, tmpfs, unmounted } from "./mount.ts";

/** Every name but the lock's, which stays, and what the files hold. */
function contents(place: string): Record<string, string> {
  const entries = readdirSync(place, { recursive: true, withFileTypes: true });
  return Object.fromEntries(
    entries.filter(({ name }) => !name.endsWith(".flock")).map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(place.length), entry.isFile() ? readFileSync(path, "utf8") : "(folder)"];
    }),
  );
}

/** A command that is refused says why, and where, and changes nothing. */
function refused(cwd: string, args: readonly string[], errno: string): boolean {
  const before = contents(cwd);
  const { exit, stdout, stderr } = run(cwd, args, NEW);
  if (exit === 0) return false;
  assert.deepEqual([exit, stdout], [7, ""], stderr);
  assert.match(stderr, new RegExp(`^error: cannot .*"${cwd}/home.*\\(${errno}\\)\nhint: .+\n$`), args.join(" "));
  assert.ok(!stderr.includes("hunter"));
  assert.deepEqual(contents(cwd), before, stderr);
  return true;
}

for (const [what, options] of Object.entries(SCARCE)) {
  for (const args of [["secret", "set", "key"], ["secret", "set", "first"]]) {
    let free = 0;
    for (let isRefused = true; isRefused; free++) {
      const cwd = tmpfs(ROOM);
      must(cwd, ["secret", "set", "key"], OLD);
      remounted(cwd, options(cwd, free));
      isRefused = refused(cwd, args, "ENOSPC");
      if (isRefused) assert.equal(must(cwd, ["secret", "get", "--raw", "key"]), OLD);
      else assert.equal(must(cwd, ["secret", "get", "--raw", args[2]!]), NEW);
      remounted(cwd, ROOM);
      must(cwd, ["--lock-timeout", "0", ...args], NEW);
      unmounted(cwd);
      assert.ok(free < 30, `${args.join(" ")} needs more than ${free} ${what}`);
    }
    assert.ok(free > 1, `${args.join(" ")}: ${free} ${what}`);
    tried(`${args.join(" ")}, with room for 0 to ${free - 1} ${what}`, { "failing calls": free - 1 });
  }
}

const cwd = tmpfs(ROOM);
must(cwd, ["secret", "set", "key"], OLD);
remounted(cwd, "ro");
for (const args of [["secret", "set", "key"], ["secret", "set", "first"], ["secret", "delete", "key"]]) {
  assert.ok(refused(cwd, args, "EROFS"), args.join(" "));
}
assert.equal(must(cwd, ["secret", "get", "--raw", "key"]), OLD);
assert.equal(must(cwd, ["secret", "list"]), "key\n");
must(cwd, ["secret", "delete", "not-there"]);
unmounted(cwd);
