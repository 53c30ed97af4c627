/**
 * Something else where lattice keeps a folder of its own: through a link in its place somebody else's files would be
 * changed, so that every command refuses it.
 *
 * @module
 */
import { temporaryRoot } from "../../engine/paths.ts";
import { latticeFolder } from "../../locks/repo_lock.ts";
import { type Check, type Examination, shownPath } from "../examination.ts";
import { type Finding, findingId, quote } from "../finding.ts";

/** Looks at what stands where the folders do. */
export const OWN_FOLDERS: Check = {
  name: "own-folders",
  kinds: {
    "folder.strange": "a link, or what is no folder, stands where lattice keeps a folder of its own",
  },
  *examine(examination) {
    const { commonDir } = examination.repository;
    for (const path of [latticeFolder(commonDir), temporaryRoot(commonDir)]) { // that of the journals has a check
      const finding = judge(examination, path);
      if (finding !== null) yield finding;
    }
  },
};

function judge(examination: Examination, path: string): Finding | null {
  const { disk } = examination.system;
  const stat = disk.lstat(path);
  if (stat === null || stat.kind === "directory") return null;
  const subject = shownPath(examination, path);
  const target = disk.readLink(path);
  return {
    id: findingId("folder.strange", subject),
    severity: "error",
    subject,
    evidence: target === null
      ? `${quote(path)} is not a folder, and commands that need it refuse it; move it away`
      : `${quote(path)} is a symbolic link to ${quote(target)}, and commands that need it refuse it; ` +
        "put the folder itself in its place, or remove the link",
    fix: null,
  };
}
