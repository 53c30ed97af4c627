/**
 * How commands come to change refs: lock, recovery, and what is said about them.
 *
 * @module
 */
import type { CommandContext } from "./context.ts";
import { REPOSITORY_LOCK, sayWaiting } from "./lock_observer.ts";
import type { ParsedCommand } from "./parse.ts";
import { openWriter, type Writer } from "../engine/mod.ts";
import { onSignal } from "../platform/process.ts";

/** How a change is opened. */
export interface ChangeOptions {
  /** Goes on although an operation is paused. */
  readonly evenIfPaused?: boolean;
  /** Is an operation of its own, whatever `LATTICE_OP` says. */
  readonly isOwnOperation?: boolean;
  /** Told now and then how far a long step has come. */
  readonly progress?: (what: string, done: number, total: number) => void;
}

/**
 * Takes the repository lock and recovers what a crash left.
 *
 * @returns The right to change refs; `using` gives it back.
 * @throws {LatticeError} As `openWriter` says.
 */
export async function openChange(
  context: CommandContext,
  parsed: ParsedCommand,
  options: ChangeOptions = {},
): Promise<Writer> {
  const repository = await context.openRepository();
  const given = await context.givenLockTimeoutMs();
  onSignal(() => {}); // from here on a signal ends us between steps only; the kernel then releases the lock
  const writer = await openWriter(repository, {
    command: [...parsed.command, ...parsed.arguments].join(" "),
    arguments: context.commandLine,
    lockTimeoutMs: await context.lockTimeoutMs(),
    ...(given === undefined ? {} : { gitLockTimeoutMs: given }),
    log: context.log.detail,
    onContention: (holder) => sayWaiting(context, REPOSITORY_LOCK, holder),
    ...options,
  });
  for (const { op, outcome } of writer.recovered) context.log.detail(`recovered operation ${op}: ${outcome}`);
  return writer;
}
