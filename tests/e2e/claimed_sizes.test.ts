/** Small files that claim to be, or to hold, four gigabytes: the binary refuses each within the memory of a sound command. */
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { deflateSync } from "node:zlib";
import { encodeRecord, type JournalRecord } from "../../src/engine/journal_format.ts";
import { concatBytes, toHex, utf8 } from "../../src/platform/text.ts";
import { resealed } from "../fuzz/mutations.ts";
import { buildPack, deltaSize, type EntryPlan, sha1, uint32 } from "../fuzz/pack_builder.ts";
import { gitText } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { tried } from "../thoroughness.ts";
import { documentOf, lattice } from "./binary.ts";
import { bounded } from "./bounded.ts";

const FOUR_GB = 2 ** 32;
const BLOB = 3;
const BY_NAME = 7;

/** The most memory that a refusal may take, in KB. */
const PEAK_KB_MAX = 110_000;

/** One file, or several, and what is asked of them. */
interface Claim {
  readonly what: string;
  /** By their paths in the git directory. */
  readonly files: Readonly<Record<string, Uint8Array | string>>;
  /** Command lines of which each must be refused, with one of these exit codes. */
  readonly asked: readonly (readonly [args: readonly string[], exits: readonly number[]])[];
}

/** A repository with a pack, a multi-pack index, packed refs, a document and its journal. */
const sound = (() => {
  const folder = join(temporaryFolder(), "repository");
  gitText(["init", "-q", "--template=", "-b", "main", folder], "/");
  for (const message of ["one", "two"]) gitText(["commit", "-q", "--allow-empty", "-m", message], folder);
  gitText(["gc", "-q"], folder);
  gitText(["multi-pack-index", "write"], folder);
  const base = gitText(["rev-parse", "HEAD"], folder);
  assert.equal(lattice(["meta", "set", "main"], { cwd: folder, stdin: documentOf("main", base) }).exit, 0);
  const [journal = ""] = readdirSync(join(folder, ".git/lattice/ops"));
  const [index = ""] = readdirSync(join(folder, ".git/objects/pack")).filter((name) => name.endsWith(".idx"));
  return { folder, base, op: journal.replace(".jsonl", ""), index: `objects/pack/${index}` };
})();

function soundFile(path: string): Uint8Array {
  return new Uint8Array(readFileSync(join(sound.folder, ".git", path)));
}

/** A file of git's with numbers of four bytes put into it, and its checksum made right again. */
function withNumbers(path: string, numbers: Readonly<Record<number, number>>): Uint8Array {
  const bytes = soundFile(path);
  for (const [at, value] of Object.entries(numbers)) bytes.set(uint32(value), Number(at));
  return resealed(bytes);
}

/** A pack of some entries, of which the last is asked for. */
function packed(what: string, entries: readonly EntryPlan[]): Claim {
  const { pack, index, names } = buildPack(entries);
  const name = `objects/pack/pack-${toHex(pack.subarray(-20))}`;
  return {
    what,
    files: { [`${name}.pack`]: pack, [`${name}.idx`]: index },
    asked: [[["git", "cat-file", "-p", toHex(names.at(-1)!)], [128]]],
  };
}

/** A loose object whose header says this. */
function loose(what: string, content: Uint8Array): Claim {
  const oid = toHex(sha1(content));
  return {
    what,
    files: { [`objects/${oid.slice(0, 2)}/${oid.slice(2)}`]: new Uint8Array(deflateSync(content, { level: 9 })) },
    asked: [
      [["git", "cat-file", "-p", oid], [128]],
      [["git", "rev-parse", `${oid}^{commit}`], [128]],
    ],
  };
}

const IDX_HEADER = 8;
const IDX_FANOUT_END = IDX_HEADER + 256 * 4;
/** Header of a multi-pack index: signature, version and hash, chunks, bases, packs; then 12 bytes for each chunk. */
const MIDX_PACKS_AT = 8;
const MIDX_CHUNKS_AT = 12;

/** Where a chunk's entry stands in a multi-pack index. */
function midxChunk(bytes: Uint8Array, id: string): number {
  for (let at = MIDX_CHUNKS_AT; at < MIDX_CHUNKS_AT + 12 * bytes[6]!; at += 12) {
    if (new TextDecoder().decode(bytes.subarray(at, at + 4)) === id) return at;
  }
  throw new Error(`there is no chunk ${id}`);
}

const midxPath = "objects/pack/multi-pack-index";
const midx = soundFile(midxPath);
const lookup = midxChunk(midx, "OIDF");
const fanoutAt = new DataView(midx.buffer).getUint32(lookup + 8);
const everyObject: Claim["asked"] = [[["git", "cat-file", "--batch-all-objects", "--batch-check"], [0, 128]], [
  ["git", "cat-file", "-t", "HEAD"],
  [0, 128],
]];

const MARKER = {
  op_id: sound.op,
  command: "c",
  phase: "in_progress",
  updated_at: "2026-01-01T00:00:00.000Z",
  origin_git_dir: join(sound.folder, ".git"),
  origin_work_dir: sound.folder,
  plan_digest: null,
  touched_refs: [],
  awaiting_reason: null,
};

/** The journal with members of one line changed, whose sum is right all the same. */
function journalWith(line: number, change: Record<string, unknown>, flushed = 0): string {
  const lines = new TextDecoder().decode(soundFile(`lattice/ops/${sound.op}.jsonl`)).trimEnd().split("\n");
  const { record } = JSON.parse(lines[line]!) as { record: JournalRecord };
  const changed = new TextDecoder().decode(encodeRecord({ ...record, ...change } as JournalRecord, flushed));
  return [...lines.slice(0, line), changed.trimEnd(), ...lines.slice(line + 1), ""].join("\n");
}

const ownFiles: Claim["asked"] = [
  [["op", "show", sound.op], [0, 1, 6, 8]],
  [["undo", sound.op], [0, 1, 6, 8]],
  [["recover"], [0, 6, 8, 10]],
];

const CLAIMS: readonly Claim[] = [
  packed("a pack's entry", [{ type: BLOB, content: utf8("x"), claims: FOUR_GB }]),
  packed("a pack's entry beyond all numbers", [{ type: BLOB, content: utf8("x"), claims: 2 ** 52 }]),
  packed("what a delta yields", [
    { type: BLOB, content: utf8("x") },
    { type: BY_NAME, content: Uint8Array.from([...deltaSize(1), ...deltaSize(FOUR_GB), 1, 120]), base: { entry: 0 } },
  ]),
  packed("what a delta stands on", [
    { type: BLOB, content: utf8("x") },
    { type: BY_NAME, content: Uint8Array.from([...deltaSize(FOUR_GB), ...deltaSize(1), 1, 120]), base: { entry: 0 } },
  ]),
  packed("a delta", [
    { type: BLOB, content: utf8("x") },
    {
      type: BY_NAME,
      content: Uint8Array.from([...deltaSize(1), ...deltaSize(1), 1, 121]),
      base: { entry: 0 },
      claims: FOUR_GB,
    },
  ]),
  {
    what: "the number of objects of a pack",
    files: {
      [sound.index.replace(".idx", ".pack")]: withNumbers(sound.index.replace(".idx", ".pack"), { 8: 0xffffffff }),
    },
    asked: everyObject,
  },
  {
    what: "the number of objects of an index",
    files: { [sound.index]: withNumbers(sound.index, { [IDX_FANOUT_END - 4]: 0xffffffff }), [midxPath]: "" },
    asked: everyObject,
  },
  {
    what: "every number of an index",
    files: {
      [sound.index]: withNumbers(
        sound.index,
        Object.fromEntries(Array.from({ length: 256 }, (_, byte) => [IDX_HEADER + 4 * byte, 0xffffffff])),
      ),
      [midxPath]: "",
    },
    asked: everyObject,
  },
  {
    what: "the number of packs of a multi-pack index",
    files: { [midxPath]: withNumbers(midxPath, { [MIDX_PACKS_AT]: 0xffffffff }) },
    asked: everyObject,
  },
  {
    what: "the number of objects of a multi-pack index",
    files: { [midxPath]: withNumbers(midxPath, { [fanoutAt + 255 * 4]: 0xffffffff }) },
    asked: everyObject,
  },
  {
    what: "where a chunk of a multi-pack index stands",
    files: { [midxPath]: withNumbers(midxPath, { [lookup + 4]: 1, [lookup + 16]: 1 }) },
    asked: everyObject,
  },
  loose("a loose object", utf8(`blob ${FOUR_GB}\0x`)),
  loose("a loose object beyond all numbers", utf8(`blob ${"9".repeat(30)}\0x`)),
  loose(
    "a loose object that inflates to a thousand times its size",
    concatBytes([
      utf8("blob 10\0"),
      new Uint8Array(64 << 20),
    ]),
  ),
  {
    what: "a record of packed-refs",
    files: { "packed-refs": `# pack-refs with: peeled fully-peeled sorted \n${FOUR_GB} refs/heads/x\n` },
    asked: [[["git", "for-each-ref"], [0, 128]], [["git", "rev-parse", "refs/heads/x"], [128]], [["doctor"], [1]]],
  },
  {
    what: "what of a journal was flushed",
    files: { [`lattice/ops/${sound.op}.jsonl`]: journalWith(2, {}, FOUR_GB) },
    asked: ownFiles,
  },
  {
    what: "the number of a journal's transaction",
    files: { [`lattice/ops/${sound.op}.jsonl`]: journalWith(1, { transaction: FOUR_GB }) },
    asked: ownFiles,
  },
  {
    what: "a number in the marker",
    files: { "lattice/op-state.json": JSON.stringify({ ...MARKER, touched_refs: FOUR_GB }) },
    asked: [...ownFiles, [["op", "status"], [0, 5, 6]]],
  },
  {
    what: "depth in the marker",
    files: {
      "lattice/op-state.json": JSON.stringify({ ...MARKER, awaiting_reason: "R" }).replace('"R"', "[".repeat(1000)),
    },
    asked: [...ownFiles, [["op", "status"], [0, 5, 6]]],
  },
];

test("binary: a small file that claims four gigabytes is answered or refused within the memory of a sound command", () => {
  let count = 0;
  for (const { what, files, asked } of CLAIMS) {
    const folder = join(temporaryFolder(), "copy");
    cpSync(sound.folder, folder, { recursive: true });
    for (const [path, content] of Object.entries(files)) {
      const target = join(folder, ".git", path);
      mkdirSync(dirname(target), { recursive: true });
      if (existsSync(target)) rmSync(target, { force: true });
      writeFileSync(target, content);
      assert.ok(statSync(target).size < 70_000, what);
    }
    for (const [args, exits] of asked) {
      const { exit, stderr } = bounded(args, { cwd: folder, peakKbMax: PEAK_KB_MAX });
      assert.ok(exits.includes(exit), `${what}: lattice ${args.join(" ")}: ${exit} ${stderr}`);
      count++;
    }
  }
  tried("claimed sizes", { "fuzz inputs": count });
});
