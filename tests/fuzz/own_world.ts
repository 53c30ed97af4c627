/**
 * A repository with a history of operations, an unfinished one among them, made by lattice itself on the simulated
 * disk: what damaged journals and markers are put into. Files of others stand around it.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { ErrorCode } from "../../src/platform/errors.ts";
import { documentOf } from "../e2e/binary.ts";
import { plantTree, type TreeSource } from "../simulation/dump.ts";
import { SimDisk } from "../simulation/sim_disk.ts";
import { SimSystem, textAt } from "../simulation/sim_system.ts";
import { baseRepository } from "./base_repository.ts";
import { DAMAGE, FOLDER, judge, type TrialOptions, type Verdict } from "./judge.ts";

/** Files that are nobody's business but their owner's. */
const OTHERS: TreeSource = {
  "/victim/file": "theirs",
  "/victim/deep/file": "theirs",
  [`${FOLDER}/work`]: "theirs",
  [`${FOLDER}/.git/hooks/other`]: "theirs",
  "/x": "theirs",
};

/** What lattice may change in a git directory; everything else on the disk belongs to others. */
const OURS = /^\/r\/\.git\/(?:refs|logs|objects|lattice)\/|^\/r\/\.git\/(?:packed-refs|HEAD|refs|logs|lattice)/;

/** A disk with operations on it, and what they are. */
export interface OwnWorld {
  readonly disk: SimDisk;
  /** What belongs to others, as it was. */
  readonly others: Readonly<Record<string, string>>;
  /** Ids, oldest first. */
  readonly ops: readonly string[];
  /** The journal of an operation. */
  journalOf(op: string): string;
}

/** Where the journal of an operation stands. */
export function journalAt(op: string): string {
  return `${FOLDER}/.git/lattice/ops/${op}.jsonl`;
}

/** Makes it: two documents set, one changed, a batch of refs, one undone. */
export async function ownWorld(): Promise<OwnWorld> {
  const { tree } = baseRepository(false);
  const disk = SimDisk.fromTree({ ...OTHERS, ...tree });
  const base = (textAt(disk, `${FOLDER}/.git/refs/heads/main`) ?? "").trim();
  const side = (textAt(disk, `${FOLDER}/.git/refs/heads/side`) ?? "").trim();
  const commands: [readonly string[], string][] = [
    [["meta", "set", "main"], documentOf("main", base)],
    [["meta", "set", "side"], documentOf("side", base)],
    [["meta", "set", "side"], documentOf("side", side)],
    [["apply"], `{"ref":"refs/heads/side","new":"${base}"}\n{"ref":"refs/heads/new","new":"${base}"}\n`],
    [["undo"], ""],
    [["meta", "delete", "main"], ""],
  ];
  let system = new SimSystem(disk, {
    workingDirectory: FOLDER,
    env: { HOME: "/home", GIT_COMMITTER_NAME: "C", GIT_COMMITTER_EMAIL: "c@example.com" },
  });
  for (const [args, stdin] of commands) {
    const { exit, stderr } = await judge(system, args, { stdin, changes: true });
    assert.equal(exit, 0, stderr);
    system = system.nextProcess();
  }
  const ops = (system.disk.list(`${FOLDER}/.git/lattice/ops`) ?? []).map(({ name }) => name.replace(".jsonl", ""))
    .sort();
  const settled = SimDisk.fromTree(treeOf(system.disk)); // without what was not flushed, which copies would carry on
  return { disk: settled, others: others(settled), ops, journalOf: (op) => textAt(system.disk, journalAt(op)) ?? "" };
}

/** Everything on a disk. */
function treeOf(disk: SimDisk, folder = ""): TreeSource {
  const tree: TreeSource = {};
  for (const { name, kind } of disk.list(folder === "" ? "/" : folder) ?? []) {
    const path = `${folder}/${name}`;
    if (kind === "directory") Object.assign(tree, { [path]: null }, treeOf(disk, path));
    else tree[path] = disk.readFile(path);
  }
  return tree;
}

/** What damaged state of our own may be refused with. */
export const OWN_CODES: readonly ErrorCode[] = [
  ...DAMAGE,
  "diverged",
  "op_in_progress",
  "cas_failed",
  "not_found",
  "usage",
];

/** Commands that read journals and the marker, and those that work by them. */
const READERS = [["op", "list"], ["op", "status"], ["doctor"], ["meta", "list"], ["log"]];
const WRITERS = [["recover"], ["undo"], ["continue"], ["abort"], ["op", "prune", "--keep", "0", "--older-than", "0"], [
  "meta",
  "delete",
  "side",
]];

/**
 * Runs every command that could be misled; whatever it comes to, the files of others stay as they are.
 *
 * @param ops Operations to be shown and undone.
 */
export async function tryOwnFiles(world: OwnWorld, files: TreeSource, ops: readonly string[]): Promise<void> {
  const shown = ops.flatMap((op) => [["op", "show", op], ["undo", op]]);
  for (const args of [...READERS, ...shown, ...WRITERS]) {
    const changes = !READERS.includes(args) && args[1] !== "show";
    await tryOne(world, files, args, { changes, codes: OWN_CODES });
  }
}

/** Judges one command line; the files of others stay as they are. */
export async function tryOne(
  world: OwnWorld,
  files: TreeSource,
  args: readonly string[],
  options: TrialOptions,
): Promise<Verdict> {
  const system = machine(world, files);
  const verdict = await judge(system, args, options);
  assert.deepEqual(others(system.disk), world.others, `lattice ${args.join(" ")}: ${verdict.stderr}`);
  return verdict;
}

function machine(world: OwnWorld, files: TreeSource): SimSystem {
  const tree = world.disk.copy();
  for (const path of Object.keys(files)) if (tree.lstat(path) !== null && files[path] !== null) tree.unlink(path);
  const disk = tree.forNextProcess();
  plantTree(disk.storage, files);
  return new SimSystem(disk, {
    workingDirectory: FOLDER,
    env: { HOME: "/home", GIT_COMMITTER_NAME: "C", GIT_COMMITTER_EMAIL: "c@example.com" },
  });
}

function others(disk: SimDisk): Record<string, string> {
  return Object.fromEntries(Object.entries(disk.dump()).filter(([path]) => !OURS.test(path)));
}
