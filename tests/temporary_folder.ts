/**
 * Temporary folders for tests, removed when the process ends, however it ends.
 *
 * A test runner may leave its process without telling (`bun test` runs no exit listener), and a test may be killed.
 * So a second process watches: it waits at the other end of a pipe, which the system closes when the test's process
 * is gone, and then removes everything.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const WATCH = 'cat >/dev/null; chmod -R u+rwX "$1" 2>/dev/null; rm -rf "$1"';

let root: string | undefined;

/** A temporary folder that is removed when the process ends. */
export function temporaryFolder(): string {
  root ??= watchedFolder();
  return mkdtempSync(join(root, "folder-"));
}

function watchedFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "lattice-test-"));
  chmodSync(folder, 0o755); // a test may open a folder in it for another user
  const watcher = spawn("/bin/sh", ["-c", WATCH, "sh", folder], {
    cwd: "/",
    detached: true, // a signal for the whole group of the test must not end it before its work
    stdio: ["pipe", "ignore", "ignore"],
  });
  watcher.unref();
  (watcher.stdin as unknown as { unref?(): void } | null)?.unref?.();
  return folder;
}
