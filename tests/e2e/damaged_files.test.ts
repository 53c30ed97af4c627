/** The binary among damaged files of every format, and given damaged input: exit code, words, time, memory, nothing changed. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { cpSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { deflateSync } from "node:zlib";
import { crc32 } from "../../src/platform/crc32.ts";
import { concatBytes, toHex, utf8 } from "../../src/platform/text.ts";
import { anyApplyLines, anyDocument, anyUpdateCommands } from "../fuzz/inputs.ts";
import { byteChange, changeBytes, resealed, SEED } from "../fuzz/mutations.ts";
import { sha1 } from "../fuzz/pack_builder.ts";
import { gitText } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { runs, tried } from "../thoroughness.ts";
import { documentOf, type Ended, lattice } from "./binary.ts";
import { bounded } from "./bounded.ts";

/** How many inputs of each format `npm test` tries; `npm run torture` two hundred times as many. */
const COUNT = 3;

/** Exit codes of lattice's own commands that damage may lead to, and of `lattice git`. */
const OWN_EXITS = [0, 1, 2, 3, 5, 6, 8, 10];
const GIT_EXITS = [0, 1, 128, 129];

/** A repository with something of every format: packed and loose, two documents, two operations. */
const sound = (() => {
  const folder = join(temporaryFolder(), "repository");
  const must = (args: string[], stdin?: string): Ended => {
    const ended = lattice(args, { cwd: folder, ...(stdin === undefined ? {} : { stdin }) });
    assert.equal(ended.exit, 0, ended.stderr);
    return ended;
  };
  gitText(["init", "-q", "--template=", "-b", "main", folder], "/");
  for (const message of ["one", "two"]) gitText(["commit", "-q", "--allow-empty", "-m", message], folder);
  gitText(["branch", "side"], folder);
  gitText(["gc", "-q"], folder);
  gitText(["multi-pack-index", "write"], folder);
  gitText(["commit", "-q", "--allow-empty", "-m", "three"], folder);
  const tip = gitText(["rev-parse", "HEAD"], folder);
  must(["meta", "set", "main"], documentOf("main", tip));
  must(["meta", "set", "side"], documentOf("side", tip));
  const [journal = ""] = readdirSync(join(folder, ".git/lattice/ops"));
  const [index = ""] = readdirSync(join(folder, ".git/objects/pack")).filter((name) => name.endsWith(".idx"));
  const marker = {
    op_id: journal.replace(".jsonl", ""),
    command: "c",
    phase: "in_progress",
    updated_at: "2026-01-01T00:00:00.000Z",
    origin_git_dir: join(folder, ".git"),
    origin_work_dir: folder,
    plan_digest: null,
    touched_refs: [{ ref: "refs/heads/main", old: null }],
    awaiting_reason: null,
  };
  return { folder, tip, op: marker.op_id, pack: `objects/pack/${index.replace(".idx", "")}`, marker };
})();

const tipFile = `objects/${sound.tip.slice(0, 2)}/${sound.tip.slice(2)}`;

/** Each line of a journal with the sum that its bytes have. */
function resummed(bytes: Uint8Array): Uint8Array {
  const lines = new TextDecoder("latin1").decode(bytes).split("\n").map((line) => {
    const rest = /^\{"sum":"[^"]*",(.*)$/s.exec(line)?.[1];
    if (rest === undefined) return line;
    const sum = crc32(Uint8Array.from(rest, (character) => character.charCodeAt(0))) >>> 0;
    return `{"sum":"${sum.toString(16).padStart(8, "0")}",${rest}`;
  });
  return Uint8Array.from(lines.join("\n"), (character) => character.charCodeAt(0));
}

/** A kind of file. */
interface Format {
  readonly what: string;
  /** In the git directory. */
  readonly path: string;
  /** Its content where the sound repository has no such file. */
  readonly content?: string;
  /** Makes a checksum right again. */
  readonly seal?: (bytes: Uint8Array) => Uint8Array;
  readonly asked: readonly (readonly string[])[];
}

const OBJECTS = [["git", "cat-file", "--batch-all-objects", "--batch-check"], ["git", "cat-file", "-p", "side"], [
  "log",
]];
const REFS = [["git", "for-each-ref"], ["git", "rev-parse", "side", "main"], ["doctor"]];
const OWN = [["op", "list"], ["op", "status"], ["op", "show", sound.op], ["undo", sound.op], ["recover"]];

const FORMATS: readonly Format[] = [
  { what: "pack", path: `${sound.pack}.pack`, seal: resealed, asked: OBJECTS },
  { what: "pack index", path: `${sound.pack}.idx`, seal: resealed, asked: OBJECTS },
  { what: "multi-pack index", path: "objects/pack/multi-pack-index", seal: resealed, asked: OBJECTS },
  { what: "loose object", path: tipFile, asked: [["git", "cat-file", "-p", sound.tip], ["log"], ["doctor"]] },
  { what: "packed refs", path: "packed-refs", asked: REFS },
  { what: "ref", path: "refs/heads/main", asked: REFS },
  { what: "HEAD", path: "HEAD", asked: REFS },
  {
    what: "reflog",
    path: "logs/refs/heads/main",
    asked: [["git", "reflog", "show", "main"], ["git", "rev-parse", "main@{1}"], ["doctor"]],
  },
  { what: "configuration", path: "config", asked: [["git", "rev-parse", "HEAD"], ["meta", "list"], ["doctor"]] },
  {
    what: "lattice's configuration",
    path: "lattice/config.toml",
    content: '[lock]\ntimeout = "5s"\n[ops]\nkeep = 100\n',
    asked: [["meta", "list"], ["log"]],
  },
  { what: "journal", path: `lattice/ops/${sound.op}.jsonl`, seal: resummed, asked: OWN },
  { what: "marker", path: "lattice/op-state.json", content: JSON.stringify(sound.marker), asked: OWN },
];

/** A copy of the sound repository, and whether it is still as it was. */
class Copy {
  readonly folder = join(temporaryFolder(), "copy");

  constructor() {
    cpSync(sound.folder, this.folder, { recursive: true });
  }

  put(path: string, content: Uint8Array | string): void {
    const target = join(this.folder, ".git", path);
    rmSync(target, { force: true });
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, content);
  }

  /** Size, time and inode of every file, those of lattice's own work left out. */
  state(): string[] {
    return (readdirSync(join(this.folder, ".git"), { recursive: true }) as string[]).sort()
      .filter((path) => !path.startsWith("lattice")).flatMap((path) => {
        const stat = lstatSync(join(this.folder, ".git", path));
        return stat.isFile() ? [`${path} ${stat.size} ${stat.mtimeMs} ${stat.ino}`] : [];
      });
  }
}

/** Commands that may change refs when they succeed. */
const CHANGING = new Set(["undo", "recover", "apply", "set", "update-ref"]);

/** Runs a command on damage; it ends as the contract says, and what failed or only reads changed nothing. */
function tryOne(copy: Copy, args: readonly string[], what: string, stdin?: Uint8Array): Ended {
  const before = copy.state();
  const ended = bounded(args, { cwd: copy.folder, ...(stdin === undefined ? {} : { stdin }) });
  const place = `${what}: lattice ${args.join(" ")}: ${ended.exit} ${ended.stderr}`;
  assert.ok((args[0] === "git" ? GIT_EXITS : OWN_EXITS).includes(ended.exit), place);
  if (ended.exit !== 0 && ended.stdout === "" && args[0] !== "op") assert.notEqual(ended.stderr, "", place);
  const mayChange = args.some((word) => CHANGING.has(word)) && ended.exit === 0;
  if (!mayChange && args[0] !== "recover") assert.deepEqual(copy.state(), before, place);
  return ended;
}

test("binary: damaged files of every format end in a value or an error of the contract, and change nothing", () => {
  let count = 0;
  for (const { what, path, content, seal, asked } of FORMATS) {
    const bytes = content === undefined
      ? new Uint8Array(readFileSync(join(sound.folder, ".git", path)))
      : utf8(content);
    const inputs = fc.tuple(byteChange, fc.boolean());
    fc.sample(inputs, { seed: SEED, numRuns: runs(COUNT, COUNT * 200) }).forEach(([change, isSealed], index) => {
      const copy = new Copy();
      const changed = changeBytes(bytes, change);
      copy.put(path, isSealed && seal !== undefined ? seal(changed) : changed);
      const place = `${what}, input ${index} of seed ${SEED}, ${JSON.stringify(change)}`;
      for (const args of asked) tryOne(copy, args, place);
      count++;
    });
  }
  tried("damaged files, on the binary", { "fuzz inputs": count }, SEED);
});

test("binary: stored documents and input of any bytes end in a value or an error of the contract, all or nothing", () => {
  const numRuns = runs(COUNT * 2, COUNT * 400);
  const each = (inputs: fc.Arbitrary<Uint8Array>, attempt: (copy: Copy, bytes: Uint8Array, place: string) => void) =>
    fc.sample(inputs, { seed: SEED, numRuns }).forEach((bytes, index) => {
      attempt(new Copy(), bytes, `input ${index} of seed ${SEED}`);
    });
  each(anyDocument(sound.tip), (copy, bytes, place) => {
    const framed = concatBytes([utf8(`blob ${bytes.length}\0`), bytes]);
    const oid = toHex(sha1(framed));
    copy.put(`objects/${oid.slice(0, 2)}/${oid.slice(2)}`, new Uint8Array(deflateSync(framed)));
    copy.put("refs/branch-metadata/main", `${oid}\n`);
    for (const args of [["meta", "get", "main"], ["meta", "export"], ["log"], ["doctor"]]) tryOne(copy, args, place);
    tryOne(copy, ["meta", "set", "main"], place, bytes);
  });
  each(anyApplyLines(sound.tip), (copy, bytes, place) => void tryOne(copy, ["apply"], place, bytes));
  each(anyUpdateCommands(sound.tip), (copy, bytes, place) => {
    // A `commit` in the middle stays done, as in git, when a later command is refused.
    if (!new TextDecoder().decode(bytes).includes("commit")) {
      tryOne(copy, ["git", "update-ref", "--stdin"], place, bytes);
      tryOne(copy, ["git", "update-ref", "--stdin", "-z"], place, bytes);
    }
  });
  tried("stored documents and input, on the binary", { "fuzz inputs": 3 * numRuns }, SEED);
});
