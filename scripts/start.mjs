/**
 * `npm start`: installs what is missing, builds the binary, and shows the main job on a real repository: write, a
 * refused compare-and-swap, a kill in the middle, recovery, undo. Every line is the command that a user would type.
 *
 * Needs Node.js and npm, no git: the repository is made of three files and by lattice itself.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setImmediate as nextTurn } from "node:timers/promises";
import { binary, compile } from "./build.mjs";
import { prepare } from "./setup.mjs";

/** How many documents the killed command writes: enough work for the kill to come in the middle of it. */
const BATCH = 3000;

/** How often a kill may come too late before this gives up. */
const KILLS_MAX = 25;

const startedMs = Date.now();
prepare();
console.log("building dist/lattice");
compile(binary);

const folder = mkdtempSync(join(tmpdir(), "lattice-start-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

/** It is there while an operation is unfinished. */
const MARKER = join(folder, ".git", "lattice", "op-state.json");

/** The environment without what would lead lattice elsewhere; its configuration is that of no user. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_") && !name.startsWith("LATTICE_")),
);
Object.assign(environment, { HOME: folder, GIT_AUTHOR_NAME: "A User", GIT_AUTHOR_EMAIL: "user@example.com" });
Object.assign(environment, { GIT_COMMITTER_NAME: "A User", GIT_COMMITTER_EMAIL: "user@example.com" });

title("A repository (no git is needed)");
mkdirSync(join(folder, ".git", "objects"), { recursive: true });
mkdirSync(join(folder, ".git", "refs"));
write(".git/HEAD", "ref: refs/heads/main\n");
write(".git/config", "[core]\n\trepositoryformatversion = 0\n\tbare = false\n");
const tree = lattice("git hash-object -t tree -w --stdin < empty", { stdin: write("empty", "") });
const commit = lattice("git hash-object -t commit -w --stdin < commit", {
  stdin: write(
    "commit",
    `tree ${tree}\nauthor A User <user@example.com> 1767225600 +0000\n` +
      `committer A User <user@example.com> 1767225600 +0000\n\nfirst\n`,
  ),
});
for (const branch of ["main", "feature-a", "feature-b"]) lattice(`git update-ref refs/heads/${branch} ${commit}`);
lattice("init");

title("Write and read");
write("a.json", documentOf("feature-a", "trunk", "main"));
write("b.json", documentOf("feature-b", "branch", "feature-a"));
const first = lattice("meta set feature-a --file a.json --expect-absent");
lattice("meta set feature-b --file b.json --expect-absent");
lattice("meta get feature-a");
lattice("meta list");

title("Compare-and-swap: somebody else was faster");
lattice("meta edit feature-a --freeze single --reason 'under review'");
lattice(`meta set feature-a --file a.json --expect ${first}`, { exit: 3 });

title(`Killed in the middle of ${BATCH.toLocaleString("en")} writes`);
const branches = Array.from({ length: BATCH }, (_, index) => `many/branch-${index}`);
write(
  "changes.jsonl",
  branches.map((branch) =>
    `{"branch":"${branch}","expect":null,"metadata":${
      JSON.stringify(JSON.parse(documentOf(branch, "trunk", "main")))
    }}\n`
  ).join(""),
);
await killWhen("apply --file changes.jsonl", "its journal says what it is going to do", isJournaled);
recoverAndCount();
if (countBranches() > 2) lattice("undo");

title("Killed again, later: the refs are there, their locks too");
await killWhen("apply --file changes.jsonl", "git sees the new refs", isVisible);
recoverAndCount();

title("Taken back");
lattice("undo");
lattice("meta list");
lattice("op list");

console.log(`\nDone in ${((Date.now() - startedMs) / 1000).toFixed(1)} s. The binary: ${binary}`);

function title(text) {
  console.log(`\n# ${text}`);
}

/** Writes a file of the repository; gives its content. */
function write(name, content) {
  writeFileSync(join(folder, name), content);
  return content;
}

/** A metadata document, as a user would write it. */
function documentOf(branch, kind, parent) {
  return `${
    JSON.stringify(
      {
        kind: "lattice.branch-metadata",
        schema_version: 1,
        branch: { name: branch },
        parent: { kind, name: parent },
        base: { oid: commit },
        freeze: { state: "unfrozen" },
        pr: { state: "none" },
        timestamps: { created_at: "2026-01-01T00:00:00Z", updated_at: "2026-01-01T00:00:00Z" },
      },
      null,
      2,
    )
  }\n`;
}

/** The arguments of a line that a user types: words, and quoted ones; a redirection is for the reader. */
function argumentsOf(line) {
  return [...line.replace(/ < \S+$/, "").matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2]);
}

/**
 * Prints a command and what it answers, and runs it.
 *
 * @param line What follows `lattice` on the command line.
 * @param options `stdin`; `exit`: the exit code that belongs to the story; `summary`: says in short what was printed.
 * @returns Its standard output without the final newline.
 */
function lattice(line, { stdin = "", exit = 0, summary } = {}) {
  console.log(`$ lattice ${line}`);
  const ended = spawnSync(binary, argumentsOf(line), { cwd: folder, env: environment, input: stdin, encoding: "utf8" });
  if (ended.error !== undefined) throw ended.error;
  const printed = ended.stdout.replace(/\n$/, "");
  if (summary !== undefined) console.log(summary(printed === "" ? [] : printed.split("\n")));
  else if (printed !== "") console.log(printed);
  if (ended.stderr !== "") console.log(ended.stderr.trimEnd());
  if (ended.status !== 0) console.log(`(exit code ${ended.status ?? ended.signal})`);
  if (ended.status !== exit) {
    console.error(`error: exit code ${exit} was expected`);
    process.exit(1);
  }
  return printed;
}

/** What a user does after a crash, though every changing command would do it by itself. */
function recoverAndCount() {
  lattice("op status", { exit: 5 });
  lattice("recover");
  lattice("op status");
  lattice("meta list", { summary: (lines) => `(${lines.length} branches: the two, and all of the ${BATCH} or none)` });
}

function countBranches() {
  const listed = spawnSync(binary, ["meta", "list"], { cwd: folder, env: environment, encoding: "utf8" });
  return listed.stdout.split("\n").length - 1;
}

/**
 * Runs a command and kills it as soon as a moment has come. A kill that came too late is said, its work taken back,
 * and tried again.
 *
 * @param moment Its name, for the reader.
 * @param hasCome Whether it is there; asked until it is, or until the command has ended.
 */
async function killWhen(line, moment, hasCome) {
  for (let kill = 1; kill <= KILLS_MAX; kill++) {
    console.log(`$ lattice ${line} &    # and kill -9 $! as soon as ${moment}`);
    const child = spawn(binary, argumentsOf(line), { cwd: folder, env: environment, stdio: "ignore" });
    const ended = new Promise((resolve) => child.on("exit", resolve));
    while (child.exitCode === null && !hasCome()) await nextTurn();
    child.kill("SIGKILL");
    await ended;
    if (child.signalCode === "SIGKILL" && existsSync(MARKER)) return;
    console.log("(the kill came too late: everything was done already)");
    if (countBranches() > 2) lattice("undo");
  }
  console.error(`error: none of ${KILLS_MAX} kills came in the middle`);
  process.exit(1);
}

/** Whether the journal of the unfinished operation says what it is going to do. */
function isJournaled() {
  try {
    const { op_id: id } = JSON.parse(readFileSync(MARKER, "utf8"));
    return statSync(join(MARKER, "..", "ops", `${id}.jsonl`)).size > BATCH * 100;
  } catch (error) {
    if (error.code === "ENOENT") return false; // not there yet, or not any more
    throw error;
  }
}

/** Whether `packed-refs` has a ref of the batch. */
function isVisible() {
  const path = join(folder, ".git", "packed-refs");
  return existsSync(path) && statSync(path).size > BATCH * 50;
}
