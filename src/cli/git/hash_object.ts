/**
 * `git hash-object`: names files and standard input, and stores them, unless they are part of a collision attack.
 *
 * @module
 */
import { HEADER_BYTES_MAX, isObjectType, type ObjectFormat, SHA1, SHA256 } from "../../git/object_format.ts";
import { OBJECT_BYTES_MAX } from "../../git/objects/damage.ts";
import { nameNewOutsideObject } from "../../git/objects/new_object.ts";
import { hashStream } from "../../git/objects/object_stream.ts";
import { nameOutsideObjectInPlace, outsideName } from "../../git/objects/outside_object.ts";
import type { Repository } from "../../git/repository.ts";
import { isDiskError, type OpenFile } from "../../platform/disk.ts";
import { createOutsideHasher } from "../../platform/outside_hash.ts";
import { concatBytes, utf8 } from "../../platform/text.ts";
import { type ContentConversion, createContentConversion } from "./content_conversion.ts";
import { type GitCommand, type GitContext, GitExit } from "./context.ts";
import { inputLines } from "./input_lines.ts";
import { checkObject } from "./object_check.ts";
import { type OutputBuffer, withOutput } from "./output_buffer.ts";
import { flag, type OptionSyntax, parseOptions, usageError } from "./parse_options.ts";
import { unquotePath } from "./path_quoting.ts";

/** Files are read in pieces of this size; larger than one piece, they are hashed without being held. */
const PIECE_BYTES = 1024 * 1024;
/** Files below this size are read and hashed at once. */
const SMALL_BYTES = 64 * 1024;
const NOTHING = new Uint8Array(0);

interface Settings {
  type: string;
  write: boolean;
  stdin: number;
  stdinPaths: boolean;
  filters: boolean;
  literally: boolean;
  path: string | null;
}

/** What naming an object takes, found out once a call. */
interface Job {
  readonly context: GitContext;
  readonly settings: Settings;
  readonly repository: Repository | null;
  readonly format: ObjectFormat;
  readonly conversion: ContentConversion;
  /** Reused for every small file. */
  readonly piece: Uint8Array;
  /** The part of it that a small file is read into, behind room for the header. */
  readonly smallPiece: Uint8Array;
}

/** Runs `git hash-object`. */
export const run: GitCommand = (context, args) => {
  const settings: Settings = {
    type: "blob",
    write: false,
    stdin: 0,
    stdinPaths: false,
    filters: true,
    literally: false,
    path: null,
  };
  const syntax = syntaxFor(settings);
  const files = parseOptions(context, syntax, args);
  checkUsage(syntax, settings, files);
  const job = openJob(context, settings);
  return withOutput(context.streams, (output) => {
    if (settings.stdin > 0) output.text(`${hashStdin(job)}\n`);
    for (const file of files) {
      output.text(`${hashFile(job, absolute(context.system.host.workingDirectory, file), file)}\n`);
    }
    if (settings.stdinPaths) hashListedFiles(job, output);
    return 0;
  });
};

function syntaxFor(settings: Settings): OptionSyntax {
  return {
    usage: [
      "git hash-object [-t <type>] [-w] [--path=<file> | --no-filters] [--stdin [--literally]] [--] <file>...",
      "git hash-object [-t <type>] [-w] --stdin-paths [--no-filters]",
    ],
    options: [
      { short: "t", value: "required", apply: (value) => settings.type = value! },
      { short: "w", value: "none", apply: () => settings.write = true },
      { long: ["stdin"], value: "none", apply: (_, negated) => settings.stdin = negated ? 0 : settings.stdin + 1 },
      flag("stdin-paths", (on) => settings.stdinPaths = on),
      flag("no-filters", (on) => settings.filters = !on),
      flag("literally", (on) => settings.literally = on),
      { long: ["path"], value: "required", apply: (value, negated) => settings.path = negated ? null : value },
    ],
  };
}

function checkUsage(syntax: OptionSyntax, settings: Settings, files: readonly string[]): void {
  const fail = (message: string) => usageError(syntax, `error: ${message}`);
  if (settings.stdinPaths) {
    if (settings.stdin > 0) throw fail("Can't use --stdin-paths with --stdin");
    if (files.length > 0) throw fail("Can't specify files with --stdin-paths");
    if (settings.path !== null) throw fail("Can't use --stdin-paths with --path");
    return;
  }
  if (settings.stdin > 1) throw fail("Multiple --stdin arguments are not supported");
  if (settings.path !== null && !settings.filters) throw fail("Can't use --path with --no-filters");
}

function openJob(context: GitContext, settings: Settings): Job {
  const repository = settings.write ? context.repository() : context.repositoryIfAny();
  if (!settings.literally && !isObjectType(settings.type)) {
    throw new GitExit(128, `fatal: invalid object type "${settings.type}"`);
  }
  if (settings.write && !isObjectType(settings.type)) {
    throw new GitExit(129, `error: writing objects of the unknown type "${settings.type}" is not supported`);
  }
  const format = repository?.objectFormat ?? (context.system.env["GIT_DEFAULT_HASH"] === "sha256" ? SHA256 : SHA1);
  const conversion = createContentConversion(context.system, repository);
  const piece = new Uint8Array(PIECE_BYTES);
  const smallPiece = piece.subarray(HEADER_BYTES_MAX, HEADER_BYTES_MAX + SMALL_BYTES);
  return { context, settings, repository, format, conversion, piece, smallPiece };
}

/** One file name a line; git takes relative ones from the top of the work tree, and so do we. */
function hashListedFiles(job: Job, output: OutputBuffer): void {
  const { repository, context } = job;
  const inside = repository !== null && repository.prefix !== "" && repository.workDir !== null;
  const base = inside ? repository.workDir : context.system.host.workingDirectory;
  const lines = inputLines(context.streams, { delimiter: 10, beforeRead: () => output.flush() });
  for (const line of lines) {
    const path = line.startsWith('"') ? unquotePath(line) : line;
    if (path === null) throw new GitExit(128, "fatal: line is badly quoted");
    output.text(`${hashFile(job, absolute(base, path), path)}\n`);
  }
}

function absolute(base: string, path: string): string {
  return path.startsWith("/") ? path : `${base}/${path}`;
}

/** @param shown The name as it was given, for messages. */
function hashFile(job: Job, path: string, shown: string): string {
  using file = job.context.system.disk.openRead(path);
  if (file === null) {
    throw new GitExit(128, `fatal: could not open '${shown}' for reading: No such file or directory`);
  }
  try {
    return hashOpenFile(job, file, filterPath(job, path), shown);
  } catch (error) {
    if (isDiskError(error, "EISDIR")) throw new GitExit(128, `fatal: ${failure(job, shown)}`);
    if (!isDiskError(error, "ESPIPE")) throw error;
    // A pipe is read from its beginning to its end; that `file` stays open meanwhile keeps its writer alive.
    const content = job.context.system.disk.readFile(path, OBJECT_BYTES_MAX + 1) ?? NOTHING;
    requireHoldable(content.length, shown);
    return hashContent(job, content, filterPath(job, path));
  }
}

function hashOpenFile(job: Job, file: OpenFile, asPath: string | null, shown: string): string {
  const { settings, piece, smallPiece, repository } = job;
  const count = file.readAt(smallPiece, 0);
  if (count < SMALL_BYTES) {
    if (settings.write || settings.type !== "blob") return hashContent(job, smallPiece.slice(0, count), asPath);
    if (asPath !== null) job.conversion.require(asPath)?.take(smallPiece.subarray(0, count));
    return nameOutsideObjectInPlace(job.format, "blob", piece, count);
  }
  if (settings.type !== "blob") return hashContent(job, readToEnd(file, shown), asPath);
  const { size } = file.stat();
  const pieces = piecesOf(job, file, size, asPath);
  if (settings.write && repository !== null) return repository.objects.writeLooseStream("blob", size, pieces);
  return hashStream(job.format, "blob", size, pieces);
}

/** The path whose attributes rule the conversion, or `null` for none. */
function filterPath(job: Job, path: string | null): string | null {
  const { settings, context, repository } = job;
  if (!settings.filters || settings.type !== "blob") return null;
  if (settings.path === null) return path;
  const inside = repository !== null && repository.workDir !== null;
  return absolute(inside ? context.system.host.workingDirectory : "", settings.path);
}

function failure(job: Job, shown: string): string {
  return job.settings.write ? `Unable to add ${shown} to database` : `Unable to hash ${shown}`;
}

/** The content of a large file; each piece is overwritten by the next. */
function* piecesOf(job: Job, file: OpenFile, size: number, asPath: string | null): Generator<Uint8Array> {
  const unchanged = asPath === null ? null : job.conversion.require(asPath);
  let position = 0;
  for (;;) {
    const count = file.readAt(job.piece, position);
    const content = job.piece.subarray(0, count);
    unchanged?.take(content);
    position += count;
    if (position > size) break;
    yield content;
    if (count < job.piece.length) break;
  }
  if (position !== size) throw new GitExit(128, `fatal: ${JSON.stringify(file.path)} changed while it was read`);
}

/** The whole content of what must be checked before it is named. */
function readToEnd(file: OpenFile, shown: string): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (let position = 0;;) {
    const piece = new Uint8Array(PIECE_BYTES);
    const count = file.readAt(piece, position);
    if (count > 0) pieces.push(piece.subarray(0, count));
    position += count;
    requireHoldable(position, shown);
    if (count < piece.length) return concatBytes(pieces);
  }
}

/** Refuses content that is held as a whole, and too large for that. @param length What was read so far, in bytes. */
function requireHoldable(length: number, shown: string): void {
  if (length <= OBJECT_BYTES_MAX) return;
  throw new GitExit(128, `fatal: '${shown}' has more than ${OBJECT_BYTES_MAX} bytes, the most that is read at once`);
}

function hashStdin(job: Job): string {
  const { settings, context } = job;
  const pieces: Uint8Array[] = [];
  let length = 0;
  for (let piece; (piece = context.streams.read()) !== null;) {
    pieces.push(piece);
    length += piece.length;
    requireHoldable(length, "standard input");
  }
  return hashContent(job, concatBytes(pieces), settings.path === null ? null : filterPath(job, null));
}

function hashContent(job: Job, content: Uint8Array, asPath: string | null): string {
  const { settings, format, repository } = job;
  const { type } = settings;
  if (asPath !== null) job.conversion.require(asPath)?.take(content);
  if (!isObjectType(type)) {
    return outsideName(createOutsideHasher(format.name).update(utf8(`${type} ${content.length}\0`)).update(content));
  }
  const flaw = settings.literally ? null : checkObject(format, type, content);
  if (flaw !== null) {
    throw new GitExit(128, `error: object fails fsck: ${flaw}\nfatal: refusing to create malformed object`);
  }
  const object = { type, content };
  const oid = nameNewOutsideObject(format, object);
  return settings.write && repository !== null ? repository.objects.writeLoose(object) : oid;
}
