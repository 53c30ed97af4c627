/**
 * Reads a content again and again, and prints how long all of it took, in milliseconds:
 *
 *     cache_reads.ts <cache|file> <path> <count>
 *
 * @module
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import process from "node:process";
import { Cache } from "../../../src/mod.ts";

const [how, path, count] = process.argv.slice(2) as [string, string, string];
const cache = new Cache(path);
const read = how === "cache" ? () => cache.get("a")!.content : () => readFileSync(path);
assert.ok(read().length > 1000);
const startedMs = performance.now();
for (let done = 0; done < Number(count); done++) read();
console.log(performance.now() - startedMs);
