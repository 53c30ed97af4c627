/**
 * The fixture repositories beside the checkout (`../shared/fixtures`), unpacked into a temporary folder, and what
 * their manifest says of them.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "./temporary_folder.ts";

export { temporaryFolder };

const FOLDER = fileURLToPath(new URL("../../shared/fixtures/", import.meta.url));

/** Text, or bytes in base64, or the measure of a long output. */
export type ProbeOutput =
  | string
  | { base64: string }
  | { bytes: number; lines: number; sha256: string; begins: string };

/** What one git version did. */
export interface ProbeResult {
  exit: number;
  stdout?: ProbeOutput;
  stderr?: ProbeOutput;
  runs_away?: boolean;
}

/** A git command and what it did. Versions that agree to the byte share `both`. */
export interface Probe {
  args: string[];
  /** Bytes given on standard input, when there are any. */
  stdin?: string;
  both?: ProbeResult;
  [version: string]: unknown;
}

/** A ref as the manifest has it. */
export interface FixtureRef {
  name: string;
  name_hex?: string;
  oid: string;
  type: string;
  symref?: string;
  resolves_to?: string;
  peeled?: { oid: string; type: string };
}

/** An object as the manifest has it. */
export interface FixtureObject {
  oid: string;
  type: string;
  size: number;
  content_sha1: string;
}

/** A repository of a fixture. Facts that only some have are read by name. */
export interface FixtureRepository {
  path: string;
  gitdir: string;
  object_format?: "sha1" | "sha256";
  ref_format?: "files" | "reftable";
  head?: { symref?: string; oid?: string };
  ref_count?: number;
  refs?: FixtureRef[];
  reflogs?: Record<string, unknown>;
  objects?: {
    count: number;
    by_type: Record<string, number>;
    list_sha256: string;
    all?: FixtureObject[];
    sample?: FixtureObject[];
  };
  probes: Probe[];
  [fact: string]: unknown;
}

/** A fixture: an archive with one or more repositories. */
export interface Fixture {
  archive: string;
  title: string;
  unpacks_to: string;
  repositories: FixtureRepository[];
}

/** All fixtures by name. Where they are not beside the checkout, any use of it throws. */
export const fixtures: Readonly<Record<string, Fixture>> = (() => {
  const path = join(FOLDER, "manifest.json");
  if (existsSync(path)) {
    return (JSON.parse(readFileSync(path, "utf8")) as { fixtures: Record<string, Fixture> }).fixtures;
  }
  const refuse = () => {
    throw new Error(`the fixtures are not beside the checkout: ${path} is missing`);
  };
  return new Proxy({}, { get: refuse, has: refuse, ownKeys: refuse });
})();

const unpacked = new Map<string, string>();

/**
 * Unpacks a fixture once a process, for tests that only read.
 *
 * @returns The folder that the archive unpacks to; a repository's `path` and `gitdir` are relative to it.
 */
export function fixtureFolder(name: string): string {
  let folder = unpacked.get(name);
  if (folder === undefined) {
    folder = freshFixtureFolder(name);
    unpacked.set(name, folder);
  }
  return folder;
}

/** Unpacks a fixture into a folder of its own, for tests that write. */
export function freshFixtureFolder(name: string): string {
  const fixture = fixtures[name];
  if (fixture === undefined) throw new Error(`there is no fixture ${name}`);
  const folder = temporaryFolder();
  execFileSync("tar", ["-xzf", join(FOLDER, fixture.archive), "-C", folder, "--no-same-owner"]);
  return join(folder, fixture.unpacks_to);
}
