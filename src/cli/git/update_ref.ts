/**
 * `git update-ref`: changes refs, one or many, with the old values they must have.
 *
 * @module
 */
import type { RefUpdate } from "../../engine/update.ts";
import type { Oid } from "../../git/object_format.ts";
import { checkRefName } from "../../git/refs/names.ts";
import type { Repository } from "../../git/repository.ts";
import { LatticeError } from "../../platform/errors.ts";
import { utf8 } from "../../platform/text.ts";
import { escapeMessage } from "../escape.ts";
import { type GitCommand, type GitContext, GitExit } from "./context.ts";
import { resolveName } from "./object_name.ts";
import { flag, type OptionSyntax, parseOptions, usageError } from "./parse_options.ts";
import { type PreparedRefs, prepareRefs, writeRefs } from "./ref_writing.ts";
import { refusedOption } from "./unsupported_option.ts";
import { expectOld, inputCommands, inputPieces, type TransactionVerb } from "./update_ref_input.ts";

interface Settings {
  delete: boolean;
  stdin: boolean;
  nul: boolean;
  follow: boolean;
  createReflog: boolean;
  message: string | null;
}

/** Runs the command. */
export const run: GitCommand = (context, args) => {
  const settings: Settings = {
    delete: false,
    stdin: false,
    nul: false,
    follow: true,
    createReflog: false,
    message: null,
  };
  const syntax = syntaxOf(settings);
  const positional = parseOptions(context, syntax, args);
  if (settings.message === "") throw new GitExit(128, "fatal: Refusing to perform update with empty message.");
  if (settings.stdin) {
    if (settings.delete || positional.length > 0) throw usageError(syntax, "");
    return updateFromInput(context, settings);
  }
  if (settings.nul) throw usageError(syntax, "");
  const wanted = settings.delete ? [1, 2] : [2, 3];
  if (!wanted.includes(positional.length)) throw usageError(syntax, "");
  return settings.delete ? deleteOne(context, settings, positional) : updateOne(context, settings, positional);
};

function syntaxOf(settings: Settings): OptionSyntax {
  return {
    usage: [
      "git update-ref [<options>] -d <refname> [<old-val>]",
      "git update-ref [<options>]    <refname> <new-val> [<old-val>]",
      "git update-ref [<options>] --stdin [-z]",
    ],
    options: [
      { short: "m", value: "required", apply: (value) => settings.message = value },
      { short: "d", value: "none", apply: () => settings.delete = true },
      { short: "z", value: "none", apply: () => settings.nul = true },
      flag("no-deref", (on) => settings.follow = !on),
      flag("stdin", (on) => settings.stdin = on),
      flag("create-reflog", (on) => settings.createReflog = on),
      { ...refusedOption("batch-updates"), short: "0" },
    ],
  };
}

function oldValue(repository: Repository, text: string): Oid {
  if (text === "") return repository.objectFormat.zero;
  const oid = resolveName(repository, text);
  if (oid === null) throw new GitExit(128, `fatal: ${text}: not a valid old SHA1`);
  return oid;
}

/** Here, and here alone, zeros as the old value mean that any is right. */
async function deleteOne(context: GitContext, settings: Settings, [name, old]: readonly string[]): Promise<number> {
  const repository = context.repository();
  const { zero } = repository.objectFormat;
  const expected = old === undefined ? zero : oldValue(repository, old);
  const update: RefUpdate = {
    name: name!,
    expect: expected === zero ? { kind: "any" } : { kind: "exactly", oid: expected },
    change: { kind: "delete" },
    follow: settings.follow,
  };
  return await writeOne(context, settings, update, (message) => new GitExit(1, `error: ${message}`));
}

async function updateOne(context: GitContext, settings: Settings, positional: readonly string[]): Promise<number> {
  const [name, value, old] = positional;
  const repository = context.repository();
  const { zero } = repository.objectFormat;
  const oid = resolveName(repository, value!);
  if (oid === null) throw new GitExit(128, `fatal: ${value}: not a valid SHA1`);
  const update: RefUpdate = {
    name: name!,
    expect: old === undefined ? { kind: "any" } : expectOld(oldValue(repository, old), zero),
    change: oid === zero ? { kind: "delete" } : { kind: "set", oid },
    follow: settings.follow,
    createReflog: settings.createReflog,
  };
  return await writeOne(
    context,
    settings,
    update,
    (message) => new GitExit(128, `fatal: update_ref failed for ref '${name}': ${message}`),
  );
}

/** @param failure How a change that is refused ends the command. */
async function writeOne(
  context: GitContext,
  settings: Settings,
  update: RefUpdate,
  failure: (message: string) => GitExit,
): Promise<number> {
  void context.repository().config; // read first: if that fails, it is no refusal of this change, and git ends with 128
  try {
    requireName(update);
    await write(context, settings, [update]);
    return 0;
  } catch (error) {
    if (!(error instanceof LatticeError) || error.code === "internal") throw error;
    throw failure(escapeMessage(error.message));
  }
}

/** Refuses names that are not well formed and, as git does, the deletion of what is in none of the places of refs. */
function requireName({ name, change }: RefUpdate): void {
  const isPlace = change.kind !== "delete" || name.startsWith("refs/") || /^[A-Z_-]+$/.test(name);
  if (isPlace && checkRefName(name, { allowOneLevel: true }) === null) return;
  throw new LatticeError("usage", `refusing to update ref with bad name '${name}'`, { details: { ref: name } });
}

function write(context: GitContext, settings: Settings, updates: readonly RefUpdate[]): Promise<void> {
  return writeRefs(context, "update-ref", updates, settings.message ?? "");
}

/** How far a transaction on standard input has come. */
type State = "open" | "started" | "prepared" | "closed";

/** State that a word leads to. */
const STATE_AFTER: Readonly<Record<TransactionVerb, State>> = {
  start: "started",
  prepare: "prepared",
  commit: "closed",
  abort: "closed",
};

async function updateFromInput(context: GitContext, settings: Settings): Promise<number> {
  const repository = context.repository();
  const terminator = settings.nul ? "\0" : "\n";
  const commands = inputCommands(inputPieces(context.streams, terminator), {
    terminator,
    zero: repository.objectFormat.zero,
    resolve: (name) => resolveName(repository, name),
    warn: (message) => context.streams.writeError(`warning: ${message}\n`),
  });
  const session = new InputSession(context, settings);
  try {
    for await (const command of commands) {
      if (command.kind === "change") session.add(command.update);
      else if (command.kind === "no-deref") session.skipNextSymbolic();
      else await session.steer(command.kind);
    }
    await session.finish();
  } catch (error) {
    session.abandon();
    throw error;
  }
  return 0;
}

/** The transaction that standard input describes. */
class InputSession {
  private state: State = "open";
  private updates: RefUpdate[] = [];
  private followNext: boolean;
  private prepared: PreparedRefs | null = null;

  constructor(private readonly context: GitContext, private readonly settings: Settings) {
    this.followNext = settings.follow;
  }

  add(update: RefUpdate): void {
    this.enter("open");
    requireName(update);
    const { createReflog } = this.settings;
    const creates = createReflog && update.change.kind === "set";
    this.updates.push({ ...update, follow: this.followNext, ...(creates ? { createReflog } : {}) });
    this.followNext = this.settings.follow;
  }

  skipNextSymbolic(): void {
    this.enter("open");
    this.followNext = false;
  }

  async steer(verb: TransactionVerb): Promise<void> {
    this.enter(STATE_AFTER[verb]);
    if (verb === "prepare") {
      this.prepared = await prepareRefs(this.context, "update-ref", this.updates, this.settings.message ?? "");
    } else if (verb === "commit") {
      await this.commit();
    } else if (verb === "abort") {
      this.abandon();
    }
    this.context.streams.write(utf8(`${verb}: ok\n`));
  }

  /** At the end of input: without any word of a transaction it is carried out, an unfinished one is not. */
  async finish(): Promise<void> {
    if (this.state === "open") await this.commit();
    else this.abandon();
  }

  /** Takes back what is prepared. */
  abandon(): void {
    const { prepared } = this;
    this.prepared = null;
    this.updates = [];
    prepared?.abort();
  }

  private async commit(): Promise<void> {
    const { prepared, updates } = this;
    this.prepared = null;
    this.updates = [];
    if (prepared !== null) prepared.commit();
    else await write(this.context, this.settings, updates);
  }

  /** Checks that a command has its place here, and notes where that leads. */
  private enter(next: State): void {
    switch (this.state) {
      case "open":
      case "started":
        if (this.state === "started" && next === "started") {
          throw new GitExit(128, "fatal: cannot restart ongoing transaction");
        }
        if (next !== "open") this.state = next;
        return;
      case "prepared":
        if (next !== "closed") throw new GitExit(128, "fatal: prepared transactions can only be closed");
        this.state = next;
        return;
      case "closed":
        if (next !== "started") throw new GitExit(128, "fatal: transaction is closed");
        this.state = next;
    }
  }
}
