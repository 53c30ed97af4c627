/**
 * Commands about lock records.
 *
 * @module
 */
import type { ArgumentDefinition, CommandDefinition, OptionDefinition } from "../definition.ts";

const STORE: OptionDefinition = {
  name: "store",
  value: { name: "url", kind: "text" },
  summary: "where the records are; else LATTICE_LEASE_STORE, lease.store, a SQLite file of the user's",
};

const WHERE = [
  "A store is sqlite:<path>, postgres://<server>/<database>, or memory:. Without one it is the SQLite file",
  "lattice/leases.db in $XDG_STATE_HOME (~/.local/state). Needs no repository.",
];

const ID: ArgumentDefinition = { name: "id", kind: "text", summary: "the id that lease acquire printed" };

const SHARE: ArgumentDefinition = { name: "share", kind: "text", summary: "the share: a name for a set of files" };

const FILE: ArgumentDefinition = { name: "file", kind: "text", summary: "the file: any name within the share" };

const TTL = ttlOption("for how long it is held; without it, for ever");

function ttlOption(summary: string): OptionDefinition {
  return {
    name: "ttl",
    value: { name: "duration", kind: "text" }, // neither 0 nor inf, as durations elsewhere: the command looks itself
    summary,
  };
}

const REQUEST: readonly OptionDefinition[] = [
  { name: "owner", value: { name: "owner", kind: "text" }, required: true, summary: "who wants it, within its client" },
  {
    name: "client",
    value: { name: "client", kind: "text" },
    required: true,
    summary: "the program, session or host that the owner belongs to",
  },
  { name: "shared", summary: "others may hold shared locks as well" },
  { name: "offset", value: { name: "n", kind: "text" }, summary: "first byte of the range; 0 without it" },
  { name: "length", value: { name: "n", kind: "text" }, summary: "number of bytes; 0, to the end, without it" },
  {
    name: "share-reservation",
    value: { name: "n", kind: "text", choices: ["0", "1", "2", "3"] },
    summary: "what others may not do with the file: 1 read, 2 write, 3 both; 0 without it",
  },
];

const WAIT: OptionDefinition = {
  name: "wait",
  value: { name: "duration", kind: "duration" },
  summary: "how long to wait while others are in the way; without it, not at all",
};

const RECORD =
  `{"id","share","file","owner","client","lock_type","offset","length","share_reservation","acquired_at","expires_at","server_epoch","fencing_token"}`;

/** `lease …`. */
export const LEASE_COMMANDS: readonly CommandDefinition[] = [
  {
    path: ["lease", "acquire"],
    summary: "take a lock on a range of a file of a share",
    description: [
      "Prints the id of the record and its fencing token, which grows with every lock of the store. Exit code 4 when",
      "somebody else holds what excludes it. A lock whose id cannot be printed is given back.",
      ...WHERE,
    ],
    arguments: [SHARE, FILE],
    options: [...REQUEST, TTL, WAIT, STORE],
    json: RECORD,
    examples: [
      {
        line: "lattice lease acquire deploy production --owner job-17 --client runner-3 --ttl 10m --wait 5m",
        summary: "the right to deploy, for ten minutes",
      },
    ],
    load: () => import("../commands/lease_acquire.ts"),
  },
  {
    path: ["lease", "release"],
    summary: "give a lock back",
    description: ["Exit code 1 when it is not there, or has expired.", ...WHERE],
    arguments: [ID],
    options: [STORE],
    json: "{}",
    examples: [{ line: "lattice lease release $id", summary: "others can have it" }],
    load: () => import("../commands/lease_release.ts"),
  },
  {
    path: ["lease", "renew"],
    summary: "let a lock live on",
    description: ["Counts from now on. Prints until when. Exit code 1 when it is not there, or has expired.", ...WHERE],
    arguments: [ID],
    options: [TTL, STORE],
    json: RECORD,
    examples: [{ line: "lattice lease renew $id --ttl 10m", summary: "ten more minutes" }],
    load: () => import("../commands/lease_renew.ts"),
  },
  {
    path: ["lease", "get"],
    summary: "print a lock record",
    description: ["Exit code 1 when it is not there, or has expired.", ...WHERE],
    arguments: [ID],
    options: [STORE],
    json: RECORD,
    examples: [{ line: "lattice lease get $id --json", summary: "who holds it, and until when" }],
    load: () => import("../commands/lease_get.ts"),
  },
  {
    path: ["lease", "list"],
    summary: "list lock records",
    description: ["Those that match all that is given. On a terminal as a table, else with tabs.", ...WHERE],
    arguments: [],
    options: [
      { name: "share", value: { name: "share", kind: "text" }, summary: "of this share" },
      { name: "file", value: { name: "file", kind: "text" }, summary: "of this file" },
      { name: "owner", value: { name: "owner", kind: "text" }, summary: "of this owner" },
      { name: "client", value: { name: "client", kind: "text" }, summary: "of this client" },
      STORE,
    ],
    json: `[${RECORD}]`,
    examples: [{ line: "lattice lease list --client runner-3", summary: "what that runner holds" }],
    load: () => import("../commands/lease_list.ts"),
  },
  {
    path: ["lease", "drop"],
    summary: "delete all lock records of a client or a file",
    description: ["Prints how many these were.", ...WHERE],
    arguments: [],
    options: [
      { name: "client", value: { name: "client", kind: "text" }, excludes: ["file"], summary: "of this client" },
      { name: "file", value: { name: "file", kind: "text" }, excludes: ["client"], summary: "of this file" },
      STORE,
    ],
    json: `{"dropped"}`,
    examples: [{ line: "lattice lease drop --client runner-3", summary: "after that runner has died" }],
    load: () => import("../commands/lease_drop.ts"),
  },
  {
    path: ["lease", "epoch"],
    summary: "print the epoch of a store, or begin the next one",
    description: ["A fresh store is at 0. A server or a fleet begins a new one when it starts.", ...WHERE],
    arguments: [],
    options: [
      { name: "bump", summary: "begin the next epoch" },
      { name: "drop-stale", summary: "with --bump: delete the records of earlier epochs" },
      STORE,
    ],
    json: `{"epoch","dropped"}`,
    examples: [{ line: "lattice lease epoch --bump --drop-stale", summary: "when the fleet starts" }],
    load: () => import("../commands/lease_epoch.ts"),
  },
  {
    path: ["lease", "exec"],
    summary: "run a program while holding a lock",
    description: [
      "Takes the lock for the time of --ttl (30s without it), renews it three times within that while the program runs,",
      "and gives it back. The fencing token is in LATTICE_FENCING_TOKEN. When a renewal tells that the lock is lost, the",
      "program gets SIGTERM, after five seconds SIGKILL. The exit code is 4 then, and also when the loss is seen only",
      "after the program has ended; else it is the program's.",
      ...WHERE,
    ],
    arguments: [SHARE, FILE],
    options: [...REQUEST, ttlOption("for how long it is held without being renewed; 30s without it"), WAIT, STORE],
    program: true,
    json: null,
    examples: [{
      line: "lattice lease exec deploy production --owner job-17 --client runner-3 --wait 5m -- make deploy",
      summary: "one deployment at a time, wherever the runners are",
    }],
    load: () => import("../commands/lease_exec.ts"),
  },
  {
    path: ["lease", "migrate"],
    summary: "bring the tables of a store to the present version",
    description: [
      "Several may do so at once. --down takes the tables away, with all records and state documents in them.",
      ...WHERE,
    ],
    arguments: [],
    options: [
      { name: "dry-run", summary: "say what would be done" },
      { name: "down", summary: "take the tables away" },
      STORE,
    ],
    json: `{"from","to","dry_run","statements"}`,
    examples: [{ line: "lattice lease migrate --dry-run", summary: "what a new version needs" }],
    load: () => import("../commands/lease_migrate.ts"),
  },
];
