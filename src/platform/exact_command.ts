/**
 * Commands for a runtime whose call to start a program takes strings only: what is not UTF-8 gets there another way,
 * or is refused. It is never changed in silence.
 *
 * @module
 */
import { LatticeError } from "./errors.ts";
import type { Environment } from "./exact_names.ts";
import { isWellFormed } from "./text.ts";

/** What is handed to the runtime. */
export interface StartedCommand {
  readonly command: string[];
  /** The whole environment; without it, the kernel hands ours on as it is. */
  readonly env?: Record<string, string>;
}

/**
 * A command such that its environment arrives byte for byte. Where a variable that is only handed on is not UTF-8,
 * env(1) makes the changes, since an environment that is not named is inherited untouched.
 *
 * @param wanted The whole environment of the program; `undefined`: ours.
 * @param present Our own environment.
 * @throws {LatticeError} `unsupported`: an argument, or a variable that is not ours already, is not UTF-8.
 */
export function exactCommand(
  command: readonly string[],
  wanted: Readonly<Record<string, string>> | undefined,
  present: Environment,
): StartedCommand {
  for (const argument of command) if (!isWellFormed(argument)) throw refused(command, argument);
  if (wanted === undefined) return { command: [...command] };
  if (Object.values(wanted).every(isWellFormed)) return { command: [...command], env: { ...wanted } };
  const removed = Object.keys(present).filter((name) => present[name] !== undefined && wanted[name] === undefined);
  const changed = Object.entries(wanted).filter(([name, value]) => present[name] !== value);
  const settings = changed.map(([name, value]) => `${name}=${value}`);
  const odd = settings.find((setting) => !isWellFormed(setting));
  if (odd !== undefined) throw refused(command, odd);
  if (removed.length === 0 && settings.length === 0) return { command: [...command] };
  // env(1) would take a program with such a name for a variable.
  if (command[0]!.includes("=")) throw refused(command, Object.values(wanted).find((value) => !isWellFormed(value))!);
  return { command: ["env", ...removed.flatMap((name) => ["-u", name]), ...settings, ...command] };
}

function refused(command: readonly string[], text: string): LatticeError {
  return new LatticeError(
    "unsupported",
    `cannot start ${JSON.stringify(command[0])}: ${JSON.stringify(text)} is not UTF-8, and would reach it changed`,
    {
      hint: "name it in another way, such as by a symbolic link whose name is UTF-8",
      details: { command: command[0], text },
    },
  );
}
