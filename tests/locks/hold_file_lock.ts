/**
 * A program for the tests: `hold_file_lock.ts <path> <backend>` takes a lock without waiting, says `held`
 * or `busy`, and keeps it until its input ends.
 *
 * @module
 */
import process from "node:process";
import { FileLock } from "../../src/locks/file_lock.ts";
import { utf8 } from "../../src/platform/text.ts";
import { realStreams } from "../../src/platform/streams.ts";

const [path, backend] = process.argv.slice(2) as [string, "flock" | "pid" | "auto"];
const lock = new FileLock(path, { backend, command: "hold", timeoutMs: 0 });
const taken = lock.tryAcquire();
realStreams.write(utf8(taken ? "held\n" : "busy\n"));
// Not by reading synchronously: a signal is heard between steps only.
for await (const _chunk of process.stdin) continue;
lock.release();
