/** Loose objects: any frame, any stream. */
import fc from "fast-check";
import { createHash } from "node:crypto";
import { deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { concatBytes, toHex, utf8 } from "../../src/platform/text.ts";
import { gitText } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { baseRepository } from "./base_repository.ts";
import { GitTwin } from "./beside_git.ts";
import { FOLDER, World } from "./judge.ts";
import { byteChange, changeBytes, tryInputs } from "./mutations.ts";

const base = baseRepository(false);
const world = new World(base.tree);
const twin = new GitTwin(base.folder);
const tip = gitText(["rev-parse", "HEAD"], base.folder);
const tree = gitText(["rev-parse", "HEAD^{tree}"], base.folder);

const type = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom("blob", "tree", "commit", "tag") },
  fc.constantFrom("", "BLOB", "blobb", "delta", "blob\t", " blob", "x".repeat(40), "\x1b[2J"),
);
const size = fc.oneof(
  { weight: 12, arbitrary: fc.constant(null) },
  fc.constantFrom(
    "0",
    "00",
    "-1",
    "+1",
    "",
    "1e9",
    "4294967295",
    "9007199254740993",
    "99999999999999999999999",
    "0x10",
    " 1",
  ),
);
const identity = "A <a@example.com> 1 +0000";
const content = fc.oneof(
  fc.string({ maxLength: 40 }).map(utf8),
  fc.constantFrom(
    new Uint8Array(0),
    new Uint8Array(50_000),
    utf8(`tree ${tree}\nparent ${tip}\nauthor ${identity}\ncommitter ${identity}\n\nx\n`),
    utf8(`tree ${tree}\nparent ${tip.slice(1)}\nauthor\n\n`),
    utf8(`tree ${tree}`),
    utf8(`object ${tip}\ntype commit\ntag t\ntagger ${identity}\n\nx\n`),
    utf8(`object ${tip}\ntype tag\ntag t\n`),
    utf8(`object ${tip}`),
    concatBytes([utf8("100644 name\0"), new Uint8Array(20)]),
    utf8("100644 no end"),
    utf8('{"kind":"lattice.branch-metadata","schema_version":1}'),
  ),
);
const stream = fc.constantFrom(
  (bytes: Uint8Array) => deflateSync(bytes),
  (bytes: Uint8Array) => deflateSync(bytes, { level: 0 }),
  (bytes: Uint8Array) => deflateSync(bytes, { windowBits: 9 }),
  (bytes: Uint8Array) => deflateSync(bytes, { dictionary: utf8("tree") }),
  (bytes: Uint8Array) => deflateRawSync(bytes),
  (bytes: Uint8Array) => gzipSync(bytes),
  (bytes: Uint8Array) => bytes,
);
const change = fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, byteChange);

test("a loose object of any bytes gives what git gives, or is refused", async () => {
  let count = 0;
  await tryInputs(
    "loose objects",
    110,
    fc.tuple(type, size, content, stream, change),
    async ([word, claimed, bytes, deflate, how]) => {
      const framed = concatBytes([utf8(`${word} ${claimed ?? bytes.length}\0`), bytes]);
      const whole = new Uint8Array(deflate(framed));
      const oid = createHash("sha1").update(framed).digest("hex");
      const files = {
        [`${FOLDER}/.git/objects/${oid.slice(0, 2)}/${oid.slice(2)}`]: how === null ? whole : changeBytes(whole, how),
      };
      for (const args of [["--batch"], ["--batch-check"]]) {
        const verdict = await world.try(files, ["git", "cat-file", ...args], { stdin: `${oid}\n` });
        if (count % 2 === 0) twin.compare(files, verdict, `${oid}\n`);
      }
      count++;
      const lead = {
        ...files,
        [`${FOLDER}/.git/refs/heads/lead`]: `${oid}\n`,
        [`${FOLDER}/.git/refs/branch-metadata/lead`]: `${oid}\n`,
      };
      for (
        const args of [
          ["git", "cat-file", "-p", oid],
          ["git", "rev-parse", "--verify", `${oid}^{tree}`],
          ["git", "rev-parse", "lead~3^{}"],
          ["git", "for-each-ref", "--format=%(subject)%(*objecttype)"],
          ["doctor"],
          ["log"],
          ["meta", "export"],
        ]
      ) {
        await world.try(lead, args);
      }
    },
  );
  twin.report("loose objects", 20);
});

test("a loose object of a kilobyte that claims gigabytes is refused before memory is taken", async () => {
  for (const claimed of ["4294967296", "999999999999999"]) {
    for (const filler of [10, 40_000]) {
      const random = new Uint8Array(filler).map((_, index) => (index * 2654435761) >>> 13);
      const framed = concatBytes([utf8(`blob ${claimed}\0`), random]);
      const oid = toHex(new Uint8Array(createHash("sha1").update(framed).digest()));
      const files = {
        [`${FOLDER}/.git/objects/${oid.slice(0, 2)}/${oid.slice(2)}`]: new Uint8Array(deflateSync(framed)),
      };
      const verdict = await world.try(files, ["git", "cat-file", "-p", oid], { limits: { made: 4 << 20 } });
      if (verdict.exit !== 128) throw new Error(verdict.stdout);
    }
  }
});
