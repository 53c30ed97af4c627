/**
 * The commands on secrets that are killed and disturbed, and what must be true afterwards. The folder of the secrets is
 * `home` in the working folder.
 *
 * @module
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Ended, lattice } from "./binary.ts";
import { type StoreSubject, storeSubject } from "./store_subjects.ts";

/** What the commands find in their environment. */
export const ENV: Record<string, string> = { LATTICE_HOME: "home" };

/** The value before, and after. */
export const OLD = "hunter1-the-old-one";
export const NEW = `hunter2-the-new-one-${"n".repeat(9000)}`;

/** A first secret, one that is replaced, one that is removed. */
export function secretSubjects(): StoreSubject[] {
  const set = ["secret", "set", "key"];
  return [
    { name: "secret set, the first", args: set, stdin: NEW, before: null, after: NEW },
    { name: "secret set", args: set, stdin: NEW, before: OLD, after: NEW },
    { name: "secret delete", args: ["secret", "delete", "key"], stdin: "", before: OLD, after: null },
  ].map((about) =>
    storeSubject({ ...about, env: ENV }, (cwd) => {
      if (about.before !== null) must(cwd, ["secret", "set", "key"], about.before);
    }, "home")
  );
}

/** Runs a command. */
export function run(cwd: string, args: readonly string[], stdin = ""): Ended {
  return lattice(args, { cwd, stdin, env: ENV });
}

/** Runs a command that must succeed. */
export function must(cwd: string, args: readonly string[], stdin = ""): string {
  const { exit, stdout, stderr } = run(cwd, args, stdin);
  assert.equal(exit, 0, `${args.join(" ")}: ${stderr}`);
  return stdout;
}

/** The secret as the next command reads it; `null`: there is none. */
export function secretIn(cwd: string): string | null {
  const { exit, stdout, stderr } = run(cwd, ["secret", "get", "--raw", "key"]);
  assert.ok(exit === 0 || exit === 1, `secret get: ${stderr}`);
  return exit === 0 ? stdout : null;
}

/** Names in the folder of the secrets. */
export function namesIn(cwd: string): string[] {
  const folder = join(cwd, "home");
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}

/** Whatever stands there is its owner's alone. */
export function expectPrivate(cwd: string): void {
  const folder = join(cwd, "home");
  if (!existsSync(folder)) return;
  for (const path of [folder, ...readdirSync(folder).map((name) => join(folder, name))]) {
    const mode = statSync(path).mode & 0o777;
    assert.equal(mode & 0o077, 0, `${path} has mode ${mode.toString(8)}`);
  }
}

/** What the next commands find: the secret old or new, no lock to be waited for, and nothing left over when they end. */
export function expectSettled(subject: StoreSubject, cwd: string): void {
  expectPrivate(cwd);
  const found = secretIn(cwd);
  assert.ok(found === subject.before || found === subject.after, `neither old nor new: ${found}`);
  must(cwd, ["--lock-timeout", "0", "secret", "set", "key"], OLD);
  assert.deepEqual(namesIn(cwd), ["secrets.toml", "secrets.toml.flock"]);
  assert.equal(secretIn(cwd), OLD);
}
