/** Lock records in a SQLite file, by the binary. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, renameSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { gitEnvironment, runProgram } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { runs, tried } from "../thoroughness.ts";
import { binary, type Ended, lattice, textOf, underProgram } from "./binary.ts";
import { onTerminal } from "./terminal.ts";

const STORE = "sqlite:./leases.db";

interface Lease {
  id: string;
  owner: string;
  fencing_token: string;
  expires_at: string | null;
}

function lease(cwd: string, ...args: string[]): Ended {
  return lattice(["lease", args[0]!, "--store", STORE, ...args.slice(1)], { cwd });
}

function ok(ended: Ended): string {
  assert.equal(ended.exit, 0, ended.stderr);
  return ended.stdout;
}

function acquired(cwd: string, owner: string, ...more: string[]): Lease {
  return JSON.parse(ok(lease(cwd, "acquire", "s", "f", "--owner", owner, "--client", "c", "--json", ...more))) as Lease;
}

/** Starts `lease exec` on the one lock that all tests want. */
function exec(cwd: string, owner: string, options: string[], ...program: string[]): ReturnType<typeof spawn> {
  const args = ["lease", "exec", "s", "f", "--store", STORE, "--owner", owner, "--client", "c", ...options, "--"];
  return spawn(binary, [...args, ...program], { cwd, env: gitEnvironment, stdio: ["pipe", "pipe", "pipe"] });
}

async function exitOf(child: ReturnType<typeof spawn>): Promise<number | null> {
  return (await once(child, "close") as [number | null])[0];
}

test("lease: a lock is taken, refused to others, renewed, shown, released", () => {
  const cwd = temporaryFolder();
  const [id, token] = ok(lease(cwd, "acquire", "s", "f", "--owner", "o", "--client", "c", "--ttl", "10m")).trim().split(
    " ",
  );
  assert.equal(token, "1");
  const refused = lease(cwd, "acquire", "s", "f", "--owner", "p", "--client", "c", "--json");
  const { error } = JSON.parse(refused.stderr) as { error: { code: string; details: Record<string, unknown> } };
  assert.deepEqual([refused.exit, error.code, error.details["id"], error.details["owner"]], [4, "locked", id, "o"]);
  assert.equal(lease(cwd, "acquire", "s", "f", "--owner", "p", "--client", "c", "--wait", "50ms").exit, 4);
  const shown = JSON.parse(ok(lease(cwd, "get", id!, "--json"))) as Lease;
  assert.deepEqual(Object.keys(shown), [
    "id",
    "share",
    "file",
    "owner",
    "client",
    "lock_type",
    "offset",
    "length",
    "share_reservation",
    "acquired_at",
    "expires_at",
    "server_epoch",
    "fencing_token",
  ]);
  assert.match(shown.expires_at!, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.equal(ok(lease(cwd, "renew", id!)), "never\n");
  assert.match(ok(lease(cwd, "get", id!)), /^expires_at: never$/m);
  assert.equal(ok(lease(cwd, "list")).split("\t").length, 9);
  assert.equal(ok(lease(cwd, "list", "--owner", "o", "--file", "g")), "");
  assert.deepEqual(JSON.parse(ok(lease(cwd, "release", id!, "--json"))), {});
  for (const command of ["release", "renew", "get"]) assert.equal(lease(cwd, command, id!).exit, 1);
  assert.equal(statSync(`${cwd}/leases.db`).mode & 0o777, 0o600);
});

test("lease: ranges, shared locks and reservations up to the end of 64 bits", () => {
  const cwd = temporaryFolder();
  const top = "18446744073709551615";
  const last = acquired(cwd, "a", "--offset", top, "--length", "1");
  assert.equal(ok(lease(cwd, "list")).split("\t")[6], `${top}-${top}`);
  acquired(cwd, "b", "--length", top);
  assert.equal(lease(cwd, "acquire", "s", "f", "--owner", "c", "--client", "c", "--offset", top).exit, 4);
  assert.equal(
    lease(cwd, "acquire", "s", "f", "--owner", "c", "--client", "c", "--offset", top, "--length", "2").exit,
    2,
  );
  assert.equal(lease(cwd, "acquire", "s", "f", "--owner", "c", "--client", "c", "--offset", `${top}0`).exit, 2);
  assert.equal(lease(cwd, "acquire", "s", "f", "--client", "c").exit, 2);
  ok(lease(cwd, "release", last.id));
  assert.equal(ok(lease(cwd, "drop", "--file", "f")), "1\n");
  acquired(cwd, "a", "--shared");
  acquired(cwd, "b", "--shared");
  assert.equal(
    lease(cwd, "acquire", "s", "f", "--owner", "c", "--client", "c", "--shared", "--share-reservation", "1").exit,
    4,
  );
});

test("lease: epochs, dropping by client, and migrations", () => {
  const cwd = temporaryFolder();
  assert.equal(ok(lease(cwd, "epoch")), "0\n");
  acquired(cwd, "a");
  assert.deepEqual(JSON.parse(ok(lease(cwd, "epoch", "--bump", "--drop-stale", "--json"))), { epoch: "1", dropped: 1 });
  assert.equal(ok(lease(cwd, "list")), "");
  assert.equal(lease(cwd, "epoch", "--drop-stale").exit, 2);
  acquired(cwd, "a");
  assert.equal(ok(lease(cwd, "drop", "--client", "c")), "1\n");
  assert.equal(lease(cwd, "drop").exit, 2);
  assert.equal(ok(lease(cwd, "migrate", "--down", "--dry-run")).split("\n")[0], "schema version 1 → 0");
  assert.equal(ok(lease(cwd, "epoch")), "1\n", "nothing was done");
  ok(lease(cwd, "migrate", "--down"));
  ok(lease(cwd, "migrate"));
  assert.equal(ok(lease(cwd, "epoch")), "0\n");
});

test("lease: 16 processes count up under one lock, none is lost, and tokens grow from holder to holder", async () => {
  const cwd = temporaryFolder();
  writeFileSync(`${cwd}/count`, "0");
  const times = runs(3, 40);
  const script = 'n=$(cat count); echo $((n + 1)) >count; echo "$LATTICE_FENCING_TOKEN" >>tokens';
  const worker = async (number: number): Promise<void> => {
    for (let i = 0; i < times; i++) {
      const child = exec(cwd, `worker ${number}`, ["--wait", "5m", "--lock-timeout", "5m"], "sh", "-c", script);
      let told = "";
      child.stderr!.on("data", (chunk: Uint8Array) => told += new TextDecoder().decode(chunk));
      assert.equal(await exitOf(child), 0, told);
    }
  };
  await Promise.all(Array.from({ length: 16 }, (_, number) => worker(number)));
  assert.equal(readFileSync(`${cwd}/count`, "utf8").trim(), String(16 * times));
  const tokens = readFileSync(`${cwd}/tokens`, "utf8").trim().split("\n").map(Number);
  assert.deepEqual(tokens, [...tokens].sort((a, b) => a - b));
  assert.equal(ok(lease(cwd, "list")), "");
  tried("lease exec of 16 processes", { "racing updates": 16 * times });
});

test("lease exec: the lock of one that was killed is had when its time is up, with a higher token", async () => {
  const cwd = temporaryFolder();
  const holder = exec(cwd, "a", ["--ttl", "400ms"], "sh", "-c", "echo in; exec cat");
  await once(holder.stdout!, "data");
  const gone = exitOf(holder);
  holder.kill("SIGKILL");
  await gone;
  const [left] = JSON.parse(ok(lease(cwd, "list", "--json"))) as Lease[];
  const next = acquired(cwd, "b", "--wait", "1m");
  assert.ok(left === undefined || BigInt(next.fencing_token) > BigInt(left.fencing_token));
  assert.equal(lease(cwd, "release", left?.id ?? next.id).exit, left === undefined ? 0 : 1);
});

test("lease exec: its program is stopped when the lock is lost, and it ends with 4", async () => {
  const cwd = temporaryFolder();
  const script = "trap 'echo stopped; exit 0' TERM; echo in; while :; do sleep 0.05; done";
  const child = exec(cwd, "a", ["--ttl", "6s"], "sh", "-c", script);
  let shown = "";
  let told = "";
  child.stdout!.on("data", (chunk: Uint8Array) => shown += new TextDecoder().decode(chunk));
  child.stderr!.on("data", (chunk: Uint8Array) => told += new TextDecoder().decode(chunk));
  await once(child.stdout!, "data");
  ok(lease(cwd, "drop", "--client", "c"));
  assert.equal(await exitOf(child), 4);
  assert.equal(shown, "in\nstopped\n");
  assert.match(told, /^error: the lock .* was lost, and the program was stopped/);
});

test("lease exec: a signal reaches its program, and the lock is given back", async () => {
  for (const [signal, exit] of [["SIGTERM", 143], ["SIGINT", 130], ["SIGHUP", 129]] as const) {
    const cwd = temporaryFolder();
    const child = exec(cwd, "a", [], "sh", "-c", "echo in; exec sleep 60");
    await once(child.stdout!, "data");
    child.kill(signal);
    assert.equal(await exitOf(child), exit);
    assert.equal(ok(lease(cwd, "list")), "", signal);
  }
});

test("lease exec: renews while its program runs, ends with its exit code, and gives the lock back", () => {
  const cwd = temporaryFolder();
  const ended = lattice(
    ["lease", "exec", "s", "f", "--store", STORE, "--owner", "a", "--client", "c", "--ttl", "300ms", "--", "sh", "-c"]
      .concat(`sleep 1; ${binary} lease list --store ${STORE} | wc -l; exit 7`),
    { cwd },
  );
  assert.deepEqual([ended.exit, ended.stdout.trim()], [7, "1"]);
  assert.equal(ok(lease(cwd, "list")), "");
  for (const [program, exit] of [["no-such-program", 127], [`${cwd}/leases.db`, 126]] as const) {
    const args = ["lease", "exec", "s", "f", "--store", STORE, "--owner", "a", "--client", "c", "--", program];
    assert.equal(lattice(args, { cwd }).exit, exit);
  }
  assert.equal(ok(lease(cwd, "list")), "");
});

test("lease list on a terminal is a table", async () => {
  const cwd = temporaryFolder();
  acquired(cwd, "a");
  const terminal = onTerminal(`${binary} lease list --store ${STORE}`, cwd);
  assert.equal(await terminal.ended(), 0);
  const [head, row] = terminal.shown().split(/\r?\n/);
  assert.match(head!, /^ID +SHARE +FILE +OWNER +CLIENT +TYPE +RANGE +EXPIRES +TOKEN$/);
  assert.equal(head!.indexOf("SHARE"), row!.indexOf(" s ") + 1);
});

test("lease: a damaged store, one of a newer lattice, and one that is no file are refused and left alone", () => {
  const cwd = temporaryFolder();
  acquired(cwd, "a");
  const sound = readFileSync(`${cwd}/leases.db`);
  const expectRefused = (exit: number, pattern: RegExp): void => {
    const before = readFileSync(`${cwd}/leases.db`);
    for (const args of [["list"], ["acquire", "s", "g", "--owner", "o", "--client", "c"], ["migrate"]]) {
      const ended = lease(cwd, ...args);
      assert.equal(ended.exit, exit, `${args.join(" ")}: ${ended.stderr}`);
      assert.match(ended.stderr, pattern);
      assert.match(ended.stderr, /^hint: /m);
    }
    assert.deepEqual(readFileSync(`${cwd}/leases.db`), before);
  };
  writeFileSync(`${cwd}/leases.db`, "this is no database, however long it may be ".repeat(100));
  expectRefused(6, /leases\.db" is damaged or no database/);
  const newer = new Uint8Array(sound);
  newer[63] = 2; // the file's user_version
  writeFileSync(`${cwd}/leases.db`, newer);
  expectRefused(8, /schema version 2/);
  const nowhere = lattice(["lease", "list", "--store", "sqlite:no/folder/leases.db"], { cwd });
  assert.equal(nowhere.exit, 7, nowhere.stderr);
  assert.match(nowhere.stderr, /no\/folder\/leases\.db/);
  const folder = lattice(["lease", "list", "--store", "sqlite:."], { cwd });
  assert.equal(folder.exit, 7, folder.stderr);
  assert.equal(lattice(["lease", "list", "--store", "redis:x"], { cwd }).exit, 2);
});

test("lease: a store in no folder, behind a link to nothing, or of a name that is not UTF-8 is refused, and nothing is made", () => {
  const cwd = temporaryFolder();
  symlinkSync("elsewhere.db", `${cwd}/link.db`);
  const refused = [
    ["none/leases.db", 7, /none\/leases\.db.*\(ENOENT\)\nhint: mkdir -p .*\/none\n/],
    ["link.db", 7, /leads to nothing\nhint: put back/],
    ["$(printf '\\377').db", 8, /\\xff\.db" cannot be used: its path is not UTF-8\nhint: /],
  ] as const;
  for (const [path, exit, told] of refused) {
    const ended = underProgram(["sh", "-c", `exec "$0" lease epoch --store "sqlite:./${path}"`], [], { cwd });
    assert.equal(ended.exit, exit, ended.stderr);
    assert.match(ended.stderr, told);
  }
  assert.deepEqual(readdirSync(cwd), ["link.db"]);
});

test("lease: reading makes neither the store nor its folder", () => {
  const home = temporaryFolder();
  const env = { ...gitEnvironment, HOME: home, XDG_STATE_HOME: "" };
  const id = "00000000-0000-4000-8000-000000000000";
  for (
    const [exit, stdout, ...args] of [[0, "", "list"], [1, "", "get", id], [0, "0\n", "epoch"]] as const
  ) {
    for (const store of [[], ["--store", "sqlite:leases.db"]]) {
      const ended = lattice(["lease", ...args, ...store], { cwd: home, env });
      assert.deepEqual([ended.exit, ended.stdout], [exit, stdout], ended.stderr);
      assert.deepEqual(readdirSync(home), []);
    }
  }
});

test("lease exec holds its lock for 30s without --ttl, as its help says", () => {
  const cwd = temporaryFolder();
  assert.match(ok(lattice(["lease", "exec", "--help"], { cwd })), /--ttl <duration> .*; 30s without it/);
  const args = ["s", "f", "--owner", "a", "--client", "c", "--", binary, "lease", "list", "--store", STORE, "--json"];
  const [held] = JSON.parse(ok(lease(cwd, "exec", ...args))) as (Lease & { acquired_at: string })[];
  assert.equal(Date.parse(held!.expires_at!) - Date.parse(held!.acquired_at), 30_000);
});

test("lease exec: a ttl beyond what a timer of the runtime holds is not over at once", () => {
  const cwd = temporaryFolder();
  const ended = lease(
    cwd,
    "exec",
    "s",
    "f",
    "--owner",
    "a",
    "--client",
    "c",
    "--ttl",
    "100d",
    "-v",
    "--",
    "sleep",
    "0.2",
  );
  assert.match(ended.stderr, /^lock \S+ taken, fencing token 1\n$/);
});

test("lease exec: a store that others keep busy is not waited for until the lock has expired: the program is stopped before", async () => {
  const cwd = temporaryFolder();
  const script = "trap 'echo stopped; exit 0' TERM; echo in; while :; do sleep 0.05; done";
  const holder = exec(cwd, "a", ["--ttl", "6s", "--lock-timeout", "1m"], "sh", "-c", script);
  let [shown, told] = ["", ""];
  const stopped = new Promise<void>((resolve) =>
    holder.stdout!.on("data", (chunk: Uint8Array) => {
      shown += new TextDecoder().decode(chunk);
      if (shown === "in\nstopped\n") resolve();
    })
  );
  holder.stderr!.on("data", (chunk: Uint8Array) => told += new TextDecoder().decode(chunk));
  await once(holder.stdout!, "data");
  const other = new DatabaseSync(`${cwd}/leases.db`);
  other.exec("pragma busy_timeout = 60000; begin immediate");
  await stopped; // the store is still busy
  other.exec("rollback");
  other.close();
  assert.equal(await exitOf(holder), 4);
  assert.match(told, /^error: the lock .* was lost, .*: the store did not renew it in time\nhint: /);
});

test("lease and state: a lock, and a store that others keep busy, are refused with path, holder and waited_ms in JSON", () => {
  const cwd = temporaryFolder();
  acquired(cwd, "a");
  const details = ({ exit, stderr }: Ended): Record<string, unknown> => {
    assert.equal(exit, 4, stderr);
    return (JSON.parse(stderr) as { error: { details: Record<string, unknown> } }).error.details;
  };
  const request = ["acquire", "s", "f", "--owner", "b", "--client", "c", "--json"];
  const refused = details(lease(cwd, ...request, "--wait", "60ms"));
  assert.deepEqual([refused["path"], refused["holder"]], [null, null]);
  assert.ok(Number(refused["waited_ms"]) >= 60);
  const other = new DatabaseSync(`${cwd}/leases.db`);
  other.exec("begin immediate");
  const save = ["state", "save", "x", "--store", STORE, "--json", "--lock-timeout", "60ms"];
  for (const ended of [lease(cwd, ...request, "--lock-timeout", "60ms"), lattice(save, { cwd, stdin: "{}" })]) {
    const { path, holder, waited_ms } = details(ended);
    assert.deepEqual([path, holder], [`${cwd}/${STORE.slice("sqlite:".length)}`, null]);
    assert.ok(Number(waited_ms) >= 60, String(waited_ms));
  }
  other.exec("rollback");
  other.close();
});

test("lease exec: a store that is moved away meanwhile is noticed, and the program is stopped", async () => {
  const cwd = temporaryFolder();
  const child = exec(cwd, "a", ["--ttl", "600ms"], "sh", "-c", "echo in; exec sleep 60");
  let told = "";
  child.stderr!.on("data", (chunk: Uint8Array) => told += new TextDecoder().decode(chunk));
  await once(child.stdout!, "data");
  renameSync(`${cwd}/leases.db`, `${cwd}/elsewhere.db`);
  assert.notEqual(await exitOf(child), 0);
  assert.match(told, /moved away or replaced/);
  assert.equal(existsSync(`${cwd}/leases.db`), false);
});

test("lease acquire gives the lock back when its answer cannot be written, or nobody reads it", () => {
  const cwd = temporaryFolder();
  const acquire = `"$0" lease acquire s f --owner o --client c --store ${STORE}`;
  for (
    const [script, exit, told] of [[`${acquire} >/dev/full`, 7, /^error: .*ENOSPC/], [
      `{ sleep 0.2; ${acquire}; echo $? >&2; } | :`,
      0,
      /^141\n$/,
    ]] as const
  ) {
    const ended = textOf(runProgram("sh", ["-c", script, binary], cwd));
    assert.equal(ended.exit, exit, ended.stderr);
    assert.match(ended.stderr, told);
    assert.equal(ok(lease(cwd, "list")), "");
  }
});

test("lease and state refuse SQLite's name for a database in memory, and make no file of that name", () => {
  const cwd = temporaryFolder();
  for (
    const args of [["lease", "list"], ["lease", "acquire", "s", "f", "--owner", "o", "--client", "c"], [
      "state",
      "list",
    ]]
  ) {
    const { exit, stderr } = lattice([...args, "--store", "sqlite::memory:"], { cwd });
    assert.equal(exit, 2, stderr);
    assert.match(
      stderr,
      /^error: the store names no file: "sqlite::memory:"\nhint: .* sqlite:\.\/locks\.db.* memory: /,
    );
  }
  assert.deepEqual(readdirSync(cwd), []);
});

test("lease: what is wrong on the command line is told by the place where it stands, with what to type instead", () => {
  const cwd = temporaryFolder();
  const acquire = (more: string[], [share, file] = ["s", "f"]) => ["acquire", share!, file!, ...more];
  const owned = (...more: string[]) => acquire(["--owner", "o", "--client", "c", ...more]);
  const refused: [string[], RegExp][] = [
    [acquire(["--owner", "o", "--client", "c"], ["", "f"]), /^error: <share> is "", expected a text of 1 to 1024/],
    [acquire(["--owner", "o", "--client", "c"], ["s", ""]), /^error: <file> is ""/],
    [acquire(["--owner", "", "--client", "c"]), /^error: option --owner is ""/],
    [acquire(["--owner", "o", "--client", ""]), /^error: option --client is ""/],
    [
      owned("--offset", "18446744073709551616"),
      /^error: option --offset is no .*\nhint: .* to 18446744073709551615\n$/,
    ],
    [owned("--offset", "18446744073709551615", "--length", "2"), /^error: option --length is 2, expected a range/],
    [["list", "--share", ""], /^error: option --share is ""/],
    [["drop", "--file", ""], /^error: option --file is ""/],
    [["drop"], /^error: neither --client nor --file/],
    [["epoch", "--drop-stale"], /^error: --drop-stale goes with --bump/],
    ...["get", "release", "renew"].map((
      command,
    ): [string[], RegExp] => [[command, "x"], /^error: <id> is "x", expected/]),
    ...["1.5s", "0", "inf", "36501d", "99999999999999d"].map((ttl): [string[], RegExp] => [
      owned("--ttl", ttl),
      /^error: option --ttl .*\nhint: write a whole number and a unit .*, up to 36500d; without --ttl the lock never/,
    ]),
    [["exec", "s", "f", "--owner", "o", "--client", "c", "--ttl", "inf", "--", "true"], /, up to 36500d\n$/],
  ];
  for (const [args, told] of refused) {
    const { exit, stderr } = lease(cwd, ...args);
    assert.equal(exit, 2, `${args.join(" ")}: ${stderr}`);
    assert.match(stderr, told);
    assert.match(stderr, /^hint: ./m);
  }
  assert.deepEqual(readdirSync(cwd), []);
  ok(lease(cwd, ...owned("--ttl", "36500d")));
});
