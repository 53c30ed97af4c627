import assert from "node:assert/strict";
import { test } from "../harness.ts";
import type { CommandDefinition } from "../../src/cli/definition.ts";
import { type CommandLine, parseCommandLine, type ParsedCommand } from "../../src/cli/parse.ts";
import { LatticeError } from "../../src/platform/errors.ts";

function command(path: string, more: Partial<CommandDefinition> = {}): CommandDefinition {
  return {
    path: path.split(" "),
    summary: path,
    arguments: [],
    options: [],
    json: null,
    examples: [],
    load: () => Promise.reject(new Error("not run here")),
    ...more,
  };
}

const TABLE = {
  commands: [
    command("meta set", {
      arguments: [{ name: "branch", kind: "branch", summary: "" }],
      options: [
        { name: "file", short: "f", value: { name: "path", kind: "path" }, summary: "" },
        { name: "expect", value: { name: "oid", kind: "oid" }, excludes: ["expect-absent"], summary: "" },
        { name: "expect-absent", excludes: ["expect"], summary: "" },
        { name: "no-pr", summary: "" },
        { name: "pr", value: { name: "pr", kind: "text" }, excludes: ["no-pr"], summary: "" },
        { name: "env", value: { name: "pair", kind: "text" }, repeatable: true, summary: "" },
        { name: "ttl", value: { name: "duration", kind: "duration" }, summary: "" },
        { name: "limit", value: { name: "n", kind: "count" }, summary: "" },
        { name: "scope", value: { name: "scope", kind: "text", choices: ["one", "all"] }, summary: "" },
      ],
    }),
    command("meta list"),
    command("undo", { arguments: [{ name: "id", kind: "text", optional: true, summary: "" }] }),
    command("lock run", { program: true, options: [{ name: "wait-message", summary: "" }] }),
  ],
};

function parse(...args: string[]): CommandLine {
  return parseCommandLine(args, TABLE);
}

function parsedOf(...args: string[]): ParsedCommand {
  const { invocation } = parse(...args);
  assert.equal(invocation.kind, "command");
  return (invocation as { parsed: ParsedCommand }).parsed;
}

function refusal(...args: string[]): LatticeError {
  try {
    parse(...args);
  } catch (error) {
    assert.ok(error instanceof LatticeError, String(error));
    assert.equal(error.code, "usage");
    return error;
  }
  throw new assert.AssertionError({ message: `${args.join(" ")} was not refused` });
}

test("parseCommandLine() takes global options before, between and after the command's words", () => {
  for (
    const args of [
      ["--json", "-q", "meta", "list"],
      ["meta", "--json", "list", "-q"],
      ["meta", "list", "-q", "--json"],
      ["-q", "meta", "list", "--json"],
    ]
  ) {
    const { global, invocation } = parse(...args);
    assert.equal(global.json, true);
    assert.equal(global.verbosity, -1);
    assert.equal(invocation.kind === "command" && invocation.command.path.join(" "), "meta list");
  }
});

test("parseCommandLine() keeps every -C in order, attached or not", () => {
  assert.deepEqual(parse("-C", "a", "-Cb", "meta", "list", "-C", "c").global.directories, ["a", "b", "c"]);
});

test("parseCommandLine() splits bundles of short options", () => {
  const { global } = parse("-qvC", "dir", "meta", "list");
  assert.equal(global.verbosity, 1, "the last of -q and -v counts");
  assert.deepEqual(global.directories, ["dir"]);
});

test("parseCommandLine() gives everything after git to git", () => {
  const { global, invocation } = parse("--lock-timeout=0", "git", "--json", "-h", "update-ref", "--", "--help");
  assert.deepEqual(invocation, { kind: "git", args: ["--json", "-h", "update-ref", "--", "--help"] });
  assert.equal(global.json, false);
  assert.equal(global.lockTimeoutMs, 0);
});

test("parseCommandLine() takes a git that is the value of an option for a value", () => {
  const { global, invocation } = parse("-C", "git", "meta", "list");
  assert.deepEqual(global.directories, ["git"]);
  assert.equal(invocation.kind, "command");
});

test("parseCommandLine() takes values after a space and after =", () => {
  assert.equal(parsedOf("meta", "set", "b", "--file", "x").value("file"), "x");
  assert.equal(parsedOf("meta", "set", "b", "--file=x=y").value("file"), "x=y");
  assert.equal(parsedOf("meta", "set", "b", "-fx").value("file"), "x");
  assert.equal(parsedOf("meta", "set", "b", "--file=").value("file"), "");
  assert.equal(parsedOf("meta", "set", "b", "--file", "-").value("file"), "-");
  assert.deepEqual(parsedOf("meta", "set", "--env=A=1", "b", "--env", "B=2").values("env"), ["A=1", "B=2"]);
});

test("parseCommandLine() tells --pr from --no-pr", () => {
  assert.equal(parsedOf("meta", "set", "b", "--no-pr").flag("no-pr"), true);
  assert.equal(parsedOf("meta", "set", "b", "--no-pr").value("pr"), undefined);
  assert.match(refusal("meta", "set", "b", "--no-pr", "--pr", "x").message, /--pr.*--no-pr|--no-pr.*--pr/);
  assert.match(refusal("meta", "set", "b", "--no-file").message, /--no-file/);
});

test("parseCommandLine() takes what follows -- as arguments, even with dashes", () => {
  assert.deepEqual(parsedOf("meta", "set", "--", "-odd").arguments, ["-odd"]);
  assert.deepEqual(parsedOf("meta", "set", "--", "--json").arguments, ["--json"]);
});

test("parseCommandLine() keeps the words of another program as they are", () => {
  const parsed = parsedOf("lock", "run", "--wait-message", "--", "make", "-j", "--json", "--", "x");
  assert.deepEqual(parsed.program, ["make", "-j", "--json", "--", "x"]);
  assert.equal(parsed.flag("wait-message"), true);
  assert.match(refusal("lock", "run").message, /needs a command/);
  assert.match(refusal("lock", "run", "--").message, /needs a command/);
  assert.match(refusal("lock", "run", "make").hint ?? "", /-- make/);
});

test("parseCommandLine() refuses unknown options by name", () => {
  assert.match(refusal("meta", "list", "--jsno").message, /--jsno/);
  assert.match(refusal("meta", "list", "--jsno").hint ?? "", /--json/);
  assert.match(refusal("meta", "list", "-x").message, /-x/);
  assert.match(refusal("meta", "list", "-x").hint ?? "", /--help/, "where no option is near");
  assert.match(refusal("--bogus", "meta", "list").message, /--bogus/);
  assert.match(refusal("meta", "list", "--file", "x").message, /--file/, "another command's option");
  assert.match(refusal("meta", "list", "--__proto__").message, /__proto__/);
  assert.match(refusal("meta", "list", "--constructor=x").message, /constructor/);
  assert.match(refusal("meta", "list", "--q").message, /--q/, "a short letter is no long name");
  assert.match(refusal("meta", "list", "--C=x").message, /--C/);
});

test("parseCommandLine() refuses missing, unwanted and repeated values", () => {
  assert.match(refusal("meta", "set", "b", "--file").message, /--file needs a value/);
  assert.equal(refusal("meta", "set", "b", "--file").hint, "write --file <path>");
  assert.match(refusal("meta", "list", "--json=yes").message, /--json takes no value/);
  assert.equal(refusal("meta", "list", "--json=yes").hint, "write --json alone");
  assert.match(refusal("meta", "set", "b", "--file=a", "--file=b").message, /more than once/);
  assert.match(refusal("meta", "set", "b", "--expect=a", "--expect-absent").message, /exclude/);
  assert.equal(refusal("meta", "set", "b", "--expect=a", "--expect-absent").hint, "leave one of them out");
  assert.match(refusal("meta", "set", "b", "--scope=some").message, /"some"/);
  assert.match(refusal("meta", "set", "b", "--limit=-1").message, /whole number/);
  assert.match(refusal("meta", "set", "b", "--limit=-1").hint ?? "", /digits/);
  assert.match(refusal("--color", "sometimes", "meta", "list").message, /"sometimes"/);
  assert.match(refusal("--lock-timeout", "10", "meta", "list").message, /"10"/);
  assert.match(refusal("meta", "set", "b", "--ttl=1.5s").message, /"1.5s"/);
});

test("parseCommandLine() refuses missing and superfluous arguments", () => {
  assert.match(refusal("meta", "set").message, /<branch>/);
  assert.match(refusal("meta", "list", "x").message, /"x"/);
  assert.match(refusal("undo", "a", "b").message, /"b"/);
  assert.deepEqual(parsedOf("undo").arguments, []);
  assert.deepEqual(parsedOf("undo", "a").arguments, ["a"]);
});

test("parseCommandLine() refuses unknown commands and names what is near", () => {
  assert.match(refusal("mta", "list").hint ?? "", /"lattice meta/);
  assert.match(refusal("meta", "lst").hint ?? "", /"lattice meta list"/);
  assert.match(refusal("meta").hint ?? "", /set, list/);
  assert.match(refusal("frobnicate").hint ?? "", /lattice help/);
  assert.match(refusal("frobnicate", "--force").message, /frobnicate/);
  assert.match(refusal("").message, /""/);
});

test("parseCommandLine() answers help and version wherever they stand", () => {
  assert.deepEqual(parse("--help").invocation, { kind: "help", topic: [] });
  assert.deepEqual(parse("meta", "-h").invocation, { kind: "help", topic: ["meta"] });
  assert.deepEqual(parse("meta", "set", "--help").invocation, { kind: "help", topic: ["meta", "set"] });
  assert.deepEqual(parse("-h", "git").invocation, { kind: "help", topic: ["git"] });
  assert.equal(parse("--version").invocation.kind, "version");
  assert.equal(parse("undo", "--version").invocation.kind, "version");
  assert.equal(parse().invocation.kind, "nothing");
  assert.equal(parse("--json").invocation.kind, "nothing");
});
