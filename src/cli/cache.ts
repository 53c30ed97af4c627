/**
 * What the cache commands have in common.
 *
 * @module
 */
import type { CommandContext } from "./context.ts";
import { requireDuration } from "./duration.ts";
import { lockObserver } from "./lock_observer.ts";
import type { ParsedCommand } from "./parse.ts";
import { Cache, type CacheEntry } from "../cache/cache.ts";
import { cacheFolder } from "../cache/folder.ts";
import { LatticeError } from "../platform/errors.ts";
import { absolutePath } from "../platform/paths.ts";

/** The cache that a command is about, to be read. */
export function cacheToRead({ system }: CommandContext, parsed: ParsedCommand): Cache {
  return new Cache(folderOf(system, parsed), {}, system);
}

/** The cache that a command is about, to be changed. */
export async function cacheToChange(context: CommandContext, parsed: ParsedCommand): Promise<Cache> {
  const { system } = context;
  const name = parsed.arguments[0];
  const words = [...parsed.command, ...(name === undefined ? [] : [name])];
  return new Cache(folderOf(system, parsed), {
    command: words.join(" "), // not the program's: what it is given may be secret
    timeoutMs: await context.lockTimeoutMs(),
    ...(name === undefined
      ? {}
      : { observer: lockObserver(context, `the lock of the cache entry ${JSON.stringify(name)}`) }),
  }, system);
}

function folderOf(system: CommandContext["system"], parsed: ParsedCommand): string {
  const dir = parsed.value("dir");
  if (dir === "") { // an empty variable of a script's; the user's own cache is not what it meant
    throw new LatticeError("usage", "option --dir names no folder", {
      hint: "write --dir <dir>, or leave it out for the cache of the user",
    });
  }
  return absolutePath(system, dir ?? cacheFolder(system.env));
}

/** The value of `--ttl` in milliseconds. @throws {LatticeError} `usage`: it is no duration. */
export function ttlOption(parsed: ParsedCommand): { ttlMs?: number } {
  const ttl = parsed.value("ttl");
  return ttl === undefined ? {} : { ttlMs: requireDuration(ttl, "--ttl") };
}

/** An entry as JSON has it. */
export function entryJson({ name, fetchedAt, ttlMs, size, stale, digest, path }: CacheEntry) {
  return { name, fetched_at: fetchedAt, ttl_ms: ttlMs, size, stale, digest, path };
}

/** The error about an entry that is not there, or damaged. */
export function noEntry(cache: Cache, name: string): LatticeError {
  const status = cache.status(name);
  // What is sound at a glance was not when all of it was read.
  const damage = status === undefined ? null : status.damage ?? "its content is not that which its pointer names";
  return new LatticeError(
    "not_found",
    `the cache entry ${JSON.stringify(name)} is ${damage === null ? "not there" : `damaged: ${damage}`}`,
    {
      hint: `fetch it with lattice cache refresh ${name} -- <command>`,
      details: { name, path: `${cache.folder}/${name}`, damage },
    },
  );
}
