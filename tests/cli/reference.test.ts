import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "../harness.ts";
import { COMMANDS } from "../../src/cli/definitions/mod.ts";
import { GLOBAL_OPTIONS } from "../../src/cli/global_options.ts";
import { optionUsage } from "../../src/cli/definition.ts";
import { renderReference, undocumentedExitCodes } from "../../src/cli/reference.ts";
import { VERSION } from "../../src/cli/version_number.ts";
import { lattice } from "./command_line.ts";

const ROOT = new URL("../../", import.meta.url);

test("docs/reference.md is what the definitions say", () => {
  const written = readFileSync(new URL("docs/reference.md", ROOT), "utf8");
  assert.equal(written, renderReference(COMMANDS), "run: node_modules/.bin/bun scripts/write_reference.ts");
});

test("docs/reference.md explains every exit code", () => {
  assert.deepEqual(undocumentedExitCodes(), []);
});

test("--help of every command names its options and arguments, and is in the reference", async () => {
  const reference = readFileSync(new URL("docs/reference.md", ROOT), "utf8");
  for (const command of COMMANDS) {
    const help = await lattice([...command.path, "--help"]);
    assert.equal(help.exit, 0);
    assert.equal(help.stderr, "");
    assert.equal((await lattice(["help", ...command.path])).stdout, help.stdout);
    const beyond = await lattice(["help", ...command.path, "bogus"]);
    assert.deepEqual([beyond.exit, beyond.stdout], [2, ""]);
    assert.ok(reference.includes(`### lattice ${command.path.join(" ")}\n`));
    for (const option of [...command.options, ...GLOBAL_OPTIONS]) {
      const usage = optionUsage(option);
      assert.ok(help.stdout.includes(usage), `${command.path.join(" ")}: ${usage}`);
      assert.ok(reference.includes(usage.replaceAll("|", "\\|")), usage);
    }
    for (const { name } of command.arguments) assert.ok(help.stdout.includes(`<${name}>`), name);
    assert.ok(command.examples.length > 0, `${command.path.join(" ")} has an example`);
  }
});

test("help of lattice git takes its commands and no other word", async () => {
  const { stdout } = await lattice(["help", "git"]);
  assert.match(stdout, /^Usage: lattice git /);
  assert.equal((await lattice(["help", "git", "update-ref"])).stdout, stdout);
  for (const words of [["bogus"], ["update-ref", "bogus"]]) {
    const { exit, stderr } = await lattice(["help", "git", ...words]);
    assert.equal(exit, 2);
    assert.match(stderr, /^error: there is no command "git /);
  }
});

test("VERSION is the one of package.json and deno.json", () => {
  for (const file of ["package.json", "deno.json"]) {
    assert.equal((JSON.parse(readFileSync(new URL(file, ROOT), "utf8")) as { version: string }).version, VERSION);
  }
});
