import assert from "node:assert/strict";
import { test } from "../harness.ts";
import { EXIT_CODES } from "../../src/cli/exit_codes.ts";
import { reportFailure } from "../../src/cli/failure.ts";
import { type ErrorCode, LatticeError } from "../../src/platform/errors.ts";
import { closedOutput, keptStreams, lattice } from "./command_line.ts";

function report(error: unknown, style: { json?: boolean; color?: boolean; debug?: boolean } = {}) {
  const kept = keptStreams({});
  const exit = reportFailure(error, kept.streams, { json: false, color: false, debug: false, ...style });
  return kept.ended(exit);
}

test("reportFailure() gives each code its exit code", () => {
  const expected: Record<ErrorCode, number> = {
    not_found: 1,
    usage: 2,
    cas_failed: 3,
    locked: 4,
    op_in_progress: 5,
    invalid_data: 6,
    io: 7,
    unsupported: 8,
    not_a_repository: 9,
    unsafe_repository: 9,
    diverged: 10,
    store_unavailable: 11,
    internal: 70,
  };
  assert.deepEqual({ ...EXIT_CODES }, expected);
  for (const [code, exit] of Object.entries(expected)) {
    assert.equal(report(new LatticeError(code as ErrorCode, "x")).exit, exit);
  }
});

test("reportFailure() prints an error line and a hint line, controls escaped", () => {
  const error = new LatticeError("cas_failed", "ref \x1b[2J moved", { hint: "read\nagain" });
  assert.equal(report(error).stderr, "error: ref \\x1b[2J moved\nhint: read\\nagain\n");
  assert.equal(report(new LatticeError("usage", "bad")).stderr, "error: bad\n");
  assert.equal(report(error).stdout, "");
});

test("reportFailure() colours the first words alone", () => {
  assert.equal(report(new LatticeError("usage", "bad"), { color: true }).stderr, "\x1b[31merror:\x1b[0m bad\n");
});

test("reportFailure() tells why a scope was left, not that its lock could not be given back as well", () => {
  const lock = {
    [Symbol.dispose]() {
      throw new LatticeError("locked", "cannot give back the lock");
    },
  };
  const fail = (): void => {
    using _outer = lock;
    using _inner = lock;
    throw new LatticeError("cas_failed", "ref moved");
  };
  let failure: unknown;
  try {
    fail();
  } catch (error) {
    failure = error;
  }
  const { exit, stderr } = report(failure);
  assert.deepEqual([exit, stderr], [3, "error: ref moved\n"]);
});

test("reportFailure() prints JSON with code, message, hint and details", () => {
  const details = { path: "/x", holder: null, waited_ms: 12, big: 2n ** 63n };
  const ended = report(new LatticeError("locked", "held", { hint: "wait", details }), { json: true });
  assert.deepEqual(JSON.parse(ended.stderr), {
    error: {
      code: "locked",
      message: "held",
      hint: "wait",
      details: { path: "/x", holder: null, waited_ms: 12, big: "9223372036854775808" },
    },
  });
  const bare = report(new LatticeError("locked", "held"), { json: true });
  const nothingKnown = { path: null, holder: null, waited_ms: null };
  assert.deepEqual(JSON.parse(bare.stderr), {
    error: { code: "locked", message: "held", hint: null, details: nothingKnown },
  });
  const other = report(new LatticeError("usage", "bad"), { json: true });
  assert.deepEqual(JSON.parse(other.stderr), { error: { code: "usage", message: "bad", hint: null, details: {} } });
});

test("reportFailure() shows a bug as one line and how to report it, its stack only when asked", () => {
  const bug = new TypeError("x is not a function\nsecond line");
  const ended = report(bug);
  assert.equal(ended.exit, 70);
  assert.match(ended.stderr, /^error: internal error: x is not a function\nhint: .*LATTICE_DEBUG=1\n$/);
  assert.match(report(bug, { debug: true }).stderr, /failure\.test\.ts/);
  assert.equal(report("a thrown text").exit, 70);
  assert.match(report(new Error("outer", { cause: bug }), { debug: true }).stderr, /caused by: TypeError/);
});

test("reportFailure() ends quietly when nobody reads", () => {
  const ended = report(closedOutput);
  assert.equal(ended.exit, 141);
  assert.equal(ended.stderr, "");
});

test("runCommandLine() ends with 141 when standard output is closed, and 7 when it cannot be written", async () => {
  const closed = await lattice(["version"], { writeFailure: closedOutput });
  assert.deepEqual([closed.exit, closed.stderr], [141, ""]);
  const full = await lattice(["version"], { writeFailure: Object.assign(new Error("full"), { code: "ENOSPC" }) });
  assert.equal(full.exit, 7);
  assert.match(full.stderr, /standard output.*ENOSPC/);
});

test("runCommandLine() reports usage errors as JSON when --json stands anywhere before --", async () => {
  const ended = await lattice(["meta", "--nope", "--json"]);
  assert.equal(ended.exit, 2);
  assert.equal((JSON.parse(ended.stderr) as { error: { code: string } }).error.code, "usage");
  assert.match((await lattice(["meta", "--nope", "--", "--json"])).stderr, /^error: /);
});

test("runCommandLine() heeds --json and --color for usage errors, above the environment", async () => {
  const colored = /^\x1b\[31merror:/;
  const env = (more: Record<string, string>) => ({ env: more, terminals: [2] });
  assert.match((await lattice(["--color", "always", "meta", "--nope"], env({ NO_COLOR: "1" }))).stderr, colored);
  assert.match((await lattice(["meta", "--nope", "--color=never"], env({ FORCE_COLOR: "1" }))).stderr, /^error:/);
  assert.match((await lattice(["meta", "--nope"], env({ FORCE_COLOR: "1" }))).stderr, colored);
  assert.match((await lattice(["-C", "git", "--nope", "--json"])).stderr, /^\{"error":/);
});

test("runCommandLine() says of a command that is missing or behind -- that it is a usage error", async () => {
  const missing = await lattice(["--json"]);
  assert.equal(missing.exit, 2);
  assert.equal((JSON.parse(missing.stderr) as { error: { code: string } }).error.code, "usage");
  const behind = await lattice(["--", "meta", "list"]);
  assert.equal(behind.exit, 2);
  assert.match(behind.stderr, /^error: a command cannot stand behind --: "meta"\nhint: /);
});

test("runCommandLine() prints the object of version for --version --json", async () => {
  const [option, command] = [await lattice(["--version", "--json"]), await lattice(["version", "--json"])];
  assert.deepEqual([option.exit, option.stdout], [0, command.stdout]);
  assert.equal((JSON.parse(option.stdout) as { version: string }).version.length > 0, true);
});

test("runCommandLine() refuses a -C that is not there by name", async () => {
  const ended = await lattice(["-C", "/nonexistent-lattice", "meta", "list"]);
  assert.equal(ended.exit, 2);
  assert.match(ended.stderr, /"\/nonexistent-lattice"/);
});

test("runCommandLine() without a command shows help on standard error and ends with 2", async () => {
  const ended = await lattice([]);
  assert.equal(ended.exit, 2);
  assert.equal(ended.stdout, "");
  assert.match(ended.stderr, /^lattice: .*\n\nUsage:/);
});
