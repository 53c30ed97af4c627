/**
 * Modes of the file that secrets are kept in and of its folder: nobody but their owner may read them.
 *
 * @module
 */
import type { Check, Examination } from "../examination.ts";
import { type Finding, findingId, quote } from "../finding.ts";
import { changeMode, lookAt } from "../seen_file.ts";
import { FILE_MODE, flawOf, FOLDER_MODE, octal, secretsFile, secretsFolder } from "../../secrets/location.ts";

/** Looks at `~/.lattice`, where there are secrets. */
export const SECRETS: Check = {
  name: "secrets",
  kinds: { "permission.secrets": "others may read the file of the secrets, or look into its folder" },
  *examine(examination) {
    const folder = secretsFolder(examination.system);
    if (folder === null || examination.system.disk.lstat(secretsFile(folder)) === null) return;
    yield* judge(examination, folder, "folder", FOLDER_MODE);
    yield* judge(examination, secretsFile(folder), "secrets.toml", FILE_MODE);
  },
};

function* judge({ system }: Examination, path: string, name: string, wanted: number): Generator<Finding> {
  const seen = lookAt(system.disk, path);
  if (seen === null || seen.stat.kind === "symlink") return;
  const { mode, uid } = seen.stat;
  const flaw = flawOf(seen.stat, system);
  if (flaw === null) return;
  const isOurs = flaw.kind === "mode";
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
