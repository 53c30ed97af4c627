/**
 * Programs that commands run for a person.
 *
 * @module
 */
import type { CommandContext } from "./context.ts";
import { LatticeError } from "../platform/errors.ts";
import { catchSignals, type EndSignal } from "../platform/process.ts";
import type { RunningProgram } from "../platform/system.ts";

/** Signals that ask for the end, while a program runs that is asked in our stead. */
export interface SignalsHandedOn extends Disposable {
  /** Who is to get them. */
  program: RunningProgram | null;
  /** The exit code of the first one; `null`: there was none. */
  readonly exitCode: number | null;
}

const STREAMS = [0, 1, 2] as const;

/**
 * Hands signals on to a program, instead of ending this process, until it is disposed.
 *
 * @param heard Told of each signal, also before there is a program.
 */
export function handSignalsOn(
  { streams }: CommandContext,
  heard: (signal: EndSignal) => void = () => {},
): SignalsHandedOn {
  let exitCode: number | null = null;
  const forget = catchSignals((signal, meaning) => {
    exitCode ??= meaning;
    heard(signal);
    // Ctrl-C at a terminal reaches the program by itself, wherever one of the three streams is sent.
    if (signal !== "SIGINT" || !STREAMS.some((stream) => streams.isTerminal(stream))) signals.program?.stop(signal);
  });
  const signals: SignalsHandedOn = {
    program: null,
    get exitCode() {
      return exitCode;
    },
    [Symbol.dispose]: forget,
  };
  return signals;
}

/**
 * Runs a program to its end. A signal that asks us to end is handed on to it, and heeded here once it has ended.
 *
 * @param env Its whole environment; without it, the present one is inherited.
 * @returns The exit code: the signal's, else the program's.
 */
export async function runToEnd(
  context: CommandContext,
  command: readonly string[],
  env?: Readonly<Record<string, string>>,
): Promise<number> {
  const { system } = context;
  using signals = handSignalsOn(context);
  signals.program = system.start([...command], {
    cwd: system.host.workingDirectory,
    ...(env === undefined ? {} : { env: { ...env } }),
    stdout: "inherit",
  });
  const { exitCode, startErrno } = await signals.program.ended;
  if (startErrno !== undefined) reportNotStarted(context, command[0]!, exitCode, startErrno);
  await system.clock.sleep(0); // lets a signal that came meanwhile be heard
  return signals.exitCode ?? exitCode;
}

/** The exit code is that of shells, so the error is reported here and not thrown. */
export function reportNotStarted({ log }: CommandContext, program: string, exitCode: number, errno: string): void {
  const absent = exitCode === 127;
  const message = `cannot run ${JSON.stringify(program)}: ${absent ? "there is no such program" : errno}`;
  log.error(
    new LatticeError(absent ? "not_found" : "io", message, {
      hint: absent ? "look at its spelling and at PATH" : "look at its permissions, and whether it is a program",
      details: { program, errno, exit_code: exitCode },
    }),
  );
}
