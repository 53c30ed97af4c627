/**
 * A program for the tests: takes the repository lock of a folder, says `held`, and keeps it until its input ends.
 *
 * @module
 */
import process from "node:process";
import { tryAcquireRepoLock } from "../../src/locks/repo_lock.ts";
import { realStreams } from "../../src/platform/streams.ts";
import { realSystem } from "../../src/platform/real_system.ts";

const commonDir = process.argv[2]!;
const lock = tryAcquireRepoLock(realSystem, { commonDir, command: "hold", backend: "flock" });
realStreams.write(new TextEncoder().encode(lock === undefined ? "busy\n" : "held\n"));
if (lock !== undefined) {
  while (realStreams.read() !== null) continue;
  lock.release();
}
