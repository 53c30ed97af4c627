/**
 * The one judge of bad input: puts an input into a small repository on the simulated disk, runs whole command lines
 * on it, and insists that each ends in a value or in an error of the contract (`docs/reference.md`, "Exit codes"),
 * within a bounded amount of work, and that whatever failed, or only reads, changed nothing.
 *
 * Work is counted, not timed: calls of the disk, bytes read, and bytes that buffers are made for.
 *
 * @module
 */
import assert from "node:assert/strict";
import { EXIT_CODES } from "../../src/cli/exit_codes.ts";
import { runCommandLine } from "../../src/cli/run.ts";
import type { ErrorCode } from "../../src/platform/errors.ts";
import type { OpenFile } from "../../src/platform/disk.ts";
import { type Ended, keptStreams } from "../cli/command_line.ts";
import { READS } from "../simulation/calls.ts";
import { plantTree, type TreeSource } from "../simulation/dump.ts";
import { SimDisk } from "../simulation/sim_disk.ts";
import { SimSystem } from "../simulation/sim_system.ts";

/** Where the repository of a trial stands on the simulated disk. */
export const FOLDER = "/r";

/** What a trial may come to. */
export interface Verdict extends Ended {
  readonly args: readonly string[];
  /** The code of a refusal of `lattice …`; `null`: a value, a negative answer, or `lattice git …`. */
  readonly code: ErrorCode | null;
  /** What the command line left behind. */
  readonly system: SimSystem;
}

/** What belongs to some trials only. */
export interface TrialOptions {
  readonly stdin?: string | Uint8Array;
  readonly env?: Record<string, string>;
  /** The command may change the repository when it succeeds. */
  readonly changes?: boolean;
  /** Codes that this kind of damage may be refused with; exit 0 and 1 are always possible. */
  readonly codes?: readonly ErrorCode[];
  /** Limits of the work, where the usual ones are too narrow. */
  readonly limits?: Partial<Limits>;
}

/** How much work a command may do. */
interface Limits {
  readonly calls: number;
  /** Bytes read from files. */
  readonly read: number;
  /** Bytes of all buffers that were made. */
  readonly made: number;
}

const LIMITS: Limits = { calls: 20_000, read: 64 << 20, made: 160 << 20 };

/** What damage of data may be refused with: corrupt, of another version or too large. */
export const DAMAGE: readonly ErrorCode[] = ["invalid_data", "unsupported"];

const ENVIRONMENT: Readonly<Record<string, string>> = {
  HOME: "/home",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_AUTHOR_NAME: "A",
  GIT_AUTHOR_EMAIL: "a@example.com",
  GIT_COMMITTER_NAME: "C",
  GIT_COMMITTER_EMAIL: "c@example.com",
};

/** A repository into which inputs are put, each into a copy of its own. */
export class World {
  private readonly disk: SimDisk;

  /** @param base The sound repository, by absolute paths below {@link FOLDER}. */
  constructor(base: TreeSource) {
    this.disk = SimDisk.fromTree(base);
  }

  /** The machine with an input in place. */
  with(files: TreeSource, env: Record<string, string> = {}): SimSystem {
    const disk = this.disk.copy();
    plantTree(disk.storage, files);
    return systemOn(disk, env);
  }

  /** Judges one command line on one input. */
  try(files: TreeSource, args: readonly string[], options: TrialOptions = {}): Promise<Verdict> {
    return judge(this.with(files, options.env), args, options);
  }
}

function systemOn(disk: SimDisk, env: Record<string, string>): SimSystem {
  return new SimSystem(disk, { env: { ...ENVIRONMENT, ...env }, workingDirectory: FOLDER });
}

/**
 * Runs a command line on a machine and judges how it ended. `lattice …` is to be given without `--json`, which is
 * added, so that the code of a refusal can be compared with the exit code.
 */
export async function judge(system: SimSystem, args: readonly string[], options: TrialOptions = {}): Promise<Verdict> {
  const isGit = args[0] === "git";
  const line = isGit ? args : ["--json", ...args];
  const before = options.changes === true ? system.disk.copy() : null;
  const limits = { ...LIMITS, ...options.limits };
  const kept = keptStreams(options.stdin === undefined ? {} : { stdin: options.stdin });
  const work = countWork(system.disk);
  let exit: number;
  try {
    exit = await runCommandLine(line, system, kept.streams);
  } finally {
    work.end();
  }
  const ended = kept.ended(exit);
  const place = `lattice ${line.join(" ")} ended with ${exit}:\n${ended.stdout.slice(0, 500)}${ended.stderr}`;
  assert.doesNotMatch(ended.stdout + ended.stderr, EXCEPTION, place);
  assert.doesNotMatch(ended.stderr, RAW_CONTROL, place);
  assert.ok(system.disk.gate.count <= limits.calls, `${system.disk.gate.count} calls: ${place}`);
  assert.ok(work.read <= limits.read, `${work.read} bytes read: ${place}`);
  assert.ok(work.made <= limits.made, `${work.made} bytes in buffers: ${place}`);
  const code = isGit ? null : codeOf(ended, options.codes, place);
  if (isGit) assert.ok([0, 1, 128, 129].includes(exit) || (exit === 255 && args[1] === "reflog"), place);
  if (before === null) {
    for (const { operation, path } of system.disk.trace) {
      assert.ok(READS.has(operation), `${operation} ${path}: ${place}`);
    }
  } else if (exit !== 0) {
    assert.deepEqual(withoutOwnFiles(system.disk.dump()), withoutOwnFiles(before.dump()), place);
  }
  return { ...ended, args, code, system };
}

/** Words of exceptions that nobody meant to show, of values that were none, and of the report of a bug. */
export const EXCEPTION =
  /internal error|(?:Type|Range|Syntax|Reference)Error|\bERR_[A-Z]|\bat .*\.[tj]s:\d|undefined is not|is not a function|Cannot read prop|call stack|typed array length|out of memory|\[object |\bNaN\b/;

/** What a terminal would act on. */
// deno-lint-ignore no-control-regex -- control characters are what is looked for
const RAW_CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

/** The code of a refusal, which must be one that the exit code stands for; a command may tell of several, or answer alone. */
function codeOf(ended: Ended, codes: readonly ErrorCode[] = DAMAGE, place: string): ErrorCode | null {
  if (ended.exit <= 1) return null;
  const told = ended.stderr.split("\n").filter((text) => text.startsWith('{"error":')).map((line) =>
    reported(line).code
  );
  const code = (told.length === 0 ? codes : told).findLast((each) => EXIT_CODES[each] === ended.exit);
  assert.ok(code !== undefined && codes.includes(code), place);
  return code;
}

function reported(line: string): { code: ErrorCode; message: string } {
  const { error } = JSON.parse(line) as { error: { code: ErrorCode; message: string } };
  assert.ok(error.message.length > 0 && Object.hasOwn(EXIT_CODES, error.code), line);
  return error;
}

/** Without the folder in which lattice notes who holds the lock and what became of which operation. */
function withoutOwnFiles(dump: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(dump).filter(([path]) => !path.startsWith(`${FOLDER}/.git/lattice/`)));
}

/** What a command did so far. */
interface Work {
  read: number;
  made: number;
  end(): void;
}

/** Counts what is read from a disk, and every buffer that is made, until `end`. */
function countWork(disk: SimDisk): Work {
  const { readFile, openRead } = disk;
  const plain = globalThis.Uint8Array;
  const work: Work = {
    read: 0,
    made: 0,
    end() {
      globalThis.Uint8Array = plain;
    },
  };
  disk.readFile = (path, bytesMax) => {
    const bytes = readFile.call(disk, path, bytesMax);
    work.read += bytes?.length ?? 0;
    return bytes;
  };
  disk.openRead = (path) => {
    const file = openRead.call(disk, path);
    return file === null ? null : countReads(file, work);
  };
  globalThis.Uint8Array = new Proxy(plain, {
    construct(target, args: unknown[]) {
      if (typeof args[0] === "number") work.made += args[0];
      return Reflect.construct(target, args) as Uint8Array;
    },
  });
  return work;
}

function countReads(file: OpenFile, work: Work): OpenFile {
  const { readAt } = file;
  file.readAt = (buffer, position) => {
    const count = readAt.call(file, buffer, position);
    work.read += count;
    return count;
  };
  return file;
}
