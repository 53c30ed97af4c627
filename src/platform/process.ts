/**
 * This process: its arguments, its end, and the signals that ask for it.
 *
 * @module
 */
import { bytesToName } from "./text.ts";
import { bun, deno } from "./runtime.ts";

interface NodeProcess {
  argv: string[];
  platform: string;
  arch: string;
  execPath: string;
  exit(code: number): never;
  on(event: string, listener: () => void): void;
  off(event: string, listener: () => void): void;
  getBuiltinModule(id: string): unknown;
}

const nodeProcess = (globalThis as unknown as { process: NodeProcess }).process;

/** Arguments after the name of the program. Bytes that are not UTF-8 are carried as in `text.ts` where the system tells. */
export function commandLine(): string[] {
  const args = nodeProcess.argv.slice(2);
  for (const argument of args) {
    if (argument.includes("\uFFFD")) return exactArguments(args);
  }
  return args;
}

/** Runtimes replace bytes that are not UTF-8; Linux keeps the bytes themselves. */
function exactArguments(decoded: string[]): string[] {
  const { readFileSync, existsSync } = nodeProcess.getBuiltinModule("node:fs") as {
    readFileSync(path: string): Uint8Array;
    existsSync(path: string): boolean;
  };
  if (!existsSync("/proc/self/cmdline")) return decoded;
  const bytes = readFileSync("/proc/self/cmdline");
  const all: string[] = [];
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(0, start);
    all.push(bytesToName(bytes.subarray(start, end === -1 ? bytes.length : end)));
    start = end === -1 ? bytes.length : end + 1;
  }
  return all.slice(all.length - decoded.length);
}

/** Absolute path of this program, where it is one that was compiled; `null`: a runtime runs the sources. */
export function ownProgram(): string | null {
  const compiled = bun === undefined
    ? (deno as unknown as { build: { standalone?: boolean } }).build.standalone === true
    : /^(?:\/\$bunfs\/|[A-Z]:[\\/]~BUN[\\/])/.test(nodeProcess.argv[1] ?? "");
  return compiled ? nodeProcess.execPath : null;
}

/** Ends this process now. What was written to the streams of `streams.ts` has left it already. */
export function endProcess(exitCode: number): never {
  return nodeProcess.exit(exitCode);
}

/** What a runtime offers for writing without loading `node:fs`, which costs 1 ms at start-up. */
interface QuickOutput {
  stdout: { writeSync?(bytes: Uint8Array): number };
  write(target: unknown, text: string): Promise<number>;
}

/**
 * Prints a short line to standard output without loading anything: for the answers that must come before all else.
 *
 * @returns What went wrong, as the system names it (`EPIPE`, `ENOSPC`), or `null`.
 */
export async function printLine(text: string): Promise<string | null> {
  try {
    if (bun !== undefined) {
      const quick = bun as unknown as QuickOutput;
      await quick.write(quick.stdout, `${text}\n`);
    } else {
      (deno as unknown as QuickOutput).stdout.writeSync!(new TextEncoder().encode(`${text}\n`));
    }
    return null;
  } catch (error) {
    const { code, name } = error as { code?: string; name?: string };
    return name === "BrokenPipe" ? "EPIPE" : code ?? "EIO";
  }
}

/** Runtime and platform, as `lattice version` shows them. */
export function describeRuntime(): { name: "bun" | "deno"; version: string; platform: string } {
  return {
    name: bun === undefined ? "deno" : "bun",
    version: bun?.version ?? deno?.version.deno ?? "",
    platform: `${nodeProcess.platform}-${nodeProcess.arch}`,
  };
}

/** Signals that ask a process to end, and the exit code that each means. */
const SIGNAL_EXIT_CODES: Readonly<Record<string, number>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

const signalHooks: (() => void)[] = [];
let listening = false;

/**
 * Calls a hook when a signal asks this process to end, which it then does with 129, 130 or 143. Signals are noticed
 * between steps only, never in the middle of synchronous work.
 *
 * @param hook Gives back what is held; the hook that came last is called first.
 * @returns Takes the hook off the list.
 */
export function onSignal(hook: () => void): () => void {
  listen();
  signalHooks.push(hook);
  return () => {
    const at = signalHooks.indexOf(hook);
    if (at !== -1) signalHooks.splice(at, 1);
  };
}

/** A signal that asks for the end. */
export type EndSignal = "SIGHUP" | "SIGINT" | "SIGTERM";

let catcher: ((signal: EndSignal, exitCode: number) => void) | null = null;

/**
 * Has signals that ask for the end told, instead of ending this process: for who has to wait for another program, or for a
 * server, before it ends.
 *
 * @param handler Is given the signal and the exit code that it means.
 * @returns Lets signals end this process again.
 */
export function catchSignals(handler: (signal: EndSignal, exitCode: number) => void): () => void {
  listen();
  catcher = handler;
  return () => {
    if (catcher === handler) catcher = null;
  };
}

/**
 * Calls a hook when this process goes on after it was stopped (`SIGCONT`), such as by `fg` in a shell. It cannot be taken
 * off again.
 */
export function onContinue(hook: () => void): void {
  listenTo("SIGCONT", hook);
}

/** Has the system keep how our children ended until they are asked for, also where SIGCHLD was ignored from the start. */
export function keepEndsOfChildren(): void {
  listenTo("SIGCHLD", () => {});
}

/**
 * Calls a hook when this process ends by itself, be it by an error that nobody caught.
 *
 * @param hook Gives back what is held, without waiting for anything.
 * @returns Takes the hook off again.
 */
export function onExit(hook: () => void): () => void {
  nodeProcess.on("exit", hook);
  return () => nodeProcess.off("exit", hook);
}

function listen(): void {
  if (listening) return;
  listening = true;
  for (const [signal, exitCode] of Object.entries(SIGNAL_EXIT_CODES)) {
    listenTo(signal, () => {
      if (catcher !== null) return catcher(signal as EndSignal, exitCode);
      try {
        while (signalHooks.length > 0) signalHooks.pop()!();
      } finally {
        endProcess(exitCode);
      }
    });
  }
}

/** Deno's `process.on` hears signals only once `node:process` is loaded, so its own call is used. */
function listenTo(signal: string, listener: () => void): void {
  if (deno === undefined) nodeProcess.on(signal, listener);
  else {(deno as unknown as { addSignalListener(name: string, listener: () => void): void }).addSignalListener(
      signal,
      listener,
    );}
}
