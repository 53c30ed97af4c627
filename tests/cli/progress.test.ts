/** Progress is shown to people who wait, and to nobody else. */
import assert from "node:assert/strict";
import { createProgress } from "../../src/cli/progress.ts";
import type { CommandContext } from "../../src/cli/context.ts";
import { runCommandLine } from "../../src/cli/run.ts";
import { oidOf, repository } from "./stack_repository.ts";
import { systemIn } from "./command_line.ts";
import { test } from "../harness.ts";

function watched(terminal: boolean, verbosity: -1 | 0 | 1 = 0) {
  const written: string[] = [];
  let nowMs = 5000;
  const context = {
    streams: { writeError: (text: string) => written.push(text), isTerminal: () => terminal },
    system: { clock: { monotonicMs: () => nowMs }, env: { TERM: "xterm" } },
    global: { verbosity },
  } as unknown as CommandContext;
  return { written, progress: createProgress(context), pass: (ms: number) => nowMs += ms };
}

test("createProgress() says nothing within the first second, then at most five times a second", () => {
  const { written, progress, pass } = watched(true);
  pass(999);
  progress.show("locking refs", 1, 10);
  assert.deepEqual(written, []);
  pass(1);
  progress.show("locking refs", 2, 10);
  pass(199);
  progress.show("locking refs", 3, 10);
  pass(1);
  progress.show("exporting documents", 4, null);
  assert.deepEqual(written, ["\rlocking refs: 2 of 10\x1b[K", "\rexporting documents: 4\x1b[K"]);
  progress[Symbol.dispose]();
  assert.equal(written.at(-1), "\r\x1b[K");
});

test("createProgress() is silent without a terminal and with --quiet", () => {
  for (const { written, progress, pass } of [watched(false), watched(true, -1)]) {
    pass(5000);
    progress.show("locking refs", 1, 10);
    progress[Symbol.dispose]();
    assert.deepEqual(written, []);
  }
});

test("apply takes its progress away before it prints the answer on the same terminal", async () => {
  const cwd = repository();
  const main = oidOf(cwd, "main");
  const lines = Array.from({ length: 1500 }, (_, n) => JSON.stringify({ ref: `refs/heads/many/${n}`, new: main }));
  let input: Uint8Array | null = new TextEncoder().encode(lines.join("\n"));
  let nowMs = 0;
  const surroundings = systemIn({ cwd, env: { TERM: "xterm" } });
  const system = Object.create(surroundings, {
    clock: { value: { ...surroundings.clock, monotonicMs: () => nowMs += 1000, nowMs: () => Date.now() } },
  });
  let screen = "";
  const read = (): Uint8Array | null => {
    const bytes = input;
    input = null;
    return bytes;
  };
  const exit = await runCommandLine(["apply"], system, {
    read,
    readLater: () => Promise.resolve(read()),
    write: (bytes) => void (screen += new TextDecoder().decode(bytes)),
    writeError: (text) => void (screen += text),
    isTerminal: (stream) => stream > 0,
    hideTyping: () => () => {},
  });
  assert.equal(exit, 0, screen);
  assert.match(screen, /locking refs: \d+ of 1500/);
  assert.match(screen, /\r\x1b\[K[0-9a-f-]{36}\n$/);
});
