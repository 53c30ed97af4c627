/**
 * The commands on state documents that are killed and disturbed, and what must be true afterwards.
 *
 * @module
 */
import assert from "node:assert/strict";
import { cpSync, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../temporary_folder.ts";
import { lattice } from "./binary.ts";
import { callsOf, type SystemCall } from "./system_calls.ts";

/** The document before, and after. */
export const OLD = '{"version":"1.0"}\n';
export const NEW = `{"version":"2.0","notes":"${"n".repeat(9000)}"}\n`;

/** A command, and what it makes of the document; `null`: none is there. */
export interface StateSubject {
  readonly name: string;
  readonly args: readonly string[];
  readonly stdin: string;
  readonly before: string | null;
  readonly after: string | null;
  /** Its calls when nothing disturbs it. */
  readonly calls: readonly SystemCall[];
  /** Makes a folder in which it has not run yet; the store is `data` in it. */
  fresh(): string;
}

function subjectOf(about: Omit<StateSubject, "calls" | "fresh">): StateSubject {
  const template = temporaryFolder();
  if (about.before !== null) must(template, ["state", "save", "production"], about.before);
  const fresh = () => {
    const cwd = temporaryFolder();
    cpSync(template, cwd, { recursive: true, preserveTimestamps: true });
    return cwd;
  };
  const cwd = fresh();
  const { calls, ended } = callsOf(about.args, { cwd, stdin: about.stdin }, "data");
  assert.equal(ended.exit, 0, ended.stderr);
  assert.ok(calls.length > 15, `strace saw hardly any call: ${calls.length}`);
  return { ...about, calls, fresh };
}

/** A first document, one that is replaced, and one that is removed. */
export function stateSubjects(): StateSubject[] {
  const save = ["state", "save", "production"];
  return [
    { name: "state save, the first", args: save, stdin: NEW, before: null, after: NEW },
    { name: "state save", args: save, stdin: NEW, before: OLD, after: NEW },
    { name: "state delete", args: ["state", "delete", "production"], stdin: "", before: OLD, after: null },
  ].map(subjectOf);
}

/** Runs a command that must succeed. */
export function must(cwd: string, args: readonly string[], stdin = ""): string {
  const { exit, stdout, stderr } = lattice(args, { cwd, stdin });
  assert.equal(exit, 0, `${args.join(" ")}: ${stderr}`);
  return stdout;
}

/** The document as the next command reads it; `null`: there is none. */
export function loaded(cwd: string): string | null {
  const { exit, stdout, stderr } = lattice(["state", "load", "production"], { cwd });
  assert.ok(exit === 0 || exit === 1, `state load: ${stderr}`);
  return exit === 0 ? stdout : null;
}

/** Names in the document's folder. */
export function namesIn(cwd: string): string[] {
  const folder = join(cwd, "data", "production");
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}

/**
 * What the next commands find: the document old or new, no lock that they would have to wait for, and nothing left over
 * when they have ended.
 *
 * @returns What the document was.
 */
export function expectSettled(subject: StateSubject, cwd: string): string | null {
  const found = loaded(cwd);
  assert.ok(found === subject.before || found === subject.after, `neither old nor new: ${found}`);
  must(cwd, ["--lock-timeout", "0", "state", "save", "production"], OLD);
  assert.deepEqual(namesIn(cwd), ["state.json"]);
  assert.equal(loaded(cwd), OLD);
  return found;
}
