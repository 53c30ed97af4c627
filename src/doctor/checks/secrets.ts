/**
 * Modes of the file that secrets are kept in and of its folder: nobody but their owner may read them.
 *
 * @module
 */
import type { Check, Examination } from "../examination.ts";
import { type Finding, findingId, quote } from "../finding.ts";
import { changeMode, lookAt } from "../seen_file.ts";

/** Bits that others than the owner have. */
const OTHERS = 0o077;

/** Looks at `~/.lattice`, where there are secrets. */
export const SECRETS: Check = {
  name: "secrets",
  kinds: { "permission.secrets": "others may read the file of the secrets, or look into its folder" },
  *examine(examination) {
    const { env, disk } = examination.system;
    const folder = env["LATTICE_HOME"] ?? (env["HOME"] === undefined ? undefined : `${env["HOME"]}/.lattice`);
    if (folder === undefined || !folder.startsWith("/")) return;
    if (disk.lstat(`${folder}/secrets.toml`) === null) return;
    yield* judge(examination, folder, "folder", 0o700);
    yield* judge(examination, `${folder}/secrets.toml`, "secrets.toml", 0o600);
  },
};

function* judge({ system }: Examination, path: string, name: string, wanted: number): Generator<Finding> {
  const seen = lookAt(system.disk, path);
  if (seen === null || seen.stat.kind === "symlink" || system.host.userId === null) return;
  const { mode, uid } = seen.stat;
  const isOurs = uid === system.host.userId;
  if (isOurs && (mode & OTHERS) === 0) return;
  const octal = (bits: number) => bits.toString(8).padStart(4, "0");
  yield {
    id: findingId("permission.secrets", name),
    severity: "error",
    subject: path,
    evidence: isOurs
      ? `${quote(path)} has mode ${octal(mode)}, expected ${octal(wanted)}`
      : `${quote(path)} belongs to user ${uid}, and we are ${system.host.userId}`,
    fix: !isOurs ? null : {
      preview: `give ${quote(path)} mode ${octal(wanted)}`,
      repair: {
        kind: "files",
        run: () => changeMode(system.disk, seen, wanted),
      },
    },
  };
}
