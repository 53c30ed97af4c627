/**
 * What the cache commands of the binary do, whatever the file system: on one that hosts share, by PID lock files.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { gitEnvironment } from "../git_oracle.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { binary, type Ended, lattice } from "./binary.ts";
import { onTerminal } from "./terminal.ts";

/** How a file system is locked. */
export type Backend = "flock" | "pid";

/** A check: `place` is a folder of the file system, for it alone. */
export type Check = (place: string, backend: Backend) => void | Promise<void>;

/** A process that runs. */
interface Running {
  readonly child: ChildProcess;
  /** What it has said on standard error. */
  stderr(): string;
  /** Waits until it has said something. */
  said(pattern: RegExp): Promise<void>;
  /** Waits for its end. */
  ended(): Promise<number | null>;
}

function start(place: string, args: readonly string[]): Running {
  const child = spawn(binary, args, {
    cwd: place,
    env: { ...gitEnvironment, LATTICE_CACHE_DIR: join(place, "cache") },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const closed = once(child, "close") as Promise<[number | null]>;
  let text = "";
  let wake = () => {};
  let isOver = false;
  child.stderr!.on("data", (chunk: Uint8Array) => {
    text += new TextDecoder().decode(chunk);
    wake();
  });
  void closed.then(() => (isOver = true, wake()));
  return {
    child,
    stderr: () => text,
    async said(pattern) {
      while (!pattern.test(text)) {
        assert.equal(isOver, false, `it ended without ${pattern}: ${text}`);
        await new Promise<void>((resolve) => wake = resolve);
      }
    },
    ended: async () => (await closed)[0],
  };
}

function cache(place: string, ...args: string[]): Ended {
  return lattice(["cache", ...args], { cwd: place, env: { LATTICE_CACHE_DIR: join(place, "cache") } });
}

/** Names in an entry's folder that are neither content nor pointer nor the lasting file of a flock. */
function leftIn(place: string, name = "a"): string[] {
  return readdirSync(join(place, "cache", name)).filter((one) =>
    !/^(?:[0-9a-f]{64}|current|refresh\.flock)$/.test(one)
  );
}

/** A program that says that it runs by its pid, a line of `runs`, and prints and ends when `go` is there. */
function slowly(print: string): string[] {
  return ["sh", "-c", `echo $$ >> runs; while [ ! -e go ]; do sleep 0.02; done; echo ${print}`];
}

function isRunning(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
}

const linesOf = (path: string) => existsSync(path) ? readFileSync(path, "utf8").trim().split("\n").length : 0;

/** A refresher that holds the lock, its program running. */
async function holder(place: string, print = "content"): Promise<Running> {
  const before = linesOf(join(place, "runs"));
  const running = start(place, ["-v", "cache", "refresh", "a", "--", ...slowly(print)]);
  while (linesOf(join(place, "runs")) === before) await soon();
  return running;
}

/** Until something may have changed that nobody tells of. */
const soon = () => new Promise((resolve) => setTimeout(resolve, 5));

/** What is checked. */
export const CHECKS: Readonly<Record<string, Check>> = {
  async "20 concurrent refreshes run the command once"(place, backend) {
    const first = await holder(place, "$(cat runs | wc -l)");
    const others = Array.from(
      { length: 19 },
      () =>
        start(place, [
          "-v",
          "--lock-timeout",
          "inf",
          "cache",
          "refresh",
          "a",
          "--",
          "sh",
          "-c",
          "echo run >> runs; cat runs",
        ]),
    );
    await Promise.all(
      others.map((other) => other.said(/waiting for the lock of the cache entry "a", held by "cache refresh a" \(pid/)),
    );
    writeFileSync(join(place, "go"), "");
    const codes = await Promise.all([first, ...others].map((one) => one.ended()));
    assert.deepEqual(codes, codes.map(() => 0));
    assert.equal(linesOf(join(place, "runs")), 1);
    assert.match(first.stderr(), new RegExp(`taken \\(${backend}\\)`));
    for (const other of others) assert.match(other.stderr(), /what is there is new enough; the program was not run/);
    assert.equal(cache(place, "get", "a").stdout, "1\n");
    assert.deepEqual(leftIn(place), []);
  },

  async "100 reads during 100 refreshes are whole and never fail"(place) {
    const DIGITS = 20_000;
    writeFileSync(join(place, "first"), "0".repeat(DIGITS));
    assert.equal(cache(place, "put", "a", "--file", "first").exit, 0);
    const there = `LATTICE_CACHE_DIR='${place}/cache'; export LATTICE_CACHE_DIR; cd '${place}' && n=0;`;
    const refresh = `'${binary}' cache refresh a -- printf "%0${DIGITS}d" $n`;
    const refreshing = shell(`${there} while [ $n -lt 100 ]; do n=$((n+1)); ${refresh} || exit 1; done; echo > done`);
    // Those who have read often enough go on, more slowly, until the last refresh.
    const pause = "[ $n -lt 25 ] || sleep 0.2";
    const read = `n=$((n+1)); '${binary}' cache get a || exit 1; echo; ${pause}`;
    const reading = Array.from(
      { length: 4 },
      () => shell(`${there} while [ $n -lt 25 ] || [ ! -e done ]; do ${read}; done`),
    );
    const [, ...texts] = await Promise.all([refreshing, ...reading]);
    let last = 0;
    for (const text of texts) {
      const lines = text.trim().split("\n");
      assert.ok(lines.length >= 25);
      let before = -1;
      for (const line of lines) {
        assert.match(line, new RegExp(`^\\d{${DIGITS}}$`), "one content, whole");
        assert.ok(Number(line) >= before, "no reader went back");
        before = Number(line);
      }
      last = Math.max(last, before);
    }
    assert.ok(last > 0, "somebody read while it was refreshed");
    assert.equal(Number(cache(place, "get", "a").stdout), 100);
    assert.deepEqual(leftIn(place), []);
  },

  "with a ttl a younger entry is left alone, and with --force it is not"(place) {
    const counting = ["--", "sh", "-c", "echo run >> runs; wc -l < runs"];
    const refresh = (...options: string[]) =>
      assert.equal(cache(place, "refresh", "a", ...options, ...counting).exit, 0);
    refresh();
    refresh("--ttl", "1h");
    assert.equal(linesOf(join(place, "runs")), 1);
    refresh("--ttl", "1h", "--force");
    refresh("--ttl", "0");
    refresh();
    assert.equal(cache(place, "get", "a").stdout.trim(), "4");
  },

  "a refresh that fails keeps the old content and ends with the command's code"(place) {
    assert.equal(cache(place, "refresh", "a", "--", "echo", "old").exit, 0);
    writeFileSync(join(place, "text"), "");
    const programs: readonly (readonly [number, ...string[]])[] = [
      [3, "sh", "-c", "echo new; exit 3"],
      [137, "sh", "-c", "echo new; kill -9 $$"],
      [127, "no-such-program"],
      [126, "./text"],
    ];
    for (const [exit, ...program] of programs) {
      const ended = cache(place, "refresh", "a", "--", ...program);
      assert.deepEqual([ended.exit, ended.stdout, cache(place, "get", "a").stdout], [exit, "", "old\n"]);
      assert.deepEqual([leftIn(place), linesOf(join(place, "cache/a/current"))], [[], 1]);
    }
  },

  async "a damaged entry is fetched again"(place) {
    const present = '"$(ls -t cache/a/* | grep -E "[0-9a-f]{64}" | head -n 1)"';
    for (const damage of [`truncate -s 2 ${present}`, `rm ${present}`, "echo > cache/a/current"]) {
      assert.equal(cache(place, "clean").exit, 0);
      assert.equal(cache(place, "refresh", "a", "--", "echo", "sound").exit, 0);
      await shell(`cd '${place}' && ${damage}`);
      const read = cache(place, "get", "a");
      assert.equal(read.exit, 1);
      assert.match(read.stderr, /is damaged: its .*\nhint: .*cache refresh a/);
      assert.equal(cache(place, "refresh", "a", "--ttl", "1h", "--", "echo", "again").exit, 0);
      assert.equal(cache(place, "get", "a").stdout, "again\n");
    }
  },

  async "what a killed refresher leaves is swept by the next, what a living one writes is not"(place) {
    const killed = await holder(place);
    killed.child.kill("SIGKILL");
    writeFileSync(join(place, "go"), ""); // its program outlives it, and then has ended as well
    await killed.ended();
    assert.equal(leftIn(place).filter((name) => name.includes(".tmp-")).length, 1);
    const putting = spawn(binary, ["cache", "put", "a", "--file", "-"], {
      cwd: place,
      env: { ...gitEnvironment, LATTICE_CACHE_DIR: join(place, "cache") },
      stdio: ["pipe", "ignore", "inherit"],
    });
    putting.stdin.write("half");
    const temporary = () => leftIn(place).filter((name) => name.startsWith(`content.tmp-${putting.pid}-`));
    while (temporary().length === 0) await soon();
    const next = cache(place, "-v", "refresh", "a", "--", "echo", "next");
    assert.equal(next.exit, 0, next.stderr);
    assert.deepEqual(leftIn(place), temporary());
    assert.equal(cache(place, "clean").exit, 0);
    assert.equal(temporary().length, 1);
    const closed = once(putting, "close");
    putting.stdin.end(" and half");
    assert.equal((await closed)[0], 0);
    assert.equal(cache(place, "get", "a").stdout, "half and half");
    assert.deepEqual(leftIn(place), []);
  },

  async "a wait that runs out ends with 4 and names the holder, and readers wait for nobody"(place) {
    assert.equal(cache(place, "put", "a", "--file", "/dev/null").exit, 0);
    const first = await holder(place);
    for (const timeout of ["0", "150ms"]) {
      const refused = cache(place, "--json", "--lock-timeout", timeout, "refresh", "a", "--", "true");
      assert.equal(refused.exit, 4);
      const { error } = JSON.parse(refused.stderr) as {
        error: {
          code: string;
          hint: string;
          details: { name: string; path: string; holder: Record<string, unknown>; waited_ms: number };
        };
      };
      assert.deepEqual([error.code, error.details.name, error.details.holder["pid"]], ["locked", "a", first.child.pid]);
      assert.equal(error.details.holder["command"], "cache refresh a");
      assert.ok(error.details.path.startsWith(join(place, "cache/a/refresh.")));
      assert.ok(error.details.waited_ms >= (timeout === "0" ? 0 : 150));
      assert.match(error.hint, /somebody else works on this entry/);
    }
    assert.deepEqual([cache(place, "get", "a").exit, cache(place, "status").exit, cache(place, "path", "a").exit], [
      0,
      0,
      0,
    ]);
    const cleaned = cache(place, "clean");
    assert.match(cleaned.stderr, /0 entries removed\na is being refreshed, and was left alone/);
    writeFileSync(join(place, "go"), "");
    assert.equal(await first.ended(), 0);
    assert.equal(cache(place, "get", "a").stdout, "content\n");
    assert.equal(cache(place, "clean").exit, 0);
    assert.deepEqual(readdirSync(join(place, "cache")), []);
  },

  async "a signal ends a refresh and its command, and nothing is left"(place) {
    for (const [signal, exit] of [["SIGTERM", 143], ["SIGINT", 130], ["SIGHUP", 129]] as const) {
      const running = await holder(place);
      const program = Number(readFileSync(join(place, "runs"), "utf8"));
      rmSync(join(place, "runs"));
      running.child.kill(signal);
      assert.equal(await running.ended(), exit);
      while (isRunning(program)) await soon();
      assert.deepEqual(leftIn(place), []);
      assert.equal(cache(place, "--lock-timeout", "0", "refresh", "a", "--", "true").exit, 0, "the lock is free");
    }
  },

  "the command and what it leaves running do not inherit the lock"(place) {
    const program = "ls -l /proc/self/fd; sleep 60 > /dev/null 2>&1 & echo $! > left";
    assert.equal(cache(place, "refresh", "a", "--", "sh", "-c", program).exit, 0);
    assert.doesNotMatch(cache(place, "get", "a").stdout, /refresh\.|content\.tmp/);
    assert.equal(cache(place, "--lock-timeout", "0", "refresh", "a", "--", "true").exit, 0);
    process.kill(Number(readFileSync(join(place, "left"), "utf8")), "SIGKILL");
  },

  async "waiting and progress are told on a terminal, in one line each, and nothing with --quiet"(place) {
    const environment = { LATTICE_CACHE_DIR: join(place, "cache") };
    const first = await holder(place);
    const waiting = onTerminal(`'${binary}' cache refresh a -- echo not run`, place, environment);
    await waiting.until(/waiting for the lock of the cache entry "a", held by "cache refresh a" \(pid \d+ .*since /);
    const quiet = onTerminal(
      `'${binary}' --quiet --lock-timeout 200ms cache refresh a -- echo not run`,
      place,
      environment,
    );
    assert.equal(await quiet.ended(), 4);
    assert.doesNotMatch(quiet.shown(), /waiting/);
    writeFileSync(join(place, "go"), "");
    assert.deepEqual([await first.ended(), await waiting.ended()], [0, 0]);
    assert.equal(waiting.shown().trim().split(/\r?\n/).length, 1, waiting.shown());
    // Progress comes after a second; its line is taken away again.
    const fetching = onTerminal(
      `'${binary}' cache refresh a -- sh -c 'echo 12345; while [ ! -e enough ]; do sleep 0.02; done'`,
      place,
      environment,
    );
    await fetching.until(/\rfetching a, bytes: 6\x1b\[K/);
    writeFileSync(join(place, "enough"), "");
    assert.equal(await fetching.ended(), 0);
    assert.match(fetching.shown(), /\r\x1b\[K$/);
    const unseen = cache(place, "refresh", "a", "--", "sh", "-c", "echo 12345; sleep 1.3");
    assert.deepEqual(unseen, { exit: 0, stdout: "", stderr: "" });
  },
};

/** A folder of a file system for one check. */
export function placeOn(folder: string = temporaryFolder()): string {
  return mkdtempSync(join(folder, "place-"));
}

/** Runs a line of shell; what it prints. */
async function shell(line: string): Promise<string> {
  const child = spawn("sh", ["-c", line], { env: gitEnvironment, stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Uint8Array) => stdout += new TextDecoder().decode(chunk));
  child.stderr.on("data", (chunk: Uint8Array) => stderr += new TextDecoder().decode(chunk));
  const [code] = await once(child, "close") as [number | null];
  assert.equal(code, 0, `${line}: ${stderr}`);
  return stdout;
}
