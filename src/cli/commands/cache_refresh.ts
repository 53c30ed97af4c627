/**
 * `lattice cache refresh <name> -- <command>`.
 *
 * @module
 */
import { cacheToChange, ttlOption } from "../cache.ts";
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import type { ParsedCommand } from "../parse.ts";
import { createProgress, type Progress } from "../progress.ts";
import { reportNotStarted } from "../program.ts";
import type { ProgramEnd } from "../../platform/system.ts";

/** How often a person is told how far it has come, in milliseconds. */
const TELL_MS = 200;

/** The program failed, so there is nothing to store. */
class ProgramFailed extends Error {
  override readonly name = "ProgramFailed";

  constructor(readonly end: ProgramEnd) {
    super(`the program ended with ${end.exitCode}`);
  }
}

/** Fetches an entry by running a program. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const { log, output } = context;
  const name = parsed.arguments[0]!;
  const options = { ...ttlOption(parsed), force: parsed.flag("force") };
  const cache = await cacheToChange(context, parsed);
  try {
    using progress = createProgress(context);
    const fetched = await cache.refresh(name, () => outputOf(context, parsed, progress), options);
    log.detail(
      fetched.refreshed ? `${fetched.size} bytes stored` : "what is there is new enough; the program was not run",
    );
  } catch (error) {
    if (!(error instanceof ProgramFailed)) throw error;
    const { exitCode, startErrno } = error.end;
    if (startErrno !== undefined) reportNotStarted(context, parsed.program[0]!, exitCode, startErrno);
    else log.detail(`the program ended with ${exitCode}; what the cache holds stays as it was`);
    return exitCode;
  }
  if (output.json) output.value({});
  return EXIT_OK;
}

/**
 * What the program prints, as it comes.
 *
 * @throws {ProgramFailed} At its end.
 */
async function* outputOf(
  { system }: CommandContext,
  parsed: ParsedCommand,
  progress: Progress,
): AsyncGenerator<Uint8Array> {
  const program = system.start([...parsed.program], { cwd: system.host.workingDirectory, stdout: "read" });
  const forget = system.onEnd(() => program.stop(), true);
  let size = 0;
  let isRunning = true;
  let wake = () => {};
  const over = new Promise<void>((resolve) => wake = resolve);
  const telling = (async () => {
    while (isRunning) {
      progress.show(`fetching ${parsed.arguments[0]}, bytes`, size, null);
      await Promise.race([system.clock.sleep(TELL_MS), over]);
    }
  })();
  try {
    for await (const part of program.output) {
      size += part.length;
      yield part;
    }
    const end = await program.ended;
    if (end.exitCode !== 0) throw new ProgramFailed(end);
  } finally {
    isRunning = false;
    wake();
    forget();
    program.stop(); // where what it printed cannot be stored; does nothing when it has ended
    await telling;
  }
}
