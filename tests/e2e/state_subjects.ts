/**
 * The commands on state documents that are killed and disturbed, and what must be true afterwards.
 *
 * @module
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { lattice } from "./binary.ts";
import { type StoreSubject, storeSubject } from "./store_subjects.ts";

/** The document before, and after. */
export const OLD = '{"version":"1.0"}\n';
export const NEW = `{"version":"2.0","notes":"${"n".repeat(9000)}"}\n`;

/** A first document, one that is replaced, and one that is removed. */
export function stateSubjects(): StoreSubject[] {
  const save = ["state", "save", "production"];
  return [
    { name: "state save, the first", args: save, stdin: NEW, before: null, after: NEW },
    { name: "state save", args: save, stdin: NEW, before: OLD, after: NEW },
    { name: "state delete", args: ["state", "delete", "production"], stdin: "", before: OLD, after: null },
  ].map((about) =>
    storeSubject(about, (cwd) => {
      if (about.before !== null) must(cwd, ["state", "save", "production"], about.before);
    }, "data")
  );
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
export function expectSettled(subject: StoreSubject, cwd: string): string | null {
  const found = loaded(cwd);
  assert.ok(found === subject.before || found === subject.after, `neither old nor new: ${found}`);
  must(cwd, ["--lock-timeout", "0", "state", "save", "production"], OLD);
  assert.deepEqual(namesIn(cwd), ["state.json"]);
  assert.equal(loaded(cwd), OLD);
  return found;
}
