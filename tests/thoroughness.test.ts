import assert from "node:assert/strict";
import { test } from "./harness.ts";
import { tried } from "./thoroughness.ts";

/** What the run of all tests reads the lines with. */
const summary = new URL("../scripts/test/tried.mjs", import.meta.url).href;

/** The lines that `body` prints. */
function linesOf(body: () => void): string[] {
  const lines: string[] = [];
  const print = console.log;
  console.log = (line: string) => void lines.push(line);
  try {
    body();
  } finally {
    console.log = print;
  }
  return lines;
}

test("tried() says it in words, and the run adds up what it says", async () => {
  const lines = linesOf(() => {
    tried("apply of 5: all", { "kill points": [30, 412], "failing calls": 5 }, 7);
    tried("undo, 12 calls", { "kill points": 1000 });
    tried("nothing", { schedules: 0 });
  });
  assert.deepEqual(lines, [
    "tried 30 of 412 kill points, 5 failing calls: apply of 5: all (seed 7)",
    "tried 1000 kill points: undo, 12 calls",
    "tried 0 schedules: nothing",
  ]);
  const { Tally } = await import(summary) as { Tally: new () => { add(line: string): void; line(): string | null } };
  const tally = new Tally();
  assert.equal(tally.line(), null);
  for (const line of [...lines, "fixture probes: 3 compared", "tried hard: 5 times"]) tally.add(line);
  assert.equal(tally.line(), "tried in all: 5 failing calls, 1,030 kill points, 0 schedules");
});
