import assert from "node:assert/strict";
import {
  decodeSnapshot,
  describeUnfinished,
  differences,
  digestOf,
  encodeSnapshot,
  type Snapshot,
  takeSnapshot,
} from "../../src/engine/snapshot.ts";
import { bytesToName, nameToBytes, utf8 } from "../../src/platform/text.ts";
import { test } from "../harness.ts";
import { SimDisk } from "../simulation/sim_disk.ts";
import { SimSystem } from "../simulation/sim_system.ts";
import { EMPTY_REPOSITORY, openTestRepository } from "./engine_repository.ts";

const A = "a".repeat(40);
const B = "b".repeat(40);

function snapshotOf(refs: Record<string, string>, unfinished: string[] = [], damaged: string[] = []): Snapshot {
  return { refs: new Map(Object.entries(refs)), unfinished, damaged };
}

test("encodeSnapshot() and decodeSnapshot() are a round trip, for odd names and symbolic values too", () => {
  const odd = bytesToName(Uint8Array.of(...utf8("refs/heads/"), 0xc3, 0xa9, 0xff));
  const snapshot = snapshotOf(
    { [odd]: A, "refs/heads/!": B, HEAD: "ref: refs/heads/main", "worktrees/w/HEAD": A, 'refs/heads/"$x': B },
    ["rebase-merge", "worktrees/a b/MERGE_HEAD"],
  );
  const bytes = encodeSnapshot(snapshot);
  const read = decodeSnapshot(bytes, digestOf(bytes), "snapshot");
  assert.deepEqual([...read.refs].sort(), [...snapshot.refs].sort());
  assert.deepEqual(read.unfinished, snapshot.unfinished);
  assert.deepEqual(encodeSnapshot(read), bytes);
  const empty = encodeSnapshot(snapshotOf({}));
  assert.deepEqual(decodeSnapshot(empty, digestOf(empty), "snapshot"), snapshotOf({}));
});

test("encodeSnapshot() keeps the format byte for byte", () => {
  const bytes = encodeSnapshot(snapshotOf({ "refs/tags/v": B, HEAD: "ref: refs/heads/main" }, ["MERGE_HEAD"]));
  assert.equal(bytesToName(bytes), `HEAD ref: refs/heads/main\nrefs/tags/v ${B}\n! MERGE_HEAD\n`);
  assert.equal(digestOf(nameToBytes("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
});

test("decodeSnapshot() refuses any change of any byte, a cut and an absence, and names the file", () => {
  const bytes = encodeSnapshot(snapshotOf({ "refs/heads/x": A }));
  const digest = digestOf(bytes);
  const damaged = [bytes.subarray(0, bytes.length - 1), new Uint8Array()];
  for (let at = 0; at < bytes.length; at++) {
    damaged.push(bytes.map((byte, index) => index === at ? byte ^ 1 : byte));
  }
  for (const bad of damaged) {
    assert.throws(() => decodeSnapshot(bad, digest, "/the/file"), { code: "invalid_data", message: /\/the\/file/ });
  }
});

test("differences() lists what came, went, moved and broke, by name", () => {
  const before = snapshotOf({ same: A, moved: A, gone: A, broken: A });
  const after = snapshotOf({ same: A, moved: B, come: B }, [], ["broken", "broken-new"]);
  assert.deepEqual(differences(before, after), [
    { ref: "broken", old: A, new: null, damaged: true },
    { ref: "broken-new", old: null, new: null, damaged: true },
    { ref: "come", old: null, new: B },
    { ref: "gone", old: A, new: null },
    { ref: "moved", old: A, new: B },
  ]);
  assert.deepEqual(differences(before, before), []);
});

test("differences() leaves out what belongs to worktrees that were added or removed, not what moved in one", () => {
  const before = snapshotOf({
    HEAD: A,
    "worktrees/gone/HEAD": A,
    "worktrees/gone/refs/bisect/bad": A,
    "worktrees/moved/HEAD": A,
    "worktrees/moved/refs/bisect/bad": A,
  });
  const after = snapshotOf({
    HEAD: A,
    "worktrees/new/HEAD": A,
    "worktrees/new/refs/worktree/own": A,
    "worktrees/moved/HEAD": B,
    "worktrees/moved/refs/worktree/own": B,
    "refs/remotes/origin/HEAD": "ref: refs/remotes/origin/main",
  });
  const refs = differences(before, after).map(({ ref }) => ref);
  assert.deepEqual(refs, [
    "refs/remotes/origin/HEAD",
    "worktrees/moved/HEAD",
    "worktrees/moved/refs/bisect/bad",
    "worktrees/moved/refs/worktree/own",
  ]);
});

test("takeSnapshot() sees all refs but lattice's own, every worktree's HEAD and own refs, and what git is in the middle of", () => {
  const system = new SimSystem(SimDisk.fromTree({
    ...EMPTY_REPOSITORY,
    "/r/.git/packed-refs": `# pack-refs with: peeled fully-peeled sorted \n${A} refs/heads/packed\n`,
    "/r/.git/refs/heads/loose": `${B}\n`,
    "/r/.git/refs/lattice/keep/x/0": `${B}\n`,
    "/r/.git/refs/branch-metadata/loose": `${A}\n`,
    "/r/.git/refs/heads/empty": "",
    "/r/.git/refs/bisect/bad": `${A}\n`,
    "/r/.git/worktrees/w/HEAD": `${A}\n`,
    "/r/.git/worktrees/w/commondir": "../..\n",
    "/r/.git/worktrees/w/rebase-merge": null,
    "/r/.git/worktrees/w/refs/worktree/own": `${B}\n`,
    "/r/.git/worktrees/w/refs/worktree/torn": "",
    "/r/.git/worktrees/broken/HEAD": "nonsense\n",
    "/r/.git/MERGE_HEAD": `${A}\n`,
  }));
  const shared = { "refs/branch-metadata/loose": A, "refs/heads/loose": B, "refs/heads/packed": A };
  const found = takeSnapshot(openTestRepository(system));
  assert.deepEqual(Object.fromEntries(found.refs), {
    ...shared,
    HEAD: "ref: refs/heads/main",
    "refs/bisect/bad": A,
    "worktrees/w/HEAD": A,
    "worktrees/w/refs/worktree/own": B,
  });
  assert.deepEqual(found.damaged, ["refs/heads/empty", "worktrees/w/refs/worktree/torn"]);
  assert.deepEqual(found.unfinished, ["MERGE_HEAD", "worktrees/w/rebase-merge"]);
  assert.deepEqual(found.unfinished.map(describeUnfinished), ["a merge", "a rebase"]);
  const linked = takeSnapshot(openTestRepository(system, {}, "w"));
  assert.deepEqual(Object.fromEntries(linked.refs), {
    ...shared,
    HEAD: A,
    "refs/worktree/own": B,
    "main-worktree/HEAD": "ref: refs/heads/main",
    "main-worktree/refs/bisect/bad": A,
  });
});
