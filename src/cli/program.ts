/**
 * Programs that commands run for a person.
 *
 * @module
 */
import type { CommandContext } from "./context.ts";
import { reportFailure } from "./failure.ts";
import { usesColor } from "./output.ts";
import { LatticeError } from "../platform/errors.ts";

/** The exit code is that of shells, so the error is reported here and not thrown. */
export function reportNotStarted(context: CommandContext, program: string, exitCode: number, errno: string): void {
  const { streams, global, system } = context;
  const absent = exitCode === 127;
  const message = `cannot run ${JSON.stringify(program)}: ${absent ? "there is no such program" : errno}`;
  const error = new LatticeError(absent ? "not_found" : "io", message, {
    hint: absent ? "look at its spelling and at PATH" : "look at its permissions, and whether it is a program",
    details: { program, errno, exit_code: exitCode },
  });
  const color = usesColor(global.color, system, streams, 2);
  reportFailure(error, streams, { json: global.json, color, debug: false });
}
