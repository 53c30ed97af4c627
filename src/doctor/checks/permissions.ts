/**
 * Modes of lattice's own files: nobody else may write them, unless the repository is shared; then whoever shares it
 * must be able to. What a person wrote there (`config.toml`) counts too.
 *
 * @module
 */
import { sharedMode, type SharedRepository, sharedRepository } from "../../git/objects/permissions.ts";
import { isDamage } from "../../platform/errors.ts";
import { type Check, type Examination, shownPath } from "../examination.ts";
import { type Finding, findingId, quote } from "../finding.ts";
import { changeMode, lookAt, type SeenFile } from "../seen_file.ts";

/** Folders of `lattice/` that are looked into; what stands in `aside/` is kept as it was found. */
const FOLDERS = ["", "/ops"];

/** Looks at the modes. */
export const PERMISSIONS: Check = {
  name: "permissions",
  kinds: {
    "permission.open": "others may write a file of lattice's, in a repository that is not shared with them",
    "permission.shared": "a file of lattice's lacks the mode that core.sharedRepository asks for",
    "permission.owner": "a file of lattice's belongs to another user, and cannot be read or written",
  },
  *examine(examination) {
    const { system, repository } = examination;
    const shared = sharedOf(examination);
    if (shared === null || system.host.userId === null) return;
    for (const name of FOLDERS) {
      const folder = `${repository.commonDir}/lattice${name}`;
      const seen = lookAt(system.disk, folder);
      if (seen?.stat.kind !== "directory") continue;
      yield* judge(examination, shared, seen);
      for (const entry of system.disk.list(folder) ?? []) {
        const file = entry.kind === "file" ? lookAt(system.disk, `${folder}/${entry.name}`) : null;
        if (file !== null) yield* judge(examination, shared, file);
      }
    }
  },
};

function sharedOf({ repository }: Examination): SharedRepository | null {
  try {
    return sharedRepository(repository.config);
  } catch (error) {
    if (isDamage(error)) return null; // git refuses it by name
    throw error;
  }
}

function* judge(examination: Examination, shared: SharedRepository, seen: SeenFile): Generator<Finding> {
  const { host } = examination.system;
  const { mode, uid } = seen.stat;
  const subject = shownPath(examination, seen.path);
  if (uid !== host.userId) {
    if (host.userId !== 0 && shared.kind === "umask") {
      yield {
        id: findingId("permission.owner", subject),
        severity: "warning",
        subject,
        evidence: `${quote(subject)} belongs to user ${uid}, and we are ${host.userId}; its owner can give it away`,
        fix: null,
      };
    }
    return;
  }
  const wanted = wantedMode(shared, seen);
  if (wanted === mode) return;
  const isOpen = shared.kind === "umask";
  yield {
    id: findingId(isOpen ? "permission.open" : "permission.shared", subject),
    severity: "warning",
    subject,
    evidence: `${quote(subject)} has mode ${octal(mode)}, expected ${octal(wanted)}${
      isOpen ? ": others may write it" : " by core.sharedRepository"
    }`,
    fix: {
      preview: `give ${quote(subject)} mode ${octal(wanted)}`,
      repair: {
        kind: "files",
        run: () => changeMode(examination.system.disk, seen, wanted),
      },
    },
  };
}

/** Without sharing, whoever is not in our group may not write; the group may, where the umask says so. */
function wantedMode(shared: SharedRepository, { stat }: SeenFile): number {
  if (shared.kind === "umask") return stat.mode & ~0o002;
  return sharedMode(shared, stat.mode, stat.kind === "directory" ? "directory" : "file");
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}
