/**
 * Real git beside us: the same input in a repository on the real disk, the same question, the answers compared.
 *
 * @module
 */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { temporaryFolder } from "../fixtures.ts";
import { type Outcome, runProgram } from "../git_oracle.ts";
import type { TreeSource } from "../simulation/dump.ts";
import { FOLDER, type Verdict } from "./judge.ts";

/** Git runs away on some of this (a delta that stands on itself): it gets 200 MB and two seconds of a processor. */
const LIMITED_GIT = 'ulimit -v 200000; ulimit -t 2; exec git "$@"';

/** How often git and we did what. */
export interface Tally {
  same: number;
  /** Git answered and we refused. */
  refused: number;
  /** Git refused and we answered. */
  answered: number;
  /** Both refused. */
  both: number;
}

/** A copy of a repository in which git is asked. */
export class GitTwin {
  readonly tally: Tally = { same: 0, refused: 0, answered: 0, both: 0 };
  private readonly folder: string;

  /** @param source The work tree of a sound repository. */
  constructor(source: string) {
    this.folder = join(temporaryFolder(), "twin");
    cpSync(source, this.folder, { recursive: true, verbatimSymlinks: true });
  }

  /** Asks git with an input in place, and takes the input away again. */
  ask(files: TreeSource, args: readonly string[], stdin?: string | Uint8Array): Outcome {
    const undo: (() => void)[] = [];
    try {
      for (const [path, value] of Object.entries(files)) undo.unshift(this.put(path, value));
      return runProgram(
        "/bin/sh",
        ["-c", LIMITED_GIT, "sh", ...args],
        this.folder,
        stdin === undefined ? {} : { stdin },
      );
    } finally {
      for (const step of undo) step();
    }
  }

  /**
   * Compares an answer of ours with git's; where both answer, the output must be the same. Lines that we left out with
   * a warning may be missing.
   *
   * @param verdict What we made of the same input; its arguments begin with `git`.
   */
  compare(files: TreeSource, verdict: Verdict, stdin?: string | Uint8Array): void {
    const outcome = this.ask(files, verdict.args.slice(1), stdin);
    // `cat-file --batch` calls missing what is damaged; what we read there has the right hash.
    const gitAnswers = outcome.exit === 0 && !printable(outcome.stdout).endsWith(" missing\n");
    this.count(gitAnswers, verdict.exit === 0);
    if (!gitAnswers || verdict.exit !== 0) return;
    const [ours, theirs] = [printable(verdict.stdoutBytes), printable(outcome.stdout)];
    const place = `${verdict.args.join(" ")}: git says ${outcome.stderr}, we say ${verdict.stderr}`;
    if (!verdict.stderr.includes("warning:")) return assert.equal(ours, theirs, place);
    const lines = new Set(theirs.split("\n"));
    for (const line of ours.split("\n")) assert.ok(lines.has(line), `${line}: ${place}`);
  }

  /** Takes note of who answered. */
  count(gitAnswers: boolean, weAnswer: boolean): void {
    if (gitAnswers) this.tally[weAnswer ? "same" : "refused"]++;
    else this.tally[weAnswer ? "answered" : "both"]++;
  }

  /** Prints the tally, and insists that git and we agreed at least so often. */
  report(what: string, sameMin: number): void {
    console.log(`${what} beside git: ${JSON.stringify(this.tally)}`);
    assert.ok(this.tally.same >= sameMin, `${what}: ${JSON.stringify(this.tally)}`);
  }

  private put(path: string, value: TreeSource[string]): () => void {
    const target = join(this.folder, path.slice(FOLDER.length + 1));
    let before: Uint8Array | null = null;
    try {
      before = readFileSync(target);
    } catch {
      mkdirSync(dirname(target), { recursive: true }); // a file that is new
    }
    rmSync(target, { force: true });
    if (typeof value === "object" && value !== null && "link" in value) symlinkSync(value.link, target);
    else writeFileSync(target, value ?? "");
    return () => {
      rmSync(target, { force: true });
      if (before !== null) writeFileSync(target, before);
    };
  }
}

function printable(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}
