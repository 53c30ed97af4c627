/**
 * What processes told, as a history of refs: who replaced which values by which, when it began, when it ended, and what
 * was seen.
 *
 * @module
 */
import type { GitFact } from "../simulation/git_process.ts";
import type { Told } from "../simulation/together.ts";
import { placeOf, type Worktree } from "../simulation/worktrees.ts";
import type { Command, CommandFact, Move } from "./lattice_commands.ts";

/** A ref that was changed, by its place. `null`: it does not exist; `old: undefined`: whatever it held. */
export interface RefChange {
  readonly ref: string;
  readonly old: string | null | undefined;
  readonly new: string | null;
}

/** One command and what is known of it. */
export interface Happening {
  readonly label: string;
  readonly process: number;
  readonly by: "lattice" | "git";
  /** When it began and ended, in the order of all facts; `Infinity`: it was cut off. */
  readonly from: number;
  readonly to: number;
  /** What it changed, all at once. */
  readonly changes: readonly RefChange[];
  /** Whether it may as well not have happened, for all that the disk tells after a power cut. */
  readonly doubtful?: boolean;
  /** What it saw. */
  readonly reads: readonly { readonly ref: string; readonly value: string | null }[];
  /** Values that a `git pack-refs` that looked before it took its lock may bring back. */
  readonly revivals: Readonly<Record<string, string>>;
  /** Whether it packs refs. */
  readonly packs: boolean;
  /** What it changed, as it was asked, where its answer does not say so. */
  readonly move: Move | null;
  /** Its operation, where it has one. */
  readonly op: string | null;
  /** Process id, of lattice's. */
  readonly pid: number | null;
  /** Exit code, of lattice's; `null`: it was cut off. */
  readonly exit: number | null;
  /** The operation of several steps that it was to be a part of. */
  readonly within: string | null;
}

/** Reads the facts of all processes. */
export function happenings(told: readonly Told[]): Happening[] {
  const open = new Map<number, Open>();
  const found: Happening[] = [];
  const belongs = new Map<number, string | null>();
  for (const [index, { process, fact }] of (told as readonly (Told & { fact: CommandFact | GitFact })[]).entries()) {
    if (fact.kind === "belongs") {
      belongs.set(process, fact.within);
    } else if (fact.kind === "asks" || fact.kind === "git asks") {
      const within = fact.kind === "asks" ? fact.within : belongs.get(process) ?? null;
      open.set(process, { process, from: index, asked: fact, within, seen: {} });
    } else if (fact.kind === "git looked") {
      open.get(process)!.seen = fact.seen;
    } else {
      found.push(happening(open.get(process)!, index, fact));
      open.delete(process);
    }
  }
  for (const one of open.values()) found.push(happening(one, Infinity, null));
  return found;
}

/** A command that has not been answered. */
interface Open {
  readonly process: number;
  readonly from: number;
  readonly asked: CommandFact | GitFact;
  readonly within: string | null;
  seen: Readonly<Record<string, string>>;
}

/** A happening of which nothing is known. */
export const NOTHING = {
  changes: [],
  reads: [],
  revivals: {},
  packs: false,
  move: null,
  op: null,
  pid: null,
  exit: null,
  within: null,
} as const;

function happening(
  { process, from, asked, within, seen }: Open,
  to: number,
  answer: CommandFact | GitFact | null,
): Happening {
  if (asked.kind === "asks") {
    const label = `process ${process}: ${asked.command.args.join(" ")}`;
    const packs = asked.command.args.includes("pack-refs");
    const whole = { ...NOTHING, label, process, by: "lattice", from, to, packs, within, pid: asked.pid } as const;
    if (answer?.kind !== "answered") return whole;
    return { ...whole, ...answerOfLattice(asked.command, answer, asked.worktree) };
  }
  if (asked.kind !== "git asks") throw new Error("an answer without a question");
  const { command } = asked;
  const label = `process ${process}: git ${JSON.stringify(command)}`;
  const whole = { ...NOTHING, label, process, by: "git", from, to, within } as const;
  if (command.kind === "pack") return { ...whole, packs: true, revivals: command.looksFirst ? seen : {} };
  const { ref } = command;
  const end = answer?.kind === "git answered" ? answer.answer : null;
  switch (end?.end) {
    case "read":
      return { ...whole, reads: [{ ref, value: end.value }] };
    case "refused":
      return { ...whole, reads: [{ ref, value: end.actual }] };
    case "moved":
      return command.kind === "update" ? { ...whole, changes: [{ ref, old: end.old, new: command.to }] } : whole;
    case undefined:
      return command.kind === "update" ? { ...whole, changes: [{ ref, old: command.expect, new: command.to }] } : whole;
    default:
      return whole;
  }
}

interface Outputs {
  readonly op?: string | null;
  readonly ref?: string;
  readonly oid?: string;
  readonly previous?: string | null;
  readonly updates?: readonly RefChange[];
}

function answerOfLattice(
  { args, moves }: Command,
  { exit, output, error }: CommandFact & { kind: "answered" },
  worktree: Worktree,
): Partial<Happening> {
  if (exit !== 0) {
    const { code, details } = (error as { error?: { code?: string; details?: Record<string, unknown> } }).error ?? {};
    const { ref, actual, conflicts_with: conflict } = details ?? {};
    const isRead = code === "cas_failed" && typeof ref === "string" && actual !== undefined && conflict === undefined;
    return { exit, reads: isRead ? [{ ref: placeOf(worktree, ref), value: actual as string | null }] : [] };
  }
  if (moves !== undefined) return { exit, move: moves };
  const { op = null, ref, oid = null, previous, updates } = output as Outputs;
  if (args[0] === "meta" && args[1] === "get") return { exit, reads: [{ ref: ref!, value: oid }] };
  if (updates !== undefined) {
    const shown = updates.filter((update) => !update.ref.startsWith("refs/lattice/"));
    return {
      exit,
      op,
      changes: shown.map(({ ref, old, new: now }) => ({ ref: placeOf(worktree, ref), old, new: now })),
    };
  }
  if (op === null) return { exit, reads: ref === undefined ? [] : [{ ref, value: oid }] };
  return { exit, op, changes: [{ ref: ref!, old: previous ?? null, new: oid }] };
}
