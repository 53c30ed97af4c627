/**
 * What zsh and fish make of the completion scripts, asked as a person asks them: a line, and Tab.
 *
 * @module
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { renderCompletion } from "../../src/cli/completion.ts";
import { COMMANDS } from "../../src/cli/definitions/mod.ts";
import { temporaryFolder } from "../fixtures.ts";
import { test } from "../harness.ts";

/** Branches that `lattice git for-each-ref` prints; some would run a command if a shell read them as its own words. */
const BRANCHES = ["$(touch PWNED)", "`touch PWNED`", "a;touch PWNED", "topic"];

/** Starts as zsh does for a person, writes each word that is offered for {@link LINE} into a file, and ends. */
const ZSHRC = String.raw`
fpath=("$ZDOTDIR" $fpath)
autoload -Uz compinit
compinit -u -D
setopt extended_glob
lattice() { print -rl -- ${BRANCHES.map((name) => `'${name}'`).join(" ")} }
compadd() {
  if [[ " ${"$"}{@[1,(i)(-|--)]} " != *" -"[a-zA-Z]#[OAD]" "* ]]; then # else zsh asks itself
    local -a hits
    builtin compadd -O hits "$@"
    (( $#hits )) && print -rl -- $hits >>"$OFFERS"
  fi
  builtin compadd "$@"
}
complete-line() {
  BUFFER=$LINE CURSOR=$#LINE
  zle complete-word
  BUFFER=exit
  zle .accept-line
}
zle -N zle-line-init complete-line
`;

type Offers = (line: string) => string[];

/** Asks a zsh at a terminal. */
function zsh(folder: string): Offers {
  writeFileSync(join(folder, ".zshrc"), ZSHRC);
  writeFileSync(join(folder, "_lattice"), renderCompletion("zsh", COMMANDS));
  return (line) => {
    const offers = join(folder, "offers");
    writeFileSync(offers, "");
    const { status } = spawnSync("script", ["-qec", "zsh -i", "/dev/null"], {
      cwd: folder,
      env: { PATH: process.env["PATH"]!, TERM: "dumb", ZDOTDIR: folder, LINE: line, OFFERS: offers },
      input: "",
    });
    assert.equal(status, 0);
    return readFileSync(offers, "utf8").split("\n").filter((word) => word !== "");
  };
}

/** Asks fish, which has a command for it. */
function fish(folder: string): Offers {
  const script = join(folder, "lattice.fish");
  const branches = BRANCHES.map((name) => `'${name}'`).join(" ");
  writeFileSync(
    script,
    `function lattice; printf '%s\\n' ${branches}; end\n${renderCompletion("fish", COMMANDS)}\ncomplete -C $argv[1]\n`,
  );
  return (line) => {
    const { status, stdout, stderr } = spawnSync("fish", ["--no-config", script, line], {
      cwd: folder,
      env: { PATH: process.env["PATH"]!, HOME: folder },
      encoding: "utf8",
    });
    assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
    return stdout.split("\n").filter((word) => word !== "").map((word) => word.split("\t")[0]!);
  };
}

for (const shell of [zsh, fish]) {
  test(`renderCompletion() completes commands, options, their values and arguments in ${shell.name}`, () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "paper"), "");
    const offers = shell(folder);
    assert.deepEqual(offers("lattice comp"), ["completion"]);
    assert.deepEqual(offers("lattice meta ed"), ["edit"]);
    assert.deepEqual(offers("lattice --color al"), ["always"]);
    assert.deepEqual(offers("lattice meta get --color al"), ["always"]);
    assert.deepEqual(offers("lattice meta set topic --expect"), ["--expect", "--expect-absent"]);
    assert.deepEqual(offers("lattice meta set topic --file pap"), ["paper"]);
    assert.deepEqual(offers("lattice lock file run pap"), ["paper"]);
    assert.deepEqual(offers("lattice hook install pre-push ref"), ["reference-transaction"]);
    assert.deepEqual(offers("lattice completion z"), ["zsh"]);
    assert.deepEqual(offers("lattice meta get topic "), [], "one argument, and it is there");
    assert.deepEqual(offers("lattice meta get set --expect"), [], "an argument may be spelled like a command");
    assert.deepEqual(offers("lattice op run --name x -- tou"), shell === zsh ? ["touch"] : []);
    assert.deepEqual(offers("lattice git cat-f"), ["cat-file"]);
  });

  test(`renderCompletion() runs nothing in ${shell.name} that the name of a branch says`, () => {
    const folder = temporaryFolder();
    const offers = shell(folder);
    for (const line of ["lattice meta get ", "lattice meta edit b --parent "]) {
      assert.deepEqual(offers(line).sort(), [...BRANCHES].sort(), line);
    }
    assert.equal(existsSync(join(folder, "PWNED")), false);
  });
}
