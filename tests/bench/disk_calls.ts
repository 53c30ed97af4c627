/**
 * What a change does to the disk, and nothing else: the calls that create, write, flush, link, rename and remove, in the
 * order of the journal's steps, by a program compiled as lattice is. It reads no repository, parses and hashes nothing,
 * and asks no lock, so that the row beside it tells how much of lattice's time no better code could save.
 *
 *     disk-calls <git directory> set
 *     disk-calls <git directory> apply <number of documents>
 *
 * It damages the repository: what it writes is filler.
 *
 * @module
 */
import * as fs from "node:fs";
import process from "node:process";

/** About what `lattice apply` writes for each document of the benchmark, in bytes. */
const BYTES_EACH = { pack: 491, index: 28, packedRefs: 75, journal: 121, marker: 55 };
const DOCUMENT_BYTES = 320;
const VALUE_BYTES = 41;
const { O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_RDWR } = fs.constants;

const [gitDir, what, count] = process.argv.slice(2);
const own = `${gitDir}/lattice`;
const id = `${Date.now()}-${process.pid}`;
const temporary = `${own}/tmp/${id}`;
const refs = `${gitDir}/refs/branch-metadata`;

/** Creates a file and writes it. @returns Its descriptor. */
function create(path: string, size: number): number {
  const file = fs.openSync(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND, 0o666);
  fs.writeSync(file, new Uint8Array(size).fill(65));
  return file;
}

function flushAndClose(file: number): void {
  fs.fsyncSync(file);
  fs.closeSync(file);
}

function flushFolder(path: string): void {
  flushAndClose(fs.openSync(path, O_RDONLY));
}

/** The marker that an operation is under way, in its place. */
function mark(size: number): void {
  fs.mkdirSync(temporary);
  fs.closeSync(create(`${temporary}/op-state.json`, size));
  fs.renameSync(`${temporary}/op-state.json`, `${own}/op-state.json`);
}

/** The journal, durable and open. */
function beginJournal(size: number): number {
  const journal = create(`${own}/ops/${id}.jsonl`, size);
  fs.fsyncSync(journal);
  flushFolder(`${own}/ops`);
  return journal;
}

function endJournal(journal: number, flush: boolean): void {
  fs.writeSync(journal, new Uint8Array(96).fill(65));
  if (flush) fs.fsyncSync(journal);
  fs.closeSync(journal);
  fs.rmdirSync(temporary);
  fs.unlinkSync(`${own}/op-state.json`);
}

/** One document by a loose object and a loose ref. */
function set(): void {
  mark(360);
  const folder = `${gitDir}/objects/${id.slice(-2)}`;
  if (!fs.existsSync(folder)) fs.mkdirSync(folder);
  flushAndClose(create(`${folder}/tmp_obj_${id}`, DOCUMENT_BYTES));
  fs.renameSync(`${folder}/tmp_obj_${id}`, `${folder}/${id}`);
  flushFolder(folder);
  flushFolder(`${gitDir}/objects`);
  flushAndClose(create(`${temporary}/0`, VALUE_BYTES));
  const journal = beginJournal(1970);
  fs.linkSync(`${own}/ops/${id}.jsonl`, `${refs}/one.lock`);
  fs.renameSync(`${temporary}/0`, `${refs}/one`);
  fs.unlinkSync(`${refs}/one.lock`);
  flushFolder(refs);
  endJournal(journal, false);
}

/** Many documents by a pack and the file of packed refs, with a lock for each ref. */
function apply(documents: number): void {
  mark(documents * BYTES_EACH.marker);
  const pack = `${gitDir}/objects/pack/pack-${id}`;
  flushAndClose(create(`${pack}.tmp_pack`, documents * BYTES_EACH.pack));
  flushAndClose(create(`${pack}.tmp_idx`, documents * BYTES_EACH.index));
  fs.linkSync(`${pack}.tmp_idx`, `${pack}.keep`);
  fs.renameSync(`${pack}.tmp_pack`, `${pack}.pack`);
  fs.renameSync(`${pack}.tmp_idx`, `${pack}.idx`);
  flushFolder(`${gitDir}/objects/pack`);
  const journal = beginJournal(documents * BYTES_EACH.journal);
  flushFolder(`${own}/op-state.json`);
  flushFolder(own);
  for (let number = 0; number < documents; number++) {
    fs.linkSync(`${own}/ops/${id}.jsonl`, `${refs}/topic-${number}.lock`);
  }
  fs.linkSync(`${own}/ops/${id}.jsonl`, `${gitDir}/packed-refs.lock`);
  flushAndClose(create(`${temporary}/packed-refs`, documents * BYTES_EACH.packedRefs));
  fs.renameSync(`${temporary}/packed-refs`, `${gitDir}/packed-refs`);
  fs.unlinkSync(`${gitDir}/packed-refs.lock`);
  flushFolder(gitDir!);
  for (let number = 0; number < documents; number++) fs.unlinkSync(`${refs}/topic-${number}.lock`);
  flushFolder(refs);
  endJournal(journal, true);
  flushFolder(own);
}

for (const folder of [own, `${own}/ops`, `${own}/tmp`, refs]) if (!fs.existsSync(folder)) fs.mkdirSync(folder);
if (what === "set") set();
else apply(Number(count));
fs.writeSync(1, "done\n");
