/**
 * What real git did in every fixture repository, done again by lattice on a fresh copy.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "../harness.ts";
import {
  type FixtureRepository,
  fixtures,
  freshFixtureFolder,
  type Probe,
  type ProbeOutput,
  type ProbeResult,
} from "../fixtures.ts";
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
  "pack-refs",
  "reflog",
]);

/** Commands that lattice does not have; they change nothing, so that the probes behind them do not need them. */
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
  const text = Buffer.from(bytes).toString("latin1").replaceAll(folder, "$FIXTURE");
  const stable = new Uint8Array(Buffer.from(text, "latin1"));
  if (expected === undefined || typeof expected === "string") return new TextDecoder().decode(stable);
  if ("base64" in expected) return { base64: Buffer.from(stable).toString("base64") };
  return { ...expected, bytes: stable.length, sha256: createHash("sha256").update(stable).digest("hex") };
}

interface Tally {
  compared: number;
  passedOver: number;
  readonly failures: string[];
}

/** What the git versions did that were asked: one result where they agree, else one of each. */
function resultsOf(probe: Probe): ProbeResult[] {
  return Object.values(probe).filter((value): value is ProbeResult =>
    typeof value === "object" && value !== null && "exit" in value
  );
}

async function replay(fixture: string, repository: FixtureRepository, tally: Tally): Promise<void> {
  const folder = unpack(fixture);
  const cwd = join(folder, repository.path);
  for (const probe of repository.probes) {
    const { args, command } = prepare(probe, folder);
    if (!COMMANDS.has(command)) {
      assert.ok(READ_ONLY.has(command), `git ${command} would change what the next probes meet`);
      tally.passedOver++;
      continue;
    }
    const flaw = await compare(probe, args, cwd, folder);
    if (flaw !== null) tally.failures.push(`${fixture}/${repository.path}: git ${args.join(" ")}\n${flaw}`);
    tally.compared++;
  }
}

/** Where lattice differs from every git version that was asked; `null`: from one of them it does not. */
async function compare(probe: Probe, args: string[], cwd: string, folder: string): Promise<string | null> {
  const ended = await latticeGit(args, cwd, stdinOf(probe, folder));
  const differences: string[] = [];
  for (const { exit, stdout } of resultsOf(probe)) {
    const actual = { exit: ended.exit, stdout: comparable(ended.stdoutBytes, stdout, folder) };
    try {
      assert.deepEqual(actual, { exit, stdout: stdout ?? "" });
      return null;
    } catch (error) {
      differences.push(error instanceof Error ? error.message : String(error));
    }
  }
  return [ended.stderr, ...differences].join("\n");
}

/** Unpacks a fixture; what is tied to the folder where it was made is tied to the new one. */
function unpack(fixture: string): string {
  const folder = freshFixtureFolder(fixture);
  for (const { absolute_prefix: prefix, gitdir } of fixtures[fixture]!.repositories) {
    if (typeof prefix !== "string") continue;
    const names = readdirSync(join(folder, gitdir, "worktrees"));
    const links = names.map((name) => join(folder, gitdir, "worktrees", name, "gitdir"));
    const files = names.map((name) => join(folder, name, ".git")).filter((path) => existsSync(path));
    for (const path of [...links, ...files]) {
      writeFileSync(path, readFileSync(path, "utf8").replaceAll(prefix, folder));
    }
  }
  return folder;
}

function isReftable(repository: FixtureRepository): boolean {
  return repository.ref_format === "reftable";
}

test("lattice git answers every probe of the sound fixtures as git did", async () => {
  const tally: Tally = { compared: 0, passedOver: 0, failures: [] };
  for (const [name, fixture] of Object.entries(fixtures)) {
    for (const repository of fixture.repositories) {
      if (!name.startsWith("corrupt/") && !isReftable(repository)) await replay(name, repository, tally);
    }
  }
  console.log(`fixture probes: ${tally.compared} compared, ${tally.passedOver} of other commands passed over`);
  assert.equal(tally.failures.length, 0, `${tally.failures.length} differ:\n${tally.failures.join("\n\n")}`);
  assert.ok(tally.compared > 500);
});

/** No probe of a damaged repository may take longer, in milliseconds; git itself does not end on some. */
const DAMAGED_PROBE_MS_MAX = 10_000;

/** Where lattice goes on and git does not, and why nothing damaged is passed off as sound there. */
const WIDER: Readonly<Record<string, string>> = {
  "corrupt/packed-refs/name-outside-refs": "records outside of refs/ are not looked at; those below are sound",
  "corrupt/loose-refs/df": "git looks for the packed refs/heads/q/r only below the file refs/heads/q, yet lists it",
  "corrupt/dangling-locks/files": "a left-over packed-refs.new is in nobody's way: ours has another name",
};

/** What is wrong with the way in which a probe of a damaged repository ended; `null`: nothing. */
async function judgeDamaged(
  place: string,
  cwd: string,
  { probe, args, command }: PreparedProbe,
  folder: string,
): Promise<string | null> {
  const start = performance.now();
  const ended = await latticeGit(args, cwd, stdinOf(probe, folder));
  if (performance.now() - start > DAMAGED_PROBE_MS_MAX) return "it takes too long";
  if (ended.stderr.includes("internal error")) return ended.stderr;
  if (![0, 1, 128, 129].includes(ended.exit)) return `it ends with ${ended.exit}`;
  if (ended.exit !== 0) {
    const gitIsSilent = resultsOf(probe).some(({ exit, stderr }) => exit === ended.exit && stderr === undefined);
    return ended.stderr === "" && ended.exit === 128 && !gitIsSilent ? "it fails without a word" : null;
  }
  if (command === "cat-file" && args[0] === "cat-file" && args[1] === "-p") return await judgeContent(cwd, args[2]!);
  if (command === "cat-file") return null; // headers are not hashed; what can be read is judged by its content
  const silent = ended.stderr === "" && WIDER[place] === undefined;
  return silent && resultsOf(probe).every(({ exit }) => exit !== 0) ? "git says that this fails" : null;
}

/** An object that is shown must be the one that was asked for, by its hash. */
async function judgeContent(cwd: string, oid: string): Promise<string | null> {
  if (!/^[0-9a-f]+$/.test(oid)) return null;
  const type = (await latticeGit(["cat-file", "-t", oid], cwd)).stdout.trim();
  const { stdoutBytes } = await latticeGit(["cat-file", type, oid], cwd);
  const hash = createHash(oid.length === 40 ? "sha1" : "sha256");
  const actual = hash.update(`${type} ${stdoutBytes.length}\0`).update(stdoutBytes).digest("hex");
  return actual === oid ? null : `it shows ${actual} for ${oid}`;
}

test("lattice git passes nothing damaged off as sound, and ends in time", async () => {
  let judged = 0;
  const failures: string[] = [];
  for (const [name, fixture] of Object.entries(fixtures)) {
    if (!name.startsWith("corrupt/")) continue;
    for (const repository of fixture.repositories) {
      if (isReftable(repository)) continue;
      const folder = freshFixtureFolder(name);
      const cwd = join(folder, repository.path);
      for (const probe of repository.probes) {
        const prepared = prepare(probe, folder);
        if (!COMMANDS.has(prepared.command)) continue; // each probe is judged by itself, whatever ran before
        const place = `${name}/${repository.path}`;
        const flaw = await judgeDamaged(place, cwd, prepared, folder);
        if (flaw !== null) failures.push(`${place}: git ${prepared.args.join(" ")}: ${flaw}`);
        judged++;
      }
    }
  }
  console.log(`probes of damaged repositories: ${judged} judged`);
  assert.equal(failures.length, 0, `${failures.length} of ${judged}:\n${failures.join("\n")}`);
  assert.ok(judged > 500);
});
