/**
 * Commands about the cache.
 *
 * @module
 */
import type { ArgumentDefinition, CommandDefinition, OptionDefinition } from "../definition.ts";

const NAME: ArgumentDefinition = { name: "name", kind: "text", summary: "the entry: letters, digits, _, - and dots" };

const DIR: OptionDefinition = {
  name: "dir",
  value: { name: "dir", kind: "directory" },
  summary: "the cache's folder; else LATTICE_CACHE_DIR, $XDG_CACHE_HOME/lattice, ~/.cache/lattice",
};

const TTL: OptionDefinition = {
  name: "ttl",
  value: { name: "duration", kind: "duration" },
  summary: "for how long the content is fresh; without it, for ever",
};

/** `cache …`. */
export const CACHE_COMMANDS: readonly CommandDefinition[] = [
  {
    path: ["cache", "refresh"],
    summary: "run a program and keep what it prints, unless what is there is younger than --ttl",
    description: [
      "With --ttl an entry that is younger is left alone, and the program not run. Such an entry keeps the time for",
      "which it was stored as fresh: cache get --fresh goes by that, and not by this --ttl. One process at a time",
      "refreshes an entry; the others wait, as long as --lock-timeout says, and when somebody else stored",
      "something meanwhile they are content with that. With --force each of them runs its program, one after the",
      "other. What was there stays when the program fails. Ends with the program's exit code: 127 when it is not",
      "found, 126 when it cannot be executed, 128 + n when signal n ended it.",
    ],
    arguments: [NAME],
    options: [TTL, { name: "force", summary: "run the program, whatever is there" }, DIR],
    program: true,
    json: "{}",
    examples: [{
      line: "lattice cache refresh hosts --ttl 5m -- curl -fsS https://inventory.example/hosts",
      summary: "at most every five minutes, however many jobs ask at once",
    }],
    load: () => import("../commands/cache_refresh.ts"),
  },
  {
    path: ["cache", "get"],
    summary: "print the content of an entry",
    description: [
      "Takes no lock and never waits. Prints stale content too, unless --fresh is given. Exit code 1 when there",
      "is none, or a damaged one. In JSON the content is a text where it is UTF-8, else base64, as encoding says.",
    ],
    arguments: [NAME],
    options: [{ name: "fresh", summary: "exit code 1 when the content is stale" }, DIR],
    json: `{"name","fetched_at","ttl_ms","size","stale","digest","path","encoding","content"}`,
    examples: [{ line: "lattice cache get hosts", summary: "what was fetched last" }],
    load: () => import("../commands/cache_get.ts"),
  },
  {
    path: ["cache", "path"],
    summary: "print the path of the file that holds the content of an entry",
    description: [
      "The file is never changed. It stays for ten minutes after other content took its place, unless cache clean",
      "removes the entry.",
    ],
    arguments: [NAME],
    options: [DIR],
    json: `{"name","path"}`,
    examples: [{ line: `grep web "$(lattice cache path hosts)"`, summary: "for programs that want a file" }],
    load: () => import("../commands/cache_path.ts"),
  },
  {
    path: ["cache", "put"],
    summary: "store content that is there already",
    arguments: [NAME],
    options: [
      {
        name: "file",
        value: { name: "path|-", kind: "path" },
        required: true,
        summary: "the content; - is standard input",
      },
      TTL,
      DIR,
    ],
    json: "{}",
    examples: [{ line: "make hosts | lattice cache put hosts --file -", summary: "keep what a program prints" }],
    load: () => import("../commands/cache_put.ts"),
  },
  {
    path: ["cache", "status"],
    summary: "list the entries, or show one",
    description: ["Contents are not read: only whether they are there, and how large."],
    arguments: [{ ...NAME, optional: true }],
    options: [DIR],
    json: `[{"name","fetched_at","ttl_ms","size","stale","digest","path","damage"}]; with a name one such object`,
    examples: [{ line: "lattice cache status", summary: "what is there, and how old it is" }],
    load: () => import("../commands/cache_status.ts"),
  },
  {
    path: ["cache", "clean"],
    summary: "remove entries, and what is left of them",
    description: [
      "Without --older-than it removes all entries, fresh ones as well. What somebody refreshes at the moment is",
      "left alone, and named. Of entries that stay, it removes temporary files of processes that died, and",
      "content that was replaced more than ten minutes ago.",
    ],
    arguments: [],
    options: [
      {
        name: "older-than",
        value: { name: "duration", kind: "duration" },
        summary: "only entries that were fetched longer ago, and damaged ones",
      },
      DIR,
    ],
    json: "{}",
    examples: [{ line: "lattice cache clean --older-than 30d", summary: "what nobody fetched for a month" }],
    load: () => import("../commands/cache_clean.ts"),
  },
];
