/** The shell scripts that are installed as hooks, run by the shells that are here and by git. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type HookName, NOTHING_KEPT, readScript, writeScript } from "../../src/hooks/script.ts";
import { bytesToName, utf8 } from "../../src/platform/text.ts";
import { temporaryFolder } from "../fixtures.ts";
import { git, gitText, type Outcome, runProgram } from "../git_oracle.ts";
import { test } from "../harness.ts";

const SHELLS = ["/bin/sh", "/bin/dash", "/bin/bash"].filter((path) => existsSync(path));
const KEPT = `755 ${"0".repeat(64)}`;

/** A hook with a stand-in for the binary, and perhaps one that was there before; both note what they are given. */
class Place {
  readonly folder = temporaryFolder();
  readonly hook: string;

  constructor(name: HookName, readonly kept: boolean, program?: string | null) {
    this.hook = join(this.folder, name);
    writeFileSync(
      this.hook,
      writeScript({
        name,
        program: program === undefined ? this.#path("lattice") : program,
        kept: kept ? KEPT : NOTHING_KEPT,
      }),
      { mode: 0o755 },
    );
    this.#program("lattice");
    if (kept) this.#program(`${name}.before-lattice`);
  }

  #path(name: string): string {
    return join(this.folder, name);
  }

  #program(name: string): void {
    const lines = [`printf '%s|' "$@" >>${this.folder}/${name}.log`, `cat >>${this.folder}/${name}.log`];
    const text = `#!/bin/sh\n${
      lines.join("\n")
    }\n[ ! -e ${this.folder}/${name}.code ] || exit "$(cat ${this.folder}/${name}.code)"\n`;
    writeFileSync(this.#path(name), text, { mode: 0o755 });
  }

  /** Lets a program end with a code. */
  fail(name: string, code: number): void {
    writeFileSync(this.#path(`${name}.code`), String(code));
  }

  run(shell: string, args: string[], stdin: string, env: Record<string, string> = {}): Outcome {
    for (const log of ["lattice", "pre-push.before-lattice", "reference-transaction.before-lattice"]) {
      rmSync(this.#path(`${log}.log`), { force: true });
    }
    // From a file: whoever does not read a pipe to its end lets the writer fail, which some runtimes tell as no end at all.
    const input = this.#path("input");
    writeFileSync(input, stdin);
    const command = ["-c", 'input=$1; shift; exec "$@" <"$input"', "sh", input, shell, this.hook, ...args];
    return runProgram("/bin/sh", command, this.folder, { env });
  }

  /** What a program was given: its arguments, each with a bar, and its input; `null`: it was not run. */
  log(name: string): string | null {
    const path = this.#path(`${name}.log`);
    return existsSync(path) ? readFileSync(path, "utf8") : null;
  }
}

const INPUTS = ["", "\n", "a b c d\n", "one\ntwo\n\n", "no newline", "% \\n '$x' \"`id`\"\n", "x".repeat(300_000)];

test("the scripts hand arguments and input on as they are, to lattice and to the hook that was there before", () => {
  for (const shell of SHELLS) {
    for (const name of ["pre-push", "reference-transaction"] as const) {
      for (const kept of [false, true]) {
        const place = new Place(name, kept);
        for (const input of INPUTS) {
          const args = ["a b", "'c'"];
          const outcome = place.run(shell, args, input);
          assert.deepEqual([outcome.exit, outcome.stderr], [0, ""], shell);
          assert.equal(place.log("lattice"), `hook|${name}|a b|'c'|${input}`);
          assert.equal(place.log(`${name}.before-lattice`), kept ? `a b|'c'|${input}` : null);
        }
      }
    }
  }
});

test("the scripts end with the failure of either; what lattice refuses is not pushed past the other hook", () => {
  for (const shell of SHELLS) {
    const push = new Place("pre-push", true);
    push.fail("pre-push.before-lattice", 7);
    assert.equal(push.run(shell, [], "x\n").exit, 7);
    push.fail("lattice", 6);
    assert.equal(push.run(shell, [], "x\n").exit, 6);
    assert.equal(push.log("pre-push.before-lattice"), null);

    const transaction = new Place("reference-transaction", true);
    transaction.fail("lattice", 5);
    assert.equal(transaction.run(shell, ["prepared"], "x\n").exit, 5);
    assert.equal(transaction.log("reference-transaction.before-lattice"), "prepared|x\n", "it is told all the same");
    transaction.fail("lattice", 0);
    transaction.fail("reference-transaction.before-lattice", 4);
    assert.equal(transaction.run(shell, ["prepared"], "x\n").exit, 4);
  }
});

test("a program that does not read its input is no failure, even where SIGPIPE is ignored", () => {
  for (const shell of SHELLS) {
    const place = new Place("pre-push", true);
    writeFileSync(`${place.hook}.before-lattice`, "#!/bin/sh\nexit 0\n");
    const command = `trap '' PIPE; exec ${shell} "$0" origin url`;
    const outcome = runProgram(shell, ["-c", command, place.hook], place.folder, { stdin: "x\n".repeat(200_000) });
    assert.deepEqual([outcome.exit, outcome.stderr], [0, ""]);
  }
});

test("where the binary is gone a push and what git is about to change are refused, and both are told", () => {
  for (const shell of SHELLS) {
    for (const kept of [false, true]) {
      const push = new Place("pre-push", kept, "/gone/it's here/lattice");
      const refused = push.run(shell, ["origin", "url"], "x\n");
      assert.equal(refused.exit, 1);
      assert.match(
        refused.stderr,
        /^error: the pre-push hook cannot run lattice: neither \/gone\/it's here\/lattice nor/,
      );
      const remedy = kept ? `mv '${push.hook}.before-lattice' '${push.hook}'` : `rm '${push.hook}'`;
      assert.ok(
        refused.stderr.includes(`\nhint: install it again, or do without the hook: ${remedy}\n`),
        refused.stderr,
      );

      const transaction = new Place("reference-transaction", kept, null);
      for (const state of ["preparing", "prepared", "committed", "aborted", "later"]) {
        const outcome = transaction.run(shell, [state], "x\n");
        assert.equal(outcome.exit, state === "prepared" ? 1 : 0, state);
        const told = /^error: the reference-transaction hook cannot run lattice: there is none on PATH\nhint: /;
        assert.equal(told.test(outcome.stderr), state === "prepared", `${state}: ${outcome.stderr}`);
        assert.equal(outcome.stderr === "", state !== "prepared");
        assert.equal(transaction.log("reference-transaction.before-lattice"), kept ? `${state}|x\n` : null);
      }
    }
  }
});

test("the reference-transaction script does not start lattice for what lattice itself updates", () => {
  for (const shell of SHELLS) {
    for (const kept of [false, true]) {
      const place = new Place("reference-transaction", kept);
      assert.equal(place.run(shell, ["prepared"], "x\n", { LATTICE_IN_HOOK: "0198" }).exit, 0);
      assert.equal(place.log("lattice"), null);
      assert.equal(place.log("reference-transaction.before-lattice"), kept ? "prepared|x\n" : null);
    }
  }
});

test("git runs the reference-transaction script in each state, and heeds its refusal", () => {
  const place = new Place("reference-transaction", true);
  gitText(["init", "-q", "-b", "main", "repo"], place.folder);
  const repo = join(place.folder, "repo");
  gitText(["config", "core.hooksPath", place.folder], repo);
  gitText(["commit", "-q", "--allow-empty", "-m", "1"], repo);
  const log = place.log("lattice")!;
  assert.match(log, /hook\|reference-transaction\|prepared\|[^|]*refs\/heads\/main\n/);
  assert.match(log, /hook\|reference-transaction\|committed\|[^|]*refs\/heads\/main\n/);
  place.fail("lattice", 5);
  assert.notEqual(git(["branch", "other"], repo).exit, 0);
  assert.equal(git(["rev-parse", "-q", "--verify", "other"], repo).exit, 1);
});

test("readScript() knows ours, whoever wrote it, and sees every change", () => {
  for (const name of ["pre-push", "reference-transaction"] as const) {
    for (const program of [null, "/opt/lattice", "/opt/it's\nhere", "/opt/\udcff"]) {
      for (const kept of [NOTHING_KEPT, KEPT]) {
        const bytes = writeScript({ name, program, kept });
        assert.deepEqual(readScript(bytes), { kept });
        const text = bytesToName(bytes);
        for (let at = text.indexOf("\n", 12) + 1; at < bytes.length; at += 7) {
          const edited = bytes.slice();
          edited[at]! ^= 1;
          assert.equal(readScript(edited), "changed");
        }
        assert.equal(readScript(bytes.subarray(0, -1)), "changed");
        assert.equal(readScript(bytes.subarray(0, 40)), null);
      }
    }
  }
  for (const other of ["", "#!/bin/sh\n", "#!/bin/sh\nexit 0\n", "#!/bin/sh\n# lattice hook\n"]) {
    assert.equal(readScript(utf8(other)), null);
  }
});

test("docs/formats.md: the hooks are written to the same bytes", () => {
  const page = readFileSync(new URL("../../docs/formats.md", import.meta.url), "utf8");
  const examples = [...page.matchAll(/^```hook\n([\s\S]*?)^```$/gm)].map((match) => match[1]);
  const program = "/usr/local/bin/lattice";
  const kept = "755 306c6ca7407560340797866e077e053627ad409277d1b9da58106fce4cf717cb";
  assert.deepEqual(examples, [
    bytesToName(writeScript({ name: "pre-push", program, kept })),
    bytesToName(writeScript({ name: "reference-transaction", program, kept: NOTHING_KEPT })),
  ]);
});
