/**
 * The binary in a repository that is mounted read-only: what reads works, what writes is refused and changes nothing.
 *
 * @module
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { lattice } from "../binary.ts";
import { pushedRepository, run } from "../pushed_repository.ts";
import { copyOf } from "../subject.ts";
import { halfAppliedFive } from "../subjects.ts";
import { mounted, remounted, unmounted } from "./mount.ts";

const EXIT_IO = 7;

/** A repository, bound to another place, where nothing can be written. */
function readOnly(folder: string): string {
  const place = mounted("--bind", folder);
  remounted(place, "bind,ro");
  return place;
}

/** Every file with its content, times and permissions. */
function listing(folder: string): string {
  return execFileSync("sh", ["-c", `cd "$1" && find . -printf '%p %m %s %T@ %l\\n' | sort`, "sh", folder], {
    encoding: "utf8",
  });
}

const { folder } = pushedRepository();
run(folder, "freeze", "a");
const tip = run(folder, "git", "rev-parse", "b").trim();
const document = run(folder, "meta", "get", "a");
const place = readOnly(folder);
const before = listing(folder);

const push = (branch: string) => `refs/heads/${branch} ${tip} refs/heads/${branch} ${"0".repeat(40)}\n`;
const READING: [exit: number, args: string[], stdin?: string][] = [
  [0, ["meta", "get", "a"]],
  [0, ["meta", "list"]],
  [0, ["meta", "export"]],
  [0, ["log"]],
  [0, ["info", "b"]],
  [0, ["op", "status"]],
  [0, ["op", "list"]],
  [0, ["lock", "status"]],
  [0, ["doctor"]],
  [0, ["hook", "status"]],
  [0, ["git", "for-each-ref"]],
  [1, ["hook", "pre-push", "origin", "../hub.git"], push("b")],
  [0, ["hook", "pre-push", "origin", "../hub.git"], push("unknown")],
];
for (const [exit, args, stdin = ""] of READING) {
  const ended = lattice(args, { cwd: place, stdin });
  assert.equal(ended.exit, exit, `${args.join(" ")}: ${ended.stderr}`);
}

const WRITING: [args: string[], stdin?: string][] = [
  [["meta", "set", "a"], document.replace(/"updated_at":"[^"]*"/, `"updated_at":"2026-01-07T00:00:00Z"`)],
  [["meta", "delete", "a"]],
  [["apply"], JSON.stringify({ ref: "refs/heads/new", new: tip })],
  [["track", "main", "--parent", "a"]],
  [["unfreeze", "a"]],
  [["undo"]],
  [["op", "begin", "x"]],
  [["op", "run", "--", "true"]],
  [["hook", "uninstall"]],
  [["init", "--trunk", "a"]],
];
for (const [args, stdin = ""] of WRITING) {
  const ended = lattice(args, { cwd: place, stdin });
  assert.equal(ended.exit, EXIT_IO, `${args.join(" ")}: ${ended.stderr}`);
  assert.match(ended.stderr, /^error: .*(?:read-only|EROFS)/im, args.join(" "));
  assert.equal(ended.stdout, "");
}
const refused = lattice(["git", "update-ref", "refs/heads/new", tip], { cwd: place });
assert.equal(refused.exit, 128, refused.stderr);
assert.equal(listing(folder), before);
unmounted(place);

const half = halfAppliedFive();
const stuck = readOnly(copyOf(half.cwd));
assert.equal(lattice(["op", "status"], { cwd: stuck }).exit, 5);
const recover = lattice(["recover"], { cwd: stuck });
assert.equal(recover.exit, EXIT_IO, recover.stderr);
unmounted(stuck);
