/**
 * How long a lock lies idle from one holder to the next while eight take it in turns:
 *
 *     lock_contest.mjs <flock|pid|proper-lockfile|flock(1)> <folder> <times each> <percentile>
 *
 * prints that percentile of the times between giving it back and the next holder's having it, in milliseconds.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const WORKERS = 8;

/** The same by flock(1), which waits in the kernel; it is a program that is started for each turn. */
const SHELL = `while [ ! -e "$1.go" ]; do sleep 0.001; done; exec 9>"$1"; n=0;
while [ $n -lt $2 ]; do n=$((n+1)); flock 9; a=$EPOCHREALTIME; sleep 0.003; b=$EPOCHREALTIME; flock -u 9; echo "$a $b"; sleep 0.008; done`;

const [kind, folder, times, percentile] = process.argv.slice(2);
const file = join(folder, "file");
writeFileSync(file, "");
const worker = fileURLToPath(new URL("lock_worker.mjs", import.meta.url));
const command = kind === "flock(1)"
  ? ["bash", "-c", SHELL, "bash", `${file}.lock`, times]
  : [process.execPath, worker, kind, file, times];

async function run() {
  const child = spawn(command[0], command.slice(1), { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.on("data", (chunk) => text += chunk);
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`a worker ended with ${code}`);
  return kind === "flock(1)"
    ? text.trim().split("\n").map((line) => line.split(" ").map((seconds) => Number(seconds) * 1e9))
    : JSON.parse(text);
}

const running = Array.from({ length: WORKERS }, run);
await new Promise((resolve) => setTimeout(resolve, 1000)); // they start; until then none of them waits
writeFileSync(`${kind === "flock(1)" ? `${file}.lock` : file}.go`, "");
const held = (await Promise.all(running)).flatMap((turns, worker) => turns.map((turn) => [...turn, worker]));
held.sort(([a], [b]) => a - b);
if (held.length !== WORKERS * Number(times)) throw new Error(`held ${held.length} times`);
const gaps = [];
for (let at = 1; at < held.length; at++) {
  const gap = held[at][0] - held[at - 1][1];
  if (gap < -1_000_000) throw new Error(`two held it at once: ${gap} ns`);
  if (held[at][2] !== held[at - 1][2]) gaps.push(Math.max(0, gap)); // else nobody took it meanwhile
}
gaps.sort((a, b) => a - b);
console.log(gaps[Math.min(gaps.length - 1, Math.floor(gaps.length * Number(percentile) / 100))] / 1e6);
