/** Secrets by the binary: beside each other, at a terminal, seen by others, in a crash. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { gitEnvironment, runProgram } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { temporaryFolder } from "../temporary_folder.ts";
import { runs, tried } from "../thoroughness.ts";
import { binary, textOf, underProgram } from "./binary.ts";
import { ENV, must, namesIn, run } from "./secret_subjects.ts";
import { onTerminal } from "./terminal.ts";

const VALUE = "hunter2-is-the-value";

/** Starts the binary without waiting for it. @returns Its exit code and its messages. */
async function started(
  cwd: string,
  args: readonly string[],
  stdin: string,
): Promise<{ exit: number | null; stderr: string }> {
  const child = spawn(binary, args, { cwd, env: { ...gitEnvironment, ...ENV }, stdio: ["pipe", "ignore", "pipe"] });
  child.stdin!.end(stdin);
  let stderr = "";
  child.stderr!.on("data", (chunk: Uint8Array) => stderr += new TextDecoder().decode(chunk));
  const [exit] = await once(child, "close") as [number | null];
  return { exit, stderr };
}

test("32 concurrent sets of different keys lose none, and readers beside them see whole files", async () => {
  for (let round = 0; round < runs(2, 50); round++) {
    const cwd = temporaryFolder();
    const keys = Array.from({ length: 32 }, (_, index) => `key-${String(index).padStart(2, "0")}`);
    must(cwd, ["secret", "set", "first"], "kept");
    const writers = keys.map((key) => started(cwd, ["--lock-timeout", "60s", "secret", "set", key], `value of ${key}`));
    for (let reads = 0; reads < 10; reads++) {
      assert.equal(must(cwd, ["secret", "get", "first", "--raw"]), "kept");
    }
    for (const { exit, stderr } of await Promise.all(writers)) assert.equal(exit, 0, stderr);
    assert.equal(must(cwd, ["secret", "list"]), [...["first"], ...keys].map((key) => `${key}\n`).join(""));
    for (const key of keys) assert.equal(must(cwd, ["secret", "get", "--raw", key]), `value of ${key}`);
    assert.deepEqual(namesIn(cwd), ["secrets.toml", "secrets.toml.flock"]);
  }
  tried("32 concurrent sets of secrets", { "racing updates": 32 * runs(2, 50) });
});

test("whoever waits for another writer longer than was said ends with exit code 4 and the holder, and changes nothing", () => {
  const cwd = temporaryFolder();
  must(cwd, ["secret", "set", "key"], "old");
  const script = `"$BINARY" --lock-timeout 0 --json secret set key; echo $?`;
  const lock = join(cwd, "home/secrets.toml.flock");
  const ended = textOf(
    runProgram("flock", [lock, "sh", "-c", script], cwd, { stdin: VALUE, env: { ...ENV, BINARY: binary } }),
  );
  assert.equal(ended.stdout, "4\n");
  const { error } = JSON.parse(ended.stderr) as { error: { code: string; details: Record<string, unknown> } };
  assert.deepEqual([error.code, error.details["key"], error.details["waited_ms"]], ["locked", "key", 0]);
  assert.ok("holder" in error.details);
  assert.equal(must(cwd, ["secret", "get", "key"]), "old\n");
});

for (const umask of ["000", "022", "077", "277"]) {
  test(`folder and file have their permissions from the first moment on, with umask ${umask}`, () => {
    const cwd = temporaryFolder();
    const trace = join(temporaryFolder(), "trace");
    const calls = "trace=open,openat,creat,mkdir,mkdirat,chmod,fchmod,fchmodat,umask,rename,renameat";
    const script = `umask ${umask}; exec strace -f -y -e ${calls} -o ${trace} "$BINARY" secret set key`;
    for (let round = 0; round < 2; round++) {
      const ended = textOf(runProgram("sh", ["-c", script], cwd, { stdin: VALUE, env: { ...ENV, BINARY: binary } }));
      assert.equal(ended.exit, 0, ended.stderr);
      const lines = readFileSync(trace, "utf8").split("\n").filter((line) => line.includes(`${cwd}/home`));
      for (const line of lines.filter((line) => line.includes("O_CREAT"))) assert.match(line, /, 0600\)/, line);
      for (const line of lines.filter((line) => / mkdir/.test(line))) assert.match(line, /, 0700\)/, line);
      for (const line of lines.filter((line) => / f?chmod/.test(line))) assert.match(line, /, 0[67]00[,)]/, line);
      assert.ok(lines.some((line) => line.includes("O_CREAT")), "strace saw no file made");
      assert.equal(statSync(join(cwd, "home")).mode & 0o777, 0o700);
      assert.equal(statSync(join(cwd, "home/secrets.toml")).mode & 0o777, 0o600);
    }
    assert.equal(must(cwd, ["secret", "get", "key", "--raw"]), VALUE);
  });
}

test("somebody who is not root keeps secrets too, and cannot be given somebody else's", () => {
  const cwd = temporaryFolder();
  chmodSync(cwd, 0o777);
  const asNobody = (args: readonly string[], stdin = "") =>
    textOf(
      runProgram("setpriv", ["--reuid", "65534", "--regid", "65534", "--clear-groups", binary, ...args], cwd, {
        stdin,
        env: { ...ENV, HOME: cwd },
      }),
    );
  assert.equal(asNobody(["secret", "set", "key"], VALUE).exit, 0);
  assert.equal(asNobody(["secret", "get", "key"]).stdout, `${VALUE}\n`);
  assert.equal(asNobody(["secret", "exec", "--env", "A=key", "--", "sh", "-c", 'test "$A" = ' + VALUE]).exit, 0);
  chownSync(join(cwd, "home/secrets.toml"), 0, 0);
  chmodSync(join(cwd, "home/secrets.toml"), 0o644);
  for (const args of [["get", "key"], ["set", "key"], ["list"]]) {
    const ended = asNobody(["secret", ...args], "other");
    assert.equal(ended.exit, 7, ended.stderr);
    assert.match(ended.stderr, /belongs to user 0, and we are 65534/);
  }
});

/** Every file below a folder that holds the value, and every line of a trace. */
function holding(...places: readonly string[]): string[] {
  const found = textOf(runProgram("grep", ["-rlF", VALUE, ...places], "/"));
  return found.stdout.split("\n").filter((line) => line !== "");
}

test("a value goes to its file and to the answer of secret get, and nowhere else: no argument, environment, log, other file", () => {
  const cwd = temporaryFolder();
  const traces = temporaryFolder();
  mkdirSync(join(cwd, "tmp"));
  const env = { ...ENV, LATTICE_DEBUG: "1", TMPDIR: join(cwd, "tmp"), XDG_RUNTIME_DIR: join(cwd, "tmp") };
  const traced = (name: string, args: readonly string[], stdin = "") => {
    const trace = join(traces, name);
    const strace = [
      "strace",
      "-f",
      "-y",
      "-s",
      "200000",
      "-v",
      "-e",
      "trace=write,pwrite64,writev,pwritev,sendto,sendmsg,execve,openat,symlink,rename",
    ];
    return {
      ended: underProgram([...strace, "-o", trace], args, { cwd, stdin, env }),
      lines: readFileSync(trace, "utf8").split("\n"),
    };
  };
  const withValue = (lines: readonly string[]) => lines.filter((line) => line.includes(VALUE));

  const set = traced("set", ["-v", "secret", "set", "key"], `${VALUE}\n`);
  assert.equal(set.ended.exit, 0, set.ended.stderr);
  assert.match(set.ended.stderr, /lock of the secrets taken/);
  assert.ok(withValue(set.lines).length > 0, "strace does not show what is written");
  for (const line of withValue(set.lines)) assert.match(line, / write\(\d+<[^>]*\/home\/secrets\.toml\.tmp-/, line);

  const get = traced("get", ["-v", "secret", "get", "key"]);
  assert.equal(get.ended.stdout, `${VALUE}\n`);
  for (const line of withValue(get.lines)) assert.match(line, / write\(1</, line);

  for (const args of [["list"], ["list", "--json"], ["delete", "other"], ["get", "nope"], ["set", "key", VALUE]]) {
    const other = traced("other", ["-v", "secret", ...args], "other");
    const lines = withValue(other.lines).filter((line) => !(line.includes("execve(") && args.includes(VALUE)));
    assert.deepEqual(lines, [], args.join(" "));
  }

  // What the program that gets it sees of those above it.
  const look =
    `grep -qF "$A" /proc/$PPID/environ && echo environ; grep -qF "$A" /proc/$PPID/cmdline && echo cmdline; ` +
    `tr '\\0' '\\n' < /proc/self/cmdline | grep -F "$A"; test "$A" = ${VALUE} && echo mine`;
  writeFileSync(join(cwd, "look"), look.replaceAll(VALUE, '"$(cat home/secrets.toml | cut -d\'"\' -f2)"'));
  const exec = traced("exec", ["-v", "secret", "exec", "--env", "A=key", "--", "sh", "look"]);
  assert.equal(exec.ended.stdout, "mine\n", exec.ended.stderr);
  const outside = withValue(exec.lines).filter((line) =>
    !/execve\("[^"]*\/(?:sh|grep|tr|cat|cut)", \[[^\]]*\], \[/.test(line)
  );
  assert.deepEqual(outside.filter((line) => !/ write\(\d+<pipe:/.test(line)), []);
  for (const line of exec.lines.filter((line) => line.includes('execve("') && line.includes('"look"'))) {
    assert.ok(!/\[[^\]]*\]/.exec(line)![0].includes(VALUE), "the value is an argument");
  }

  assert.deepEqual(holding(cwd), [join(cwd, "home/secrets.toml")]);
  for (const { ended } of [set, exec]) assert.ok(!`${ended.stdout}${ended.stderr}`.includes(VALUE));
});

test("core files are forbidden before a secret is read, and the program of secret exec has the limit that there was", () => {
  const cwd = temporaryFolder();
  const trace = join(temporaryFolder(), "trace");
  const strace = ["strace", "-s", "100", "-e", "trace=prlimit64,setrlimit,prctl,openat,read", "-o", trace];
  const forbidden = (args: readonly string[], stdin: string, reads: RegExp) => {
    const ended = underProgram(strace, args, { cwd, stdin, env: ENV });
    assert.equal(ended.exit, 0, ended.stderr);
    const lines = readFileSync(trace, "utf8").split("\n");
    const limit = lines.findIndex((line) => /RLIMIT_CORE, \{rlim_cur=0,/.test(line));
    const dumpable = lines.findIndex((line) => /PR_SET_DUMPABLE, (?:0|SUID_DUMP_DISABLE)/.test(line));
    const read = lines.findIndex((line) => reads.test(line));
    assert.ok(limit !== -1 && dumpable !== -1 && read !== -1, lines.join("\n").slice(-2000));
    assert.ok(limit < read && dumpable < read, "a secret is read before core files are forbidden");
  };
  forbidden(["secret", "set", "key"], VALUE, /^read\(0, "hunter2/);
  forbidden(["secret", "get", "key"], "", /^openat\(.*secrets\.toml"/);
  const script = `ulimit -Sc 7; "$BINARY" secret exec --env A=key -- sh -c 'ulimit -Sc'`;
  const ended = textOf(runProgram("sh", ["-c", script], cwd, { env: { ...ENV, BINARY: binary } }));
  assert.equal(ended.stdout, "7\n", ended.stderr);
});

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The binary, and the same sources under Deno: each has its own way to a terminal. */
const PROGRAMS: Readonly<Record<string, string>> = {
  binary: `"${binary}"`,
  Deno: `"${ROOT}node_modules/.bin/deno" run -A --no-check "${ROOT}src/main.ts"`,
};

/** `secret set` at a terminal, and what the terminal is like afterwards; its process id is shown first. */
function atTerminal(program: string, cwd: string) {
  const line = `sh -c 'echo "tty $(tty)"; echo "pid $$"; exec ${
    PROGRAMS[program]
  } secret set key'; echo "exit code $?"`;
  return onTerminal(`${line}; stty -a | grep -o '[ -]echo '`, cwd, { ...ENV, HOME: cwd });
}

const PROMPT = /value of secret "key" \(it is not shown\): /;

for (const program of Object.keys(PROGRAMS)) {
  test(`a secret that is typed is not shown, and the terminal echoes again afterwards (${program})`, async () => {
    const cwd = temporaryFolder();
    const terminal = atTerminal(program, cwd);
    await terminal.until(PROMPT);
    terminal.type(`${VALUE}!\u007f\r`);
    await terminal.ended();
    assert.match(terminal.shown(), /exit code 0\r\n echo /);
    assert.ok(!terminal.shown().includes(VALUE.slice(0, 4)));
    assert.equal(must(cwd, ["secret", "get", "key", "--raw"]), VALUE);
  });

  test(`Ctrl-C while a secret is typed ends with 130 and gives the terminal back (${program})`, async () => {
    const cwd = temporaryFolder();
    const terminal = atTerminal(program, cwd);
    await terminal.until(PROMPT);
    terminal.type(`${VALUE}\u0003`);
    await terminal.ended();
    assert.match(terminal.shown(), /exit code 130\r\n echo /);
    assert.ok(!terminal.shown().includes(VALUE.slice(0, 4)));
    assert.equal(run(cwd, ["secret", "get", "key"]).exit, 1);
  });

  test(`a secret is not shown when typing goes on after a stop, for which a shell let the terminal echo (${program})`, async () => {
    const cwd = temporaryFolder();
    const terminal = atTerminal(program, cwd);
    await terminal.until(PROMPT);
    const place = /tty (\S+)/.exec(terminal.shown())![1]!;
    const stty = (...args: string[]) => textOf(runProgram("stty", ["-F", place, ...args], cwd)).stdout;
    assert.match(stty("-a"), / -icanon/);
    stty("sane");
    process.kill(Number(/pid (\d+)/.exec(terminal.shown())![1]), "SIGCONT");
    for (let tries = 0; !/ -icanon/.test(stty("-a")); tries++) {
      assert.ok(tries < 2000, "the terminal shows what is typed");
    }
    terminal.type(`${VALUE}\r`);
    await terminal.ended();
    assert.match(terminal.shown(), /exit code 0\r\n echo /);
    assert.ok(!terminal.shown().includes(VALUE.slice(0, 4)));
    assert.equal(must(cwd, ["secret", "get", "key", "--raw"]), VALUE);
  });

  for (const [signal, exit] of [["SIGTERM", 143], ["SIGHUP", 129], ["SIGINT", 130]] as const) {
    test(`${signal} while a secret is typed gives the terminal back (${program})`, async () => {
      const cwd = temporaryFolder();
      const terminal = atTerminal(program, cwd);
      await terminal.until(PROMPT);
      process.kill(Number(/pid (\d+)/.exec(terminal.shown())![1]), signal);
      await terminal.ended();
      assert.match(terminal.shown(), new RegExp(`exit code ${exit}\r\n echo `));
      assert.equal(run(cwd, ["secret", "get", "key"]).exit, 1);
    });
  }
}

for (const [signal, exit] of [["SIGTERM", 143], ["SIGHUP", 129], ["SIGINT", 130]] as const) {
  test(`${signal} reaches the program of secret exec, which ends first, and the exit code is the signal's`, async () => {
    const cwd = temporaryFolder();
    must(cwd, ["secret", "set", "key"], VALUE);
    const script = `trap 'echo told; exit 7' ${signal.slice(3)}; echo in; while :; do sleep 0.05; done`;
    const child = spawn(binary, ["secret", "exec", "--env", "A=key", "--", "sh", "-c", script], {
      cwd,
      env: { ...gitEnvironment, ...ENV },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let shown = "";
    child.stdout!.on("data", (chunk: Uint8Array) => shown += new TextDecoder().decode(chunk));
    await once(child.stdout!, "data");
    child.kill(signal);
    assert.deepEqual(await once(child, "close"), [exit, null]);
    assert.equal(shown, "in\ntold\n");
  });
}

test("nobody is asked for a secret that could not be stored", async () => {
  const cwd = temporaryFolder();
  must(cwd, ["secret", "set", "key"], VALUE);
  chmodSync(join(cwd, "home/secrets.toml"), 0o644);
  const terminal = atTerminal("binary", cwd);
  await terminal.ended();
  assert.match(terminal.shown(), /exit code 7/);
  assert.doesNotMatch(terminal.shown(), PROMPT);
});

test("doctor finds what secret get refuses, and its fix mends it", () => {
  const cwd = temporaryFolder();
  must(cwd, ["git", "check-ref-format", "refs/heads/x"]);
  assert.equal(runProgram("git", ["init", "-q"], cwd).exit, 0);
  must(cwd, ["secret", "set", "key"], VALUE);
  chmodSync(join(cwd, "home/secrets.toml"), 0o640);
  assert.equal(run(cwd, ["secret", "get", "key"]).exit, 7);
  const found = run(cwd, ["doctor", "--json"]);
  assert.equal(found.exit, 1);
  const [finding] = JSON.parse(found.stdout) as { id: string }[];
  must(cwd, ["doctor", "--fix", finding!.id]);
  assert.equal(must(cwd, ["secret", "get", "key", "--raw"]), VALUE);
});

test("the commands need no repository, and with --provider reading does not mind whose stands there", () => {
  const cwd = temporaryFolder();
  must(cwd, ["secret", "set", "key"], VALUE);
  assert.equal(runProgram("git", ["init", "-q"], cwd).exit, 0);
  chownSync(join(cwd, ".git"), 12_345, 12_345);
  assert.equal(run(cwd, ["secret", "get", "key"]).exit, 9);
  for (const args of [["get", "key"], ["list"]]) must(cwd, ["secret", ...args, "--provider", "file"]);
  must(cwd, ["secret", "exec", "--provider", "file", "--env", "A=key", "--", "true"]);
});
