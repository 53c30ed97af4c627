/**
 * What a command works with.
 *
 * @module
 */
import type { GlobalOptions } from "./global_options.ts";
import type { Log, Output } from "./output.ts";
import type { Settings } from "./settings.ts";
import type { CommandTable } from "./parse.ts";
import { createLog, createOutput } from "./output.ts";
import { withoutPasswords } from "./store_url.ts";
import { LatticeError } from "../platform/errors.ts";
import type { Host, System } from "../platform/system.ts";
import type { Streams } from "../platform/streams.ts";
import { openRepository } from "../git/open.ts"; // at once, since nearly every command needs it
import type { Repository } from "../git/repository.ts";
import { absolutePath, joinPath } from "../platform/paths.ts";

/** What a command works with. */
export interface CommandContext {
  /** The world; its working folder is that of `-C`. */
  readonly system: System;
  readonly streams: Streams;
  readonly global: GlobalOptions;
  readonly output: Output;
  readonly log: Log;
  /** Loads all commands, for help and completion. */
  readonly loadTable: () => Promise<CommandTable>;
  /** The command line, for the journal and for messages about locks; without passwords of URLs. */
  readonly commandLine: readonly string[];
  /** Finds, trusts and opens the repository once; later calls give the same one. */
  openRepository(): Promise<Repository>;
  /** Configuration: repo config (where there is a repository), user config. Read once. */
  settings(): Promise<Settings>;
  /** What flag, environment or config say about waiting for locks, in milliseconds; git's own locks heed only that. */
  givenLockTimeoutMs(): Promise<number | undefined>;
  /** How long to wait for the repo lock, in milliseconds: flag, environment, config, 10 s. */
  lockTimeoutMs(): Promise<number>;
}

/** Longest wait for a lock in milliseconds, when nothing else is said. */
export const LOCK_TIMEOUT_MS_DEFAULT = 10_000;

/** Makes the context of a command. */
export function createContext(
  system: System,
  streams: Streams,
  global: GlobalOptions,
  loadTable: () => Promise<CommandTable>,
  commandLine: readonly string[],
): CommandContext {
  const world = inDirectory(system, global.directories);
  let repository: Promise<Repository> | undefined;
  let settings: Promise<Settings> | undefined;
  const log = createLog(streams, global, world);
  const context: CommandContext = {
    system: world,
    streams,
    global,
    loadTable,
    get commandLine() {
      return commandLine.map(withoutPasswords); // when asked: only changes and locks tell it
    },
    output: createOutput(streams, global.json),
    log,
    openRepository: () => repository ??= openRepositoryOf(world, global.gitDir),
    settings: () => settings ??= loadSettings(context),
    givenLockTimeoutMs: async () => {
      const settings = await context.settings(); // first: the config may say that we cannot lock at all
      return global.lockTimeoutMs ?? await environmentTimeoutMs(world) ?? settings.lockTimeoutMs;
    },
    lockTimeoutMs: async () => await context.givenLockTimeoutMs() ?? LOCK_TIMEOUT_MS_DEFAULT,
  };
  return context;
}

// deno-lint-ignore require-await -- so that what is thrown rejects the promise; `new Promise` costs 0.05 ms at its first use
async function openRepositoryOf(system: System, gitDir: string | undefined): Promise<Repository> {
  const repository = openRepository(system, {
    cwd: system.host.workingDirectory,
    ...(gitDir === undefined ? {} : { gitDir: absolutePath(system, gitDir) }),
  });
  // Every command is about refs, be it at one remove: a backend that cannot be read is refused here.
  if (repository.refStorage !== "files") void repository.refs;
  return repository;
}

async function loadSettings(context: CommandContext): Promise<Settings> {
  const { loadSettings } = await import("./settings.ts");
  return await loadSettings(context);
}

async function environmentTimeoutMs(system: System): Promise<number | undefined> {
  const { environmentLockTimeoutMs } = await import("./settings.ts");
  return environmentLockTimeoutMs(system);
}

/**
 * The same world with another working folder.
 *
 * @throws {LatticeError} `usage`: a folder is not there.
 */
export function inDirectory(system: System, directories: readonly string[]): System {
  let folder: string | undefined;
  for (const directory of directories) {
    if (directory === "") continue; // as in git: no change
    // The working folder is asked for only where it is needed: it may be gone.
    const path = directory.startsWith("/") ? directory : joinPath(folder ?? system.host.workingDirectory, directory);
    if (system.disk.stat(path)?.kind !== "directory") {
      throw new LatticeError("usage", `cannot change to ${JSON.stringify(directory)}: there is no such folder`, {
        hint: "look at its spelling; a folder behind -C counts from the one before",
        details: { path },
      });
    }
    folder = system.disk.realPath(path) ?? path;
  }
  if (folder === undefined) return system;
  const host = Object.create(system.host, { workingDirectory: { value: folder, enumerable: true } }) as Host;
  return Object.create(system, { host: { value: host, enumerable: true } }) as System;
}
