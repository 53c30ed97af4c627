/**
 * The binary on a full disk, on a read-only one, on an overlay, and on a FUSE file system, each by a program in a mount
 * namespace of its own.
 */
import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { test } from "../harness.ts";
import { runProgram } from "../git_oracle.ts";
import { thoroughnessEnvironment } from "../thoroughness.ts";
import { binary, textOf } from "./binary.ts";

/** Runs a program of `mounted/`; what it prints is this test's. */
function run(name: string): void {
  const program = fileURLToPath(new URL(`mounted/${name}`, import.meta.url));
  const args = ["--mount", "--propagation", "private", "--", process.execPath, program];
  const env = { ...thoroughnessEnvironment, LATTICE_BINARY: binary, TMPDIR: tmpdir() };
  const ended = textOf(runProgram("unshare", args, "/", { env }));
  if (ended.stdout !== "") console.log(ended.stdout.trimEnd());
  assert.equal(ended.exit, 0, ended.stderr);
}

test("binary on a disk that is full, or has room for a little more, does all or nothing and says so", () => {
  run("full_disk.ts");
});

test("binary in a repository that is mounted read-only reads, refuses to write, and changes nothing", () => {
  run("read_only.ts");
});

test("binary on an overlay is killed, recovers and undoes as on any disk, and leaves the lower layer alone", () => {
  run("overlay.ts");
});

test("state commands on a full disk, or a read-only one, do all or nothing and say so", () => {
  run("state_store.ts");
});

test("secret commands on a full disk, or a read-only one, do all or nothing and say so", () => {
  run("secrets.ts");
});

test("cache commands on a full disk, or a read-only one, do all or nothing and say so, and clean makes room", () => {
  run("cache_store.ts");
});

test("lease commands on a full disk, or a read-only one, do all or nothing and say so", () => {
  run("lock_store.ts");
});

test("cache of the binary on a FUSE file system, by PID lock files, does all that it does on a local disk", () => {
  run("fuse_cache.ts");
});
