/**
 * Programs that are started and then run beside us, and what starting any program needs.
 *
 * @module
 */
import * as fs from "node:fs";
import { exactCommand } from "./exact_command.ts";
import { keepEndsOfChildren } from "./process.ts";
import { nativePath, realDisk } from "./real_disk.ts";
import { bun, deno } from "./runtime.ts";
import type { ProgramEnd, RunningProgram, StartOptions, System } from "./system.ts";
import { isWellFormed } from "./text.ts";

const nodeProcess = (globalThis as unknown as {
  process: { pid: number; platform: string; getBuiltinModule(id: string): unknown };
}).process;

/** Starts a program, as {@link System.start} has it. @throws {LatticeError} `unsupported`, as {@link exactCommand}. */
export function startProgram(given: string[], options: StartOptions, env: System["env"]): RunningProgram {
  const { command, ...environment } = exactCommand(given, options.env, env);
  prepareForEnds();
  try {
    return bun === undefined ? startByDeno(command, options, env) : startByBun(command, options, environment);
  } catch (error) {
    return { output: nothing(), ended: Promise.resolve(startFailure(error)), stop() {} };
  }
}

let isPrepared = false;

/**
 * To be called before a program is started. Where SIGCHLD is ignored, as some services leave it, the system forgets how
 * programs end, and a hook that refused would be taken for one that agreed.
 */
export function prepareForEnds(): void {
  if (isPrepared) return;
  isPrepared = true;
  if (mayIgnoreSigchld()) keepEndsOfChildren();
}

/** Asked first, as the first listener costs Bun more than 1 ms. */
function mayIgnoreSigchld(): boolean {
  if (bun === undefined || nodeProcess.platform !== "linux") return true;
  const status = new TextDecoder().decode(realDisk.readFile("/proc/self/status") ?? undefined);
  const ignored = /^SigIgn:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  return ignored === undefined || (BigInt(`0x${ignored}`) & SIGCHLD_BIT) !== 0n;
}

/** SIGCHLD is signal 17 of Linux. */
const SIGCHLD_BIT = 1n << 16n;

function startByBun(
  command: string[],
  { cwd, stdout }: StartOptions,
  environment: { env?: Record<string, string> },
): RunningProgram {
  using folder = nameableFolder(cwd);
  const child = bun!.spawn(command, {
    ...(folder.path === undefined ? {} : { cwd: folder.path }),
    ...environment,
    stdin: "inherit",
    stdout: stdout === "read" ? "pipe" : "inherit",
    stderr: "inherit",
  });
  return {
    output: stdout === "read" ? partsOf(child.stdout!) : nothing(),
    ended: child.exited.then((exitCode) => ({
      exitCode: child.signalCode === null ? exitCode : 128 + signalNumber(child.signalCode),
    })),
    stop: (signal = "SIGTERM") => askIfPossible(() => child.kill(signal)),
  };
}

function startByDeno(
  [program, ...args]: string[],
  { cwd, env, stdout }: StartOptions,
  present: System["env"],
): RunningProgram {
  // Deno does not show us variables that are not UTF-8: they reach the program only where ours are handed on.
  const clearEnv = env !== undefined && Object.keys(present).some((name) => env[name] === undefined);
  const child = new deno!.Command(program!, {
    args,
    cwd,
    ...(env === undefined ? {} : { env, clearEnv }),
    stdin: "inherit",
    stdout: stdout === "read" ? "piped" : "inherit",
    stderr: "inherit",
  }).spawn();
  return {
    output: stdout === "read" ? partsOf(child.stdout) : nothing(),
    ended: child.status.then(
      ({ code, signal }) => ({ exitCode: signal === null ? code : 128 + signalNumber(signal) }),
      (error) => ({ exitCode: 128 + signalWithoutName(error) }),
    ),
    stop: (signal = "SIGTERM") => askIfPossible(() => child.kill(signal)),
  };
}

/** Whoever has ended cannot be asked to, nor who took on rights that we do not have, as `sudo` does: it is waited for. */
function askIfPossible(kill: () => void): void {
  try {
    kill();
  } catch {
    // kill(2) fails for these two reasons alone
  }
}

/** The number of a real-time signal that ended a program, which Deno has no name for and so fails of. */
function signalWithoutName(error: unknown): number {
  const number = /^Invalid signal: ([0-9]+)$/.exec((error as Error).message)?.[1];
  if (number === undefined) throw error;
  return Number(number);
}

/** A stream of bytes; not every runtime and its types let it be gone through as it is. */
async function* partsOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** How a program ended that could not be started: as shells say it. */
export function startFailure(error: unknown): ProgramEnd {
  const { code = "ENOENT" } = error as { code?: string };
  const absent = code === "ENOENT" || code === "ENOTDIR";
  return { exitCode: absent ? 127 : 126, startErrno: code };
}

/** The number of a signal by its name; of one without a name, Bun tells the number itself. */
export function signalNumber(signal: string | number): number {
  if (typeof signal === "number") return signal;
  const { constants } = nodeProcess.getBuiltinModule("node:os") as { constants: { signals: Record<string, number> } };
  return constants.signals[signal] ?? 0;
}

/** A folder by a name that is UTF-8: its own, or that of our descriptor, which Linux shows as a link to it. */
export function nameableFolder(path: string | undefined): Disposable & { path: string | undefined } {
  if (path === undefined || isWellFormed(path)) return { path, [Symbol.dispose]() {} };
  const descriptor = fs.openSync(nativePath(path), fs.constants.O_RDONLY);
  return { path: `/proc/${nodeProcess.pid}/fd/${descriptor}`, [Symbol.dispose]: () => fs.closeSync(descriptor) };
}
