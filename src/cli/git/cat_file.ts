/**
 * `git cat-file`: type, size and content of objects.
 *
 * @module
 */
import { isObjectType, type ObjectType, type Oid } from "../../git/object_format.ts";
import type { GitObject } from "../../git/objects/store.ts";
import { treeEntries } from "../../git/objects/tree.ts";
import type { Repository } from "../../git/repository.ts";
import { bytesToName } from "../../platform/text.ts";
import { type BatchMode, type BatchSettings, runBatch } from "./cat_file_batch.ts";
import { type GitCommand, GitExit } from "./context.ts";
import { nameObject } from "./object_name.ts";
import { type OutputBuffer, withOutput } from "./output_buffer.ts";
import { flag, type OptionSpec, type OptionSyntax, parseOptions, usageError } from "./parse_options.ts";
import { quotePath } from "./path_quoting.ts";
import { refusedOption } from "./unsupported_option.ts";

type Question = "-t" | "-s" | "-e" | "-p";

interface Settings {
  question: Question | null;
  anyType: boolean;
  mode: BatchMode | null;
  format: string | null;
  allObjects: boolean;
  unordered: boolean;
  buffer: boolean | null;
  /** `-z` ends input, `-Z` ends output as well, with NUL. */
  nul: "-z" | "-Z" | null;
}

/** Runs `git cat-file`. */
export const run: GitCommand = (context, args) => {
  const settings: Settings = {
    question: null,
    anyType: false,
    mode: null,
    format: null,
    allObjects: false,
    unordered: false,
    buffer: null,
    nul: null,
  };
  const syntax = syntaxFor(settings);
  const operands = parseOptions(context, syntax, args);
  const batch = batchSettings(syntax, settings, operands);
  if (batch !== null) return runBatch(context, batch);
  const { question } = settings;
  if (settings.anyType && question !== "-t" && question !== "-s") {
    throw new GitExit(128, "fatal: git cat-file --allow-unknown-type: use with -s or -t");
  }
  const repository = context.repository();
  return withOutput(
    context.streams,
    (output) =>
      question === null
        ? printAs(repository, output, operands[0]!, operands[1]!)
        : answer(repository, output, question, operands[0]!),
  );
};

function syntaxFor(settings: Settings): OptionSyntax {
  const only: { chosen?: string } = {};
  const choose = (option: string) => {
    if (only.chosen !== undefined && only.chosen !== option) {
      throw new GitExit(129, `error: ${option} is incompatible with ${only.chosen}`);
    }
    only.chosen = option;
  };
  const ask = (short: string): OptionSpec => ({
    short,
    value: "none",
    apply: () => {
      choose(`-${short}`);
      settings.question = `-${short}` as Question;
    },
  });
  const batch = (long: string, mode: BatchMode): OptionSpec => ({
    long: [long],
    value: "optional",
    apply: (value, negated) => {
      if (settings.mode !== null && !negated) throw new GitExit(129, "error: only one batch option may be specified");
      settings.mode = negated ? null : mode;
      settings.format = value;
    },
  });
  return {
    usage: [
      "git cat-file <type> <object>",
      "git cat-file (-e | -p | -t | -s) <object>",
      "git cat-file (--batch | --batch-check | --batch-command) [--batch-all-objects] [--buffer] [--unordered] [-z | -Z]",
    ],
    options: [
      ...["e", "p", "t", "s"].map(ask),
      batch("batch", "contents"),
      batch("batch-check", "info"),
      batch("batch-command", "command"),
      flag("allow-unknown-type", (on) => settings.anyType = on),
      { ...flag("batch-all-objects", (on) => settings.allObjects = on), plain: true },
      flag("buffer", (on) => settings.buffer = on),
      flag("unordered", (on) => settings.unordered = on),
      { short: "z", value: "none", apply: () => settings.nul = "-z" },
      { short: "Z", value: "none", apply: () => settings.nul = "-Z" },
      ...["textconv", "filters", "follow-symlinks", "use-mailmap", "mailmap"].map((long) => refusedOption(long)),
      refusedOption("path", "required"),
      refusedOption("filter", "required"),
    ],
  };
}

/** What batch mode needs, or `null` when it is not meant; wrong combinations end the command. */
function batchSettings(syntax: OptionSyntax, settings: Settings, operands: readonly string[]): BatchSettings | null {
  const fail = (message: string) => usageError(syntax, `fatal: ${message}\n`);
  const { mode, question, nul } = settings;
  if (mode !== null) {
    if (question !== null) throw fail(`'${question}' is incompatible with batch mode`);
    if (operands.length > 0) throw fail("batch modes take no arguments");
    return {
      mode,
      format: settings.format,
      allObjects: settings.allObjects,
      buffered: settings.buffer ?? settings.allObjects,
      inputDelimiter: nul === null ? 10 : 0,
      outputDelimiter: nul === "-Z" ? "\0" : "\n",
    };
  }
  for (
    const [option, given] of [["--buffer", settings.buffer !== null], ["--batch-all-objects", settings.allObjects]]
  ) {
    if (given === true) throw fail(`'${option}' requires a batch mode`);
  }
  if (nul !== null) throw fail(`'${nul}' requires a batch mode`);
  if (question !== null) {
    if (operands.length === 0) throw fail(`<object> required with '${question}'`);
    if (operands.length > 1) throw fail("too many arguments");
  } else if (operands.length === 0) {
    throw usageError(syntax, "");
  } else if (operands.length !== 2) {
    throw fail(`only two arguments allowed in <type> <object> mode, not ${operands.length}`);
  }
  return null;
}

function answer(repository: Repository, output: OutputBuffer, question: Question, name: string): number {
  const oid = requireObjectName(repository, name);
  const { objects } = repository;
  // Unlike the other questions, this one is no failure in a partial clone that has not fetched the object.
  if (question === "-e") return objects.has(objects.replacementOf(oid)) ? 0 : 1;
  if (question === "-p") {
    prettyPrint(repository, output, oid, name);
    return 0;
  }
  const info = objects.info(objects.replacementOf(oid));
  if (info === null) throw new GitExit(128, "fatal: git cat-file: could not get object info");
  output.text(`${question === "-t" ? info.type : info.size}\n`);
  return 0;
}

function requireObjectName(repository: Repository, name: string): Oid {
  const named = nameObject(repository, name);
  if (named.kind === "found") return named.oid;
  throw new GitExit(128, `fatal: Not a valid object name ${name}`);
}

function prettyPrint(repository: Repository, output: OutputBuffer, oid: Oid, name: string): void {
  const object = repository.objects.read(repository.objects.replacementOf(oid));
  if (object === null) throw new GitExit(128, `fatal: Not a valid object name ${name}`);
  if (object.type !== "tree") return output.bytes(object.content);
  const quoteHighBytes = repository.config.getBoolean("core.quotepath") !== false;
  for (const entry of treeEntries(repository.objectFormat, object.content, oid)) {
    const mode = entry.mode.toString(8).padStart(6, "0");
    output.text(`${mode} ${entry.type} ${entry.oid}\t${quotePath(entry.name, quoteHighBytes)}\n`);
  }
}

/** `git cat-file <type> <object>`: commits give their tree, tags what they are for, until the type fits. */
function printAs(repository: Repository, output: OutputBuffer, type: string, name: string): number {
  const oid = requireObjectName(repository, name);
  if (!isObjectType(type)) throw new GitExit(128, `fatal: invalid object type "${type}"`);
  const object = readAs(repository, oid, type);
  if (object === null) throw new GitExit(128, `fatal: git cat-file ${name}: bad file`);
  output.bytes(object.content);
  return 0;
}

function readAs(repository: Repository, start: Oid, type: ObjectType): GitObject | null {
  let oid = start;
  for (;;) {
    const object = repository.objects.read(repository.objects.replacementOf(oid));
    if (object === null || object.type === type) return object;
    const header = object.type === "commit" ? "tree " : object.type === "tag" ? "object " : null;
    if (header === null) return null;
    const line = bytesToName(object.content.subarray(0, header.length + repository.objectFormat.hexLength));
    if (!line.startsWith(header)) return null;
    oid = line.slice(header.length); // a chain of hashes cannot come back to where it was
  }
}
