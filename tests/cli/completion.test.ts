import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "../harness.ts";
import { temporaryFolder } from "../fixtures.ts";
import { renderCompletion } from "../../src/cli/completion.ts";
import { COMMANDS } from "../../src/cli/definitions/mod.ts";

/** What bash offers for the last word, where `lattice git for-each-ref` prints these branches. */
function bashOffers(words: readonly string[], branches: readonly string[], cwd: string): string[] {
  const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  const program = [
    renderCompletion("bash", COMMANDS),
    `lattice() { printf '%s\\n' ${branches.map(quote).join(" ")}; }`,
    `COMP_WORDS=(${words.map(quote).join(" ")}); COMP_CWORD=${words.length - 1}`,
    "_lattice",
    `if (( \${#COMPREPLY[@]} > 0 )); then printf '%s\\n' "\${COMPREPLY[@]}"; fi`,
  ].join("\n");
  const { status, stdout, stderr } = spawnSync("bash", ["-c", program], { cwd, encoding: "utf8" });
  assert.equal(stderr, "");
  assert.equal(status, 0);
  return stdout.split("\n").filter((line) => line !== "");
}

test("renderCompletion() for bash runs nothing that the name of a branch says", () => {
  const cwd = temporaryFolder();
  const hostile = ["$(touch${IFS}PWNED)", "`touch${IFS}PWNED`", "a;touch${IFS}PWNED", "topic"];
  for (const words of [["meta", "get", ""], ["meta", "edit", "b", "--parent", ""], ["meta", "get", "a"]]) {
    const offers = bashOffers(["lattice", ...words], hostile, cwd);
    assert.equal(existsSync(join(cwd, "PWNED")), false, words.join(" "));
    assert.equal(offers.length, words.at(-1) === "" ? 4 : 1);
  }
  const [offer] = bashOffers(["lattice", "meta", "get", "$("], hostile, cwd);
  const { stdout } = spawnSync("bash", ["-c", `printf %s ${offer}`], { cwd, encoding: "utf8" });
  assert.equal(stdout, hostile[0], "what is offered means the name itself");
});

test("renderCompletion() for bash goes on from what is typed, quoted or not", () => {
  const cwd = temporaryFolder();
  assert.deepEqual(bashOffers(["lattice", "meta", "get", "to"], ["topic", "main"], cwd), ["topic"]);
  assert.deepEqual(bashOffers(["lattice", "meta", "get", "\\$"], ["$x", "main"], cwd), ["\\$x"]);
  assert.deepEqual(bashOffers(["lattice", "meta", "g"], [], cwd), ["get"]);
  assert.deepEqual(bashOffers(["lattice", "completion", "z"], [], cwd), ["zsh"]);
});

test("renderCompletion() for bash goes on behind arguments, and offers no more of them than there are", () => {
  const cwd = temporaryFolder();
  const offers = (...words: string[]) => bashOffers(["lattice", ...words], ["topic"], cwd);
  assert.deepEqual(offers("meta", "set", "topic", "--exp"), ["--expect", "--expect-absent"]);
  assert.deepEqual(offers("meta", "set", "--expect-absent", "topic", "--fi"), ["--file"]);
  assert.deepEqual(offers("meta", "get", "set", "--jso"), ["--json"], "an argument may be spelled like a command");
  assert.deepEqual(offers("hook", "install", "pre-push", "ref"), ["reference-transaction"]);
  assert.deepEqual(offers("meta", "get", "topic", ""), []);
  assert.deepEqual(offers("completion", "bash", ""), []);
  assert.deepEqual(offers("lease", "exec", "share", "file", "--own"), ["--owner"]);
});

test("renderCompletion() for bash goes on behind a value that stands behind =, which bash takes for a word", () => {
  const cwd = temporaryFolder();
  const offers = (...words: string[]) => bashOffers(["lattice", ...words], ["topic"], cwd);
  assert.deepEqual(offers("--color", "=", "always", "meta", "ge"), ["get"]);
  assert.deepEqual(offers("--color", "=", "alw"), ["always"]);
  assert.deepEqual(offers("--color", "="), ["auto", "always", "never"]);
});

test("renderCompletion() lets no shell split or expand the names of branches", () => {
  assert.match(renderCompletion("zsh", COMMANDS), /compadd -- \$\{\(f\)"\$\(lattice git for-each-ref [^\n]*\)"\}/);
  assert.doesNotMatch(renderCompletion("bash", COMMANDS), /compgen -W "[^"]*\$/);
  const fish = renderCompletion("fish", COMMANDS);
  assert.match(fish, / -a "\(lattice git for-each-ref /);
  assert.doesNotMatch(fish, /eval/);
});
