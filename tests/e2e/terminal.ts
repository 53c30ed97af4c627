/**
 * The compiled binary on a terminal: a pseudo-terminal that `script(1)` makes.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { gitEnvironment } from "../git_oracle.ts";

/** A command line of a shell that runs on a terminal of its own. */
export interface OnTerminal {
  /** What has been shown so far. */
  shown(): string;
  /** Waits until the terminal shows something. @throws {Error} The program ended before. */
  until(pattern: RegExp): Promise<void>;
  /** Types something. */
  type(text: string): void;
  /** Waits for the end. @returns The exit code. */
  ended(): Promise<number | null>;
}

/**
 * Starts a command line of `sh` on a terminal.
 *
 * @param env Added to an environment that holds nothing of the machine's own.
 */
export function onTerminal(line: string, cwd: string, env: Record<string, string> = {}): OnTerminal {
  const child = spawn("script", ["-qefc", line, "/dev/null"], {
    cwd,
    env: { ...gitEnvironment, TERM: "xterm", SHELL: "/bin/sh", ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const closed = once(child, "close") as Promise<[number | null]>;
  let text = "";
  let isOver = false;
  let wake = () => {};
  child.stdout.on("data", (chunk: Uint8Array) => {
    text += new TextDecoder().decode(chunk);
    wake();
  });
  void closed.then(() => {
    isOver = true;
    wake();
  });
  return {
    shown: () => text,
    async until(pattern) {
      while (!pattern.test(text)) {
        if (isOver) throw new Error(`it ended without ${pattern}: ${JSON.stringify(text)}`);
        await new Promise<void>((resolve) => wake = resolve);
      }
    },
    type: (keys) => void child.stdin.write(keys),
    ended: async () => (await closed)[0],
  };
}
