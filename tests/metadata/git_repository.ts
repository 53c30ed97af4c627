/**
 * A repository for tests that only read: refs and objects come from real git, so that what is tested is the metadata
 * layer alone.
 *
 * @module
 */
import { type ObjectType, SHA1, SHA256 } from "../../src/git/object_format.ts";
import type { GitObject } from "../../src/git/objects/store.ts";
import type { RefEntry } from "../../src/git/refs/store.ts";
import type { Repository } from "../../src/git/repository.ts";
import { compareNames } from "../../src/platform/text.ts";
import { gitText, modernGit, runProgram } from "../git_oracle.ts";

const utf8Decoder = new TextDecoder();

/** All objects that the refs below a prefix name, and the refs. */
export interface Snapshot {
  readonly refs: RefEntry[];
  readonly objects: Map<string, GitObject>;
}

/** Reads refs and what they name, by a git that knows every repository format. */
export function snapshot(path: string, prefix = "refs/"): Snapshot {
  const lines = run(["for-each-ref", "--format=%(objectname) %(symref) %(refname)", prefix], path).split("\n");
  const refs = lines.filter((line) => line !== "").map((line): RefEntry => {
    const [oid, target, name] = line.split(" ") as [string, string, string];
    return { name, value: target === "" ? { kind: "direct", oid } : { kind: "symbolic", target } };
  });
  const oids = lines.filter((line) => line !== "").map((line) => line.slice(0, line.indexOf(" ")));
  const objects: Snapshot["objects"] = new Map();
  for (let i = 0; i < oids.length; i += OIDS_AT_ONCE) readObjects(path, oids.slice(i, i + OIDS_AT_ONCE), objects);
  return { refs: refs.sort((a, b) => compareNames(a.name, b.name)), objects };
}

/** A repository made of a snapshot; only what the metadata layer asks for is there. */
export function repositoryOf({ refs, objects }: Snapshot, format: "sha1" | "sha256" = "sha1"): Repository {
  const objectFormat = format === "sha1" ? SHA1 : SHA256;
  const repository = {
    objectFormat,
    refs: {
      read: (name: string) => refs.find((entry) => entry.name === name) ?? null,
      list: (prefix: string) => refs.filter((entry) => entry.name.startsWith(prefix)),
      findConflict: (name: string) =>
        refs.find((entry) => entry.name.startsWith(`${name}/`) || name.startsWith(`${entry.name}/`))?.name ?? null,
    },
    objects: {
      format: objectFormat,
      read: (oid: string) => objects.get(oid) ?? null,
      readUpTo: (oid: string, bytesMax: number) => {
        const object = objects.get(oid) ?? null;
        const size = object?.content.length ?? 0;
        return object === null || size <= bytesMax ? object : { type: object.type, size };
      },
    },
  };
  return repository as unknown as Repository;
}

/** Object name of a ref in a repository on the disk, by git. */
export function oidOf(path: string, ref: string): string {
  return gitText(["rev-parse", "--verify", ref], path);
}

function run(args: string[], path: string): string {
  const outcome = runProgram(modernGit(), args, path);
  if (outcome.exit !== 0) throw new Error(`git ${args.join(" ")}: ${outcome.stderr}`);
  return utf8Decoder.decode(outcome.stdout);
}

/** Deno writes all of the input before it reads any output; so much fits into a pipe that nobody reads. */
const OIDS_AT_ONCE = 500;

function readObjects(path: string, oids: readonly string[], objects: Snapshot["objects"]): void {
  const outcome = runProgram(modernGit(), ["cat-file", "--batch"], path, { stdin: oids.join("\n") + "\n" });
  if (outcome.exit !== 0) throw new Error(outcome.stderr);
  for (let at = 0; at < outcome.stdout.length;) {
    const end = outcome.stdout.indexOf(10, at);
    const [oid, type, size] = utf8Decoder.decode(outcome.stdout.subarray(at, end)).split(" ") as [
      string,
      string,
      string,
    ];
    const content = outcome.stdout.slice(end + 1, end + 1 + Number(size));
    objects.set(oid, { type: type as ObjectType, content });
    at = end + 2 + Number(size);
  }
}
