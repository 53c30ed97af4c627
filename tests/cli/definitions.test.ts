import assert from "node:assert/strict";
import { DEFINITIONS_BY_WORD, likelyDefinitions } from "../../src/cli/definitions/by_word.ts";
import { COMMANDS } from "../../src/cli/definitions/mod.ts";
import { test } from "../harness.ts";
import { lattice } from "./command_line.ts";

test("every command is found by its first word, together with all that begin with it", async () => {
  const words = new Set(COMMANDS.map(({ path }) => path[0]!));
  assert.deepEqual([...DEFINITIONS_BY_WORD.keys()].sort(), [...words, "git"].sort());
  for (const word of words) {
    const all = COMMANDS.filter(({ path }) => path[0] === word);
    const found = (await likelyDefinitions([word]))!.filter(({ path }) => path[0] === word);
    assert.deepEqual(found, all, word);
  }
  assert.equal(likelyDefinitions(["--json", "nothing"]), null);
});

test("a word that begins a command counts as the value of the option before it where it is one", async () => {
  for (const args of [["-C", "meta", "version"], ["-C", "version", "version"], ["-C", "git", "version"]]) {
    const { exit, stderr } = await lattice(args, { cwd: "/" });
    assert.deepEqual([exit, stderr.split(":")[1]], [2, ` cannot change to "${args[1]}"`], args.join(" "));
  }
});

test("an option that a command is refused without stands without brackets, and is said to be required", async () => {
  const required = COMMANDS.flatMap(({ path, options, arguments: taken, program }) =>
    options.filter((option) => option.required === true).map((option) => ({ path, option, options, taken, program }))
  );
  assert.deepEqual(required.map(({ path, option }) => `${path.join(" ")} --${option.name}`).sort(), [
    "cache put --file",
    "lease acquire --client",
    "lease acquire --owner",
    "lease exec --client",
    "lease exec --owner",
    "meta import --from",
    "secret exec --env",
    "track --parent",
  ]);
  for (const { path, option, options, taken, program } of required) {
    const others = options.filter((other) => other !== option && other.required === true);
    const words = [...path, ...others.flatMap(({ name }) => [`--${name}`, "x"]), ...taken.map(() => "x")];
    const { exit, stderr } = await lattice([...words, ...(program === true ? ["--", "true"] : [])], { cwd: "/" });
    assert.equal(exit, 2);
    assert.ok(stderr.startsWith(`error: "lattice ${path.join(" ")}" needs --${option.name} <`), stderr);
    const { stdout } = await lattice([...path, "--help"]);
    assert.match(stdout, new RegExp(`^Usage: .* --${option.name} <`));
    assert.match(stdout, new RegExp(`--${option.name} <.*\\n?.*; required\n`));
  }
});

test("what is wrong with a command line is told with all commands at hand", async () => {
  const told = async (...args: string[]) => (await lattice(args, { cwd: "/" })).stderr;
  assert.match(await told("met", "get"), /there is no command "met"\nhint: did you mean "lattice meta"/);
  assert.match(await told("-C", "meta", "secrt", "get"), /no command "secrt"\nhint: did you mean "lattice secret"/);
  assert.match(await told("meta", "gett"), /there is no command "meta gett"\nhint: did you mean "lattice meta get"/);
});
