/**
 * Whether reflogs tell what happened: each line is whole, in the reflog of the worktree that it belongs to, and there no
 * more often than journals say.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { JournalRecord } from "../../src/engine/journal_format.ts";
import { bytesToName } from "../../src/platform/text.ts";
import type { SimDisk } from "../simulation/sim_disk.ts";
import { placeOf } from "../simulation/worktrees.ts";
import { walk } from "./visible_refs.ts";

const GIT_DIR = "/r/.git";

const LINE = /^([0-9a-f]{40}) ([0-9a-f]{40}) [^<\n]* <[^>\n]*> \d+ [+-]\d{4}(?:\t(.*))?$/;

/**
 * Checks all reflogs.
 *
 * @param journals The records of every journal.
 * @throws {Error} A line is torn, or no journal tells of it.
 */
export function insistReflogs(disk: SimDisk, journals: readonly (readonly JournalRecord[])[]): void {
  const told = new Map<string, number>();
  for (const [begin, ...records] of journals) {
    const worktree = begin?.type === "begin" ? begin.worktree_id : null;
    for (const record of records) {
      if (record.type !== "updates") continue;
      for (const { ref, old, new: next, message } of record.logs) {
        count(told, placeOf(worktree, ref), old, next, message);
      }
    }
  }
  const found = new Map<string, number>();
  for (const part of ["logs", "worktrees"]) {
    walk(disk, `${GIT_DIR}/${part}`, (path, ino) => {
      const place = placeOfLog(path.slice(GIT_DIR.length + 1));
      if (place === null) return;
      const text = bytesToName(disk.storage.visible.get(ino)!.content);
      assert.ok(text === "" || text.endsWith("\n"), `the reflog of ${place} is torn: ${JSON.stringify(text)}`);
      for (const line of text.split("\n").slice(0, -1)) {
        const [, old, next, message = ""] = LINE.exec(line) ?? [];
        assert.ok(old !== undefined && next !== undefined, `the reflog of ${place} has ${JSON.stringify(line)}`);
        // That a ref was set to what it held is told by git to `HEAD` alone, and by no journal.
        if (old !== next) count(found, place, old, next, message);
      }
    });
  }
  for (const [line, times] of found) {
    assert.ok(times <= (told.get(line) ?? 0), `a reflog says ${times} times, and journals do not: ${line}`);
  }
}

function count(lines: Map<string, number>, place: string, old: string, next: string, message: string): void {
  const key = `${place} from ${old} to ${next}: ${message}`;
  lines.set(key, (lines.get(key) ?? 0) + 1);
}

/** The place of the ref whose reflog stands at a path below the git directory; `null`: none does. */
function placeOfLog(path: string): string | null {
  const [, worktree = "", name] = /^(worktrees\/[^/]+\/)?logs\/(.+)$/.exec(path) ?? [];
  return name === undefined ? null : `${worktree}${name}`;
}
