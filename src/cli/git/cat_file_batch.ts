/**
 * The batch modes of `git cat-file`: many questions on standard input, or all objects.
 *
 * @module
 */
import { parseBoolean } from "../../git/config/values.ts";
import type { Oid } from "../../git/object_format.ts";
import type { GitObject, ObjectInfo } from "../../git/objects/store.ts";
import { openRepresentations, type Representations } from "../../git/objects/representation.ts";
import type { Repository } from "../../git/repository.ts";
import { type BatchAtom, type BatchPiece, DEFAULT_BATCH_FORMAT, parseBatchFormat, uses } from "./batch_format.ts";
import { type GitContext, GitExit } from "./context.ts";
import { heldInput, inputLines } from "./input_lines.ts";
import { nameObject } from "./object_name.ts";
import { type OutputBuffer, withOutput } from "./output_buffer.ts";

/** What a batch prints: headers alone, contents too, or what each line asks for. */
export type BatchMode = "info" | "contents" | "command";

/** How a batch was asked for. */
export interface BatchSettings {
  readonly mode: BatchMode;
  /** The format, or `null` for the default one. */
  readonly format: string | null;
  /** All objects instead of those named on standard input. */
  readonly allObjects: boolean;
  /** `--buffer`: answers may wait until a buffer is full. */
  readonly buffered: boolean;
  readonly inputDelimiter: 0 | 10;
  readonly outputDelimiter: "\0" | "\n";
}

interface Batch {
  readonly repository: Repository;
  readonly settings: BatchSettings;
  readonly output: OutputBuffer;
  readonly pieces: readonly BatchPiece[];
  /** How objects are stored, where the format asks for it. */
  readonly storage: Representations | null;
  /** What a partial clone left at its remote is missing, instead of a failure: the caller does not want it fetched. */
  readonly onlyWhatIsHere: boolean;
}

/** Runs a batch. @throws {GitExit} As git ends it. */
export function runBatch(context: GitContext, settings: BatchSettings): number {
  const pieces = parseBatchFormat(settings.format ?? DEFAULT_BATCH_FORMAT);
  const repository = context.repository();
  const storage = uses(pieces, "objectsize:disk", "deltabase") ? openRepresentations(repository) : null;
  return withOutput(context.streams, (output) => {
    const onlyWhatIsHere = parseBoolean(context.system.env["GIT_NO_LAZY_FETCH"] ?? "no") === true;
    const batch: Batch = { repository, settings, output, pieces, storage, onlyWhatIsHere };
    if (settings.mode === "command") runCommands(batch, context);
    else if (settings.allObjects) answerAll(batch);
    else answerLines(batch, context);
    return 0;
  });
}

function answerAll(batch: Batch): void {
  for (const oid of batch.repository.objects.allOids()) show(batch, oid, oid, "", batch.settings.mode === "contents");
}

function lines(batch: Batch, context: GitContext): Iterable<string> {
  return inputLines(context.streams, {
    delimiter: batch.settings.inputDelimiter,
    beforeRead() {
      if (!batch.settings.buffered) batch.output.flush();
    },
  });
}

function answerLines(batch: Batch, context: GitContext): void {
  const split = uses(batch.pieces, "rest");
  for (const line of lines(batch, context)) {
    const match = split ? /^([^ \t]*)[ \t]+(.*)$/s.exec(line) : null;
    answer(
      batch,
      match === null ? line : match[1]!,
      match === null ? "" : match[2]!,
      batch.settings.mode === "contents",
    );
  }
}

/** `--batch-command`: `info <object>`, `contents <object>`, and with `--buffer` also `flush`. */
function runCommands(batch: Batch, context: GitContext): void {
  const held = heldInput();
  let queue: (() => void)[] = [];
  const dispatch = () => {
    for (const command of queue) command();
    queue = [];
    held.start();
    batch.output.flush();
  };
  for (const line of lines(batch, context)) {
    const command = parseCommand(batch, line);
    if (command === "flush") {
      if (!batch.settings.buffered) throw new GitExit(128, "fatal: flush is only for --buffer mode");
      dispatch();
    } else if (batch.settings.buffered) {
      held.hold(line);
      queue.push(command);
    } else {
      command();
    }
  }
  dispatch();
}

function parseCommand(batch: Batch, line: string): "flush" | (() => void) {
  if (line === "") throw new GitExit(128, "fatal: empty command in input");
  if (/^[ \t\n\v\f\r]/.test(line)) throw new GitExit(128, `fatal: whitespace before command: '${line}'`);
  const name = ["contents", "info", "flush"].find((candidate) => line.startsWith(candidate));
  if (name === undefined) throw new GitExit(128, `fatal: unknown command: '${line}'`);
  const rest = line.slice(name.length);
  if (name === "flush") {
    if (rest !== "") throw new GitExit(128, "fatal: flush takes no arguments");
    return "flush";
  }
  if (!rest.startsWith(" ")) throw new GitExit(128, `fatal: ${name} requires arguments`);
  return () => answer(batch, rest.slice(1), "", name === "contents");
}

function answer(batch: Batch, name: string, rest: string, contents: boolean): void {
  const named = nameObject(batch.repository, name);
  if (named.kind === "found") show(batch, named.oid, name, rest, contents);
  else batch.output.text(`${name} ${named.kind}${batch.settings.outputDelimiter}`);
}

function show(batch: Batch, oid: Oid, name: string, rest: string, contents: boolean): void {
  const { output, settings, repository } = batch;
  // Of all objects, those that are replaced are shown themselves.
  const actual = settings.allObjects ? oid : repository.objects.replacementOf(oid);
  if (batch.onlyWhatIsHere && !repository.objects.has(actual)) return tellMissing(batch, name);
  // The content, where it is wanted, comes first: what does not pass its hash must not have a header either.
  const object = contents ? repository.objects.read(actual) : null;
  const info: ObjectInfo | null = object === null
    ? repository.objects.info(actual)
    : { type: object.type, size: object.content.length };
  if (info === null) return tellMissing(batch, name);
  output.text(header(batch, oid, actual, info, rest) + settings.outputDelimiter);
  if (contents) showContents(output, object, oid, settings.outputDelimiter);
}

function tellMissing({ output, settings }: Batch, name: string): void {
  output.text(`${name} missing${settings.outputDelimiter}`);
}

function showContents(output: OutputBuffer, object: GitObject | null, oid: Oid, delimiter: string): void {
  if (object === null) throw new GitExit(128, `fatal: object ${oid} disappeared`);
  output.bytes(object.content);
  output.text(delimiter);
}

function header(batch: Batch, oid: Oid, actual: Oid, info: ObjectInfo, rest: string): string {
  let text = "";
  for (const piece of batch.pieces) {
    text += piece.kind === "text" ? piece.text : expand(batch, piece.atom, oid, actual, info, rest);
  }
  return text;
}

function expand(batch: Batch, atom: BatchAtom, oid: Oid, actual: Oid, info: ObjectInfo, rest: string): string {
  switch (atom) {
    case "objectname":
      return oid;
    case "objecttype":
      return info.type;
    case "objectsize":
      return String(info.size);
    case "rest":
      return rest;
    case "objectsize:disk":
      return String(batch.storage!.diskSize(actual));
    case "deltabase":
      return batch.storage!.deltaBase(actual);
  }
}
