/**
 * What real git did in every fixture repository, done again by lattice on a fresh copy.
 *
 * @module
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { test } from "../harness.ts";
import { type FixtureRepository, fixtures, freshFixtureFolder, type Probe, type ProbeOutput } from "../fixtures.ts";
import { git } from "../git_oracle.ts";
import { latticeGit } from "../cli/git/against_git.ts";

const COMMANDS: ReadonlySet<string> = new Set([
  "hash-object",
  "cat-file",
  "update-ref",
  "symbolic-ref",
  "show-ref",
  "for-each-ref",
  "rev-parse",
  "check-ref-format",
]);

/** Commands that change nothing: where lattice has them not, they need not be run. */
const READ_ONLY: ReadonlySet<string> = new Set(["fsck", "verify-pack"]);

/** A probe as it is run: without `$FIXTURE`, and with the name of its command. */
interface PreparedProbe {
  readonly probe: Probe;
  readonly args: string[];
  readonly command: string;
}

function prepare(probe: Probe, folder: string): PreparedProbe {
  const args = probe.args.map((arg) => arg.replaceAll("$FIXTURE", folder));
  let at = 0;
  while (args[at]?.startsWith("-") === true) at += args[at] === "-c" || args[at] === "-C" ? 2 : 1;
  return { probe, args, command: args[at] ?? "" };
}

function stdinOf(probe: Probe, folder: string): { stdin?: string } {
  return probe.stdin === undefined ? {} : { stdin: probe.stdin.replaceAll("$FIXTURE", folder) };
}

/** An output in the form that the manifest has it in. */
function comparable(bytes: Uint8Array, expected: ProbeOutput | undefined, folder: string): unknown {
  const text = new TextDecoder("latin1").decode(bytes);
  const stable = new Uint8Array([...text.replaceAll(folder, "$FIXTURE")].map((character) => character.charCodeAt(0)));
  if (expected === undefined || typeof expected === "string") return new TextDecoder().decode(stable);
  if ("base64" in expected) return { base64: btoa(String.fromCharCode(...stable)) };
  return { ...expected, bytes: stable.length, sha256: createHash("sha256").update(stable).digest("hex") };
}

interface Tally {
  compared: number;
  byGit: number;
  passedOver: number;
  readonly failures: string[];
}

async function replay(fixture: string, repository: FixtureRepository, tally: Tally): Promise<void> {
  const folder = freshFixtureFolder(fixture);
  const cwd = join(folder, repository.path);
  for (const probe of repository.probes) {
    const { args, command } = prepare(probe, folder);
    if (!COMMANDS.has(command) || probe.both === undefined) {
      if (READ_ONLY.has(command)) tally.passedOver++;
      else {
        git(args, cwd, stdinOf(probe, folder).stdin); // so that the next probes meet what they met before
        tally.byGit++;
      }
      continue;
    }
    const ended = await latticeGit(args, cwd, stdinOf(probe, folder));
    const expected = { exit: probe.both.exit, stdout: probe.both.stdout ?? "" };
    const actual = { exit: ended.exit, stdout: comparable(ended.stdoutBytes, probe.both.stdout, folder) };
    try {
      assert.deepEqual(actual, expected);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      tally.failures.push(`${fixture}/${repository.path}: git ${args.join(" ")}\n${ended.stderr}${message}`);
    }
    tally.compared++;
  }
}

function isSound(name: string, repository: FixtureRepository): boolean {
  return !name.startsWith("corrupt/") && repository.ref_format !== "reftable";
}

test("lattice git answers every probe of the sound fixtures as git did", async () => {
  const tally: Tally = { compared: 0, byGit: 0, passedOver: 0, failures: [] };
  for (const [name, fixture] of Object.entries(fixtures)) {
    for (const repository of fixture.repositories) {
      if (isSound(name, repository)) await replay(name, repository, tally);
    }
  }
  console.log(
    `fixture probes: ${tally.compared} compared, ${tally.byGit} of other commands run by git, ` +
      `${tally.passedOver} of read-only ones passed over`,
  );
  assert.equal(tally.failures.length, 0, `${tally.failures.length} differ:\n${tally.failures.join("\n\n")}`);
  assert.ok(tally.compared > 500);
});
