/**
 * The cache commands on a small tmpfs that is full, or has room for a few pages or files more, and on one that is mounted
 * read-only: what cannot be done is refused with 7, path and hint, and changes nothing; what is to make room works.
 *
 * @module
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { tried } from "../../thoroughness.ts";
import { lattice } from "../binary.ts";
import { remounted, ROOM, SCARCE, tmpfs, unmounted } from "./mount.ts";

const OLD = "old\n";
const NEW = "n".repeat(9000);
const IN = ["--dir", "data"];

const put = (name: string) => ["cache", "put", name, ...IN, "--file", "-"];
const refresh = (name: string) => ["cache", "refresh", name, ...IN, "--", "cat"];
const clean = ["cache", "clean", ...IN];

function must(cwd: string, args: readonly string[], stdin = ""): string {
  const { exit, stdout, stderr } = lattice(args, { cwd, stdin });
  assert.equal(exit, 0, `${args.join(" ")}: ${stderr}`);
  return stdout;
}

const get = (cwd: string, name: string) => must(cwd, ["cache", "get", name, ...IN]);

/** What the files hold; not the text of a lock, which is for messages alone, nor folders without anything else. */
function contents(place: string): Record<string, string> {
  const entries = readdirSync(place, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name !== "refresh.flock");
  return Object.fromEntries(files.map((entry) => {
    const path = join(entry.parentPath, entry.name);
    return [path.slice(place.length), readFileSync(path, "utf8")];
  }));
}

/** A command that is refused says why, and where, and changes nothing. */
function refused(cwd: string, args: readonly string[], errno: string): boolean {
  const before = contents(cwd);
  const { exit, stdout, stderr } = lattice(args, { cwd, stdin: NEW });
  if (exit === 0) return false;
  assert.deepEqual([exit, stdout], [7, ""], stderr);
  assert.match(stderr, new RegExp(`^error: cannot .*"${cwd}/data.*\\(${errno}\\)\nhint: .+\n$`), args.join(" "));
  assert.deepEqual(contents(cwd), before, stderr);
  return true;
}

for (const [what, options] of Object.entries(SCARCE)) {
  for (const args of [put("a"), refresh("a"), refresh("first")]) {
    let free = 0;
    for (let isRefused = true; isRefused; free++) {
      const cwd = tmpfs(ROOM);
      must(cwd, put("a"), OLD);
      remounted(cwd, options(cwd, free));
      isRefused = refused(cwd, args, "ENOSPC");
      if (!isRefused) assert.equal(get(cwd, args[2]!), NEW);
      must(cwd, clean); // makes room, however full it is
      assert.deepEqual(readdirSync(join(cwd, "data")), []);
      must(cwd, ["--lock-timeout", "0", ...put("a")], OLD);
      unmounted(cwd);
      assert.ok(free < 30, `${args.join(" ")} needs more than ${free} ${what}`);
    }
    assert.ok(free > 2, `${args.join(" ")}: ${free} ${what}`);
    tried(`${args.join(" ")}, with room for 0 to ${free - 1} ${what}`, { "failing calls": free - 1 });
  }
}

const cwd = tmpfs(ROOM);
must(cwd, put("a"), OLD);
remounted(cwd, "ro");
for (const args of [put("a"), refresh("a"), put("first"), refresh("first"), clean]) {
  assert.ok(refused(cwd, args, "EROFS"), args.join(" "));
}
assert.equal(get(cwd, "a"), OLD);
assert.match(must(cwd, ["cache", "path", "a", ...IN]), /\/data\/a\/[0-9a-f]{64}\n$/);
assert.match(must(cwd, ["cache", "status", ...IN]), /^a {2}fresh /);
must(cwd, ["cache", "refresh", "a", "--ttl", "1h", ...IN, "--", "false"]); // it is young enough: nothing is written
unmounted(cwd);
