/**
 * Objects that lattice writes are read by git, and what git makes of the repository is read by lattice again.
 *
 * @module
 */
import assert from "node:assert/strict";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { test } from "../harness.ts";
import { modernGit, runProgram } from "../git_oracle.ts";
import { holdsAsync } from "../property.ts";
import { type Ended, lattice } from "../cli/command_line.ts";
import { sample } from "../metadata/documents.ts";
import { leftOvers, makeTemplate, makeTwins, type Template } from "./twin_repositories.ts";

/** So many documents go into one pack. */
const DOCUMENTS = 200;

async function succeed(args: readonly string[], cwd: string, stdin: string | Uint8Array = ""): Promise<Ended> {
  const ended = await lattice(args, { cwd, stdin });
  assert.equal(ended.exit, 0, ended.stderr);
  return ended;
}

async function checkPackLife(template: Template): Promise<void> {
  const { ours } = makeTwins(template);
  const repo = join(ours, "repo");
  const run = (args: string[], stdin = ""): string => {
    const outcome = runProgram(template.git, args, repo, { stdin });
    assert.equal(outcome.exit, 0, `git ${args.join(" ")}: ${outcome.stderr}`);
    return new TextDecoder().decode(outcome.stdout);
  };
  const documents = new Map<string, string>();
  for (let i = 0; i < DOCUMENTS; i++) {
    const name = `topic/${String(i).padStart(3, "0")}`;
    documents.set(name, JSON.stringify(sample({ branch: { name }, base: { oid: template.oids["C1"]! } })));
  }
  const lines = [...documents].map(([branch, text]) =>
    `${JSON.stringify({ branch, expect: null, metadata: JSON.parse(text) })}\n`
  );
  const op = (await succeed(["apply"], repo, lines.join(""))).stdout.trim();

  const packs = () => readdirSync(join(repo, ".git/objects/pack")).filter((name) => name.endsWith(".pack"));
  assert.equal(packs().length, 1, "the documents came in one pack");
  const pack = join(repo, ".git/objects/pack", packs()[0]!);
  const format = `--object-format=${template.oids["ZERO"]!.length === 40 ? "sha1" : "sha256"}`;
  run(["index-pack", format, "-o", join(ours, "again.idx"), pack]);
  run(["verify-pack", pack]);
  assert.equal(run(["fsck", "--strict", "--no-dangling"]), "");

  const exported = [...documents].sort(([a], [b]) => a < b ? -1 : 1).map(([, text]) => text);
  const compare = async () => {
    const seen = run(["for-each-ref", "--format=%(raw)", "refs/branch-metadata"]);
    assert.deepEqual(seen.trimEnd().split("\n"), exported);
    const ours = (await succeed(["meta", "export"], repo)).stdout.trimEnd().split("\n");
    assert.deepEqual(
      ours.map((line) => JSON.stringify((JSON.parse(line) as { metadata: unknown }).metadata)),
      exported,
    );
  };
  await compare();
  for (
    const args of [
      ["gc", "-q", "--prune=now"],
      ["repack", "-q", "-a", "-d", "-f", "--depth=50", "--window=20"],
      ["multi-pack-index", "write"],
      ["repack", "-q", "-a", "-d", "--write-bitmap-index"],
    ]
  ) {
    run(args);
    await compare();
  }
  assert.deepEqual(leftOvers(ours), []);

  await succeed(["undo"], repo);
  assert.equal(run(["for-each-ref", "refs/branch-metadata"]), "");
  run(["reflog", "expire", "--expire=now", "--all"]);
  run(["gc", "-q", "--prune=now"]);
  const undo = JSON.parse((await succeed(["op", "list", "--json", "--limit=1"], repo)).stdout) as { op_id: string }[];
  assert.notEqual(undo[0]!.op_id, op);
  await succeed(["undo", undo[0]!.op_id], repo);
  await compare();
  assert.equal(run(["fsck", "--strict", "--no-dangling"]), "");
}

test("two hundred documents live through gc, repack, undo and redo, and git reads them all the way", async () => {
  await checkPackLife(makeTemplate("git", "sha1"));
});

test("two hundred documents live through gc, repack, undo and redo in a SHA-256 repository of a current git", async () => {
  await checkPackLife(makeTemplate(modernGit(), "sha256"));
});

test("hash-object -w writes what git reads, byte for byte", async () => {
  for (const template of [makeTemplate("git", "sha1"), makeTemplate(modernGit(), "sha256")]) {
    const { ours } = makeTwins(template);
    const repo = join(ours, "repo");
    const git = (args: string[], stdin: string | Uint8Array = "") => runProgram(template.git, args, repo, { stdin });
    const written = new Map<string, Uint8Array>();
    const content = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 5000 })).map((
        [piece, times],
      ) => new Uint8Array(piece.length * times).map((_, at) => piece[at % piece.length]!)),
    );
    const property = fc.asyncProperty(content, async (bytes) => {
      const ended = await succeed(["git", "hash-object", "-w", "--stdin"], repo, bytes);
      written.set(ended.stdout.trim(), bytes);
    });
    await holdsAsync("objects written for git", property, { seed: 20261124, numRuns: 60, tortureRuns: 2000 });
    for (const [oid, bytes] of written) {
      const { exit, stdout } = git(["cat-file", "blob", oid]);
      assert.equal(exit, 0, oid);
      assert.deepEqual(new Uint8Array(stdout), bytes, oid);
    }
    assert.deepEqual(git(["fsck", "--strict", "--no-dangling"]).stdout.length, 0);

    const packed = git(["pack-objects", "-q", join(repo, ".git/objects/pack/pack")], [...written.keys()].join("\n"));
    assert.equal(packed.exit, 0, packed.stderr);
    assert.equal(git(["prune-packed", "-q"]).exit, 0);
    for (const [oid, bytes] of written) {
      assert.deepEqual((await succeed(["git", "cat-file", "blob", oid], repo)).stdoutBytes, bytes, oid);
    }
    rmSync(ours, { recursive: true });
  }
});
