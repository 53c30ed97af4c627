/**
 * A `HEAD` that keeps the repository from being taken for one, and how it gets a value again.
 *
 * No git works in such a repository, so the repository lock is all that is needed.
 *
 * @module
 */
import { makeFolder, removeIfThere, temporaryRoot } from "../engine/paths.ts";
import { valueText } from "../engine/update.ts";
import type { Repository } from "../git/repository.ts";
import { LatticeError } from "../platform/errors.ts";
import type { System } from "../platform/system.ts";
import { bytesToName, toHex, utf8 } from "../platform/text.ts";
import { folderOf } from "../platform/paths.ts";
import { beginExamination } from "./examination.ts";
import { type Finding, findingId, quote } from "./finding.ts";
import { type LostValue, showValue } from "./lost_values.ts";
import { insistStill, keepCopyAside, type SeenFile } from "./seen_file.ts";

/**
 * The finding about a `HEAD`.
 *
 * @param repository The repository as it would be with a sound `HEAD`.
 * @param seen The file; `null`: there is none.
 */
export function brokenHead(system: System, repository: Repository, path: string, seen: SeenFile | null): Finding {
  const kind = seen === null ? "ref.missing" : isEmpty(seen) ? "ref.empty" : "ref.malformed";
  const lost = beginExamination(repository).lostValues().find("HEAD");
  return {
    id: findingId(kind, "HEAD"),
    severity: "error",
    subject: "HEAD",
    evidence: `${quote(path)} ${describe(seen)}, so that git takes this for no repository`,
    fix: lost === null ? null : {
      preview: `set HEAD to ${showValue(lost.value)}, which ${lost.source} tells`,
      repair: { kind: "files", run: () => writeHead(system, repository.commonDir, path, seen, lost) },
    },
  };
}

function isEmpty({ stat }: SeenFile): boolean {
  return stat.kind === "file" && stat.size === 0;
}

function describe(seen: SeenFile | null): string {
  if (seen === null) return "is not there";
  if (seen.stat.kind !== "file") return `is a ${seen.stat.kind}`;
  if (isEmpty(seen)) return "is empty";
  return seen.head === null ? "cannot be read" : `holds ${quote(bytesToName(seen.head.subarray(0, 60)))}`;
}

function writeHead(
  system: System,
  commonDir: string,
  path: string,
  seen: SeenFile | null,
  lost: LostValue,
): void {
  const { disk } = system;
  if (disk.lstat(`${path}.lock`) !== null) {
    throw new LatticeError("locked", `${quote(`${path}.lock`)} exists`, {
      hint: "when no git runs there any more, move it away",
      details: { path: `${path}.lock`, holder: null },
    });
  }
  makeFolder(system, temporaryRoot(commonDir));
  const staged = `${temporaryRoot(commonDir)}/head-${toHex(system.randomBytes(8))}`;
  try {
    using file = disk.create(staged);
    file.write(utf8(`${valueText(lost.value)}\n`));
    file.sync();
    if (seen !== null) {
      insistStill(disk, seen);
      keepCopyAside(system, commonDir, seen);
    } else if (disk.lstat(path) !== null) {
      throw new LatticeError("cas_failed", `${quote(path)} is there again`, {
        hint: "run `lattice doctor` again",
        details: { path },
      });
    }
    disk.rename(staged, path);
  } catch (error) {
    removeIfThere(system, staged);
    throw error;
  }
  disk.syncDirectory(folderOf(path));
}
