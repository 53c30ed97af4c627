/**
 * `lattice cache get` against `cat`, the library's `Cache.get` against reading the file, and the time that a lock lies idle
 * between two holders while eight processes take it in turns.
 *
 * @module
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Competitor, Workload } from "./runner/workload.ts";

const program = (name: string) => fileURLToPath(new URL(`competitors/${name}`, import.meta.url));

/** A content of about a kilobyte, stored. @returns The cache's folder, and the content's file. */
function stored(lattice: string, folder: string): { dir: string; path: string } {
  const dir = join(folder, "cache");
  execFileSync(lattice, ["cache", "put", "a", "--dir", dir, "--file", "-"], { input: "a line\n".repeat(150) });
  const path = execFileSync(lattice, ["cache", "path", "a", "--dir", dir], { encoding: "utf8" }).trim();
  return { dir, path };
}

const cacheGet: Workload = {
  name: "cache-get",
  work: "cache get, 1 KB",
  rounds: 61,
  prepare({ lattice, helloWorld, folder }) {
    const { dir, path } = stored(lattice, folder());
    const content = readFileSync(path, "utf8");
    const competitor = (name: string, file: string, args: readonly string[], expected: string): Competitor => ({
      name,
      turn: () => ({
        command: { program: file, args, cwd: "/" },
        verify: (stdout) => assert.equal(stdout, expected),
      }),
    });
    return [
      competitor("lattice", lattice, ["cache", "get", "a", "--dir", dir], content),
      competitor("hello-world binary", helloWorld, [], "hello world\n"),
      competitor("cat", "cat", [path], content),
    ];
  },
};

const READS = 5000;

const cacheGetLibrary: Workload = {
  name: "cache-get-library",
  work: "cache get of 1 KB, library",
  rounds: 7,
  parts: READS,
  prepare({ lattice, folder }) {
    const { dir, path } = stored(lattice, folder());
    const competitor = (name: string, ...args: string[]): Competitor => ({
      name,
      turn: () => ({
        command: { program: process.execPath, args: [program("cache_reads.ts"), ...args, String(READS)], cwd: "/" },
        tookMs: (stdout) => Number(stdout),
        verify: (stdout) => assert.ok(Number(stdout) > 0, stdout),
      }),
    });
    return [competitor("lattice", "cache", dir), competitor("readFileSync", "file", path)];
  },
};

const TURNS_EACH = 20;

function handOver(percentile: number): Workload {
  return {
    name: `lock-hand-over-p${percentile}`,
    work: `lock handed over, 8 want it, p${percentile}`,
    rounds: 3,
    prepare({ folder }) {
      const competitor = (name: string, kind: string): Competitor => ({
        name,
        turn() {
          const cwd = folder();
          const args = [program("lock_contest.mjs"), kind, cwd, String(TURNS_EACH), String(percentile)];
          return {
            command: { program: process.execPath, args, cwd },
            tookMs: (stdout) => Number(stdout),
            verify: (stdout) => assert.ok(Number(stdout) > 0, stdout),
          };
        },
      });
      return [
        competitor("lattice, flock", "flock"),
        competitor("lattice, PID lock file", "pid"),
        competitor("flock(1)", "flock(1)"),
        competitor("proper-lockfile", "proper-lockfile"),
      ];
    },
  };
}

/** Reads of the cache, and locks that are handed over. */
export const cacheWorkloads: readonly Workload[] = [cacheGet, cacheGetLibrary, handOver(50), handOver(99)];
