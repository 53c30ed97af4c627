/**
 * Several processes on one simulated machine, interleaved at every call of theirs by a schedule.
 *
 * A program is a function that a module exports: `(process: SimulatedProcess, input) => result`. Each process runs it
 * in a thread of its own, with a `System` whose every call waits until it is this process's turn, and is then done on
 * the one {@link SimDisk} in the main thread. At any moment exactly one thread runs, so the same schedule gives the
 * same calls, results and disks, under both runtimes. Clock and random bytes are simulated as well: whoever sleeps
 * lets the others go on, and where all sleep, time moves to the first who wakes.
 *
 * Flocks, `O_EXCL` and everything else on the disk is shared. A process may be killed at any call of its own: that
 * call and all later ones of it throw, its flocks and open files go, what it wrote stays. What a power cut at any
 * moment leaves is had from {@link Run.points}, by `outcomesOf` and `recoverAndCheck` of `explore.ts`.
 *
 * @example
 * ```ts
 * // add_line.ts: export function addLine({ system }: SimulatedProcess, line: string) { … system.disk … }
 * const run = await runTogether(new SimSystem(SimDisk.fromTree({ "/list": "" })), [
 *   { module: new URL("./add_line.ts", import.meta.url), program: "addLine", input: "a" },
 *   { module: new URL("./add_line.ts", import.meta.url), program: "addLine", input: "b" },
 * ], { schedule: seededSchedule(7), kills: [{ process: 1, call: 12 }] });
 * console.log(run.results, run.disk.dump());
 * ```
 *
 * @module
 */
import { READS } from "./calls.ts";
import type { Request } from "./channel.ts";
import { type CutPoint, describeCall } from "./explore.ts";
import { ProcessHost } from "./process_host.ts";
import type { Schedule } from "./schedule.ts";
import type { SimDisk } from "./sim_disk.ts";
import type { SimSystem } from "./sim_system.ts";
import { giveThreadBack, prepareThreads, takeThread, type Thread } from "./threads.ts";

/** What a program is given. */
export interface SimulatedProcess {
  readonly system: System;
  /** Tells the outside something: it stands in the order of all calls, and a power cut behind it must respect it. */
  tell(fact: unknown): void;
}

type System = import("../../src/platform/system.ts").System;

/** A program to be run. */
export interface Program {
  /** The module; it must not be a test file, since its top level runs in the thread. */
  readonly module: URL;
  /** Which function of it. */
  readonly program: string;
  /** Its second argument: plain data. */
  readonly input: unknown;
  /** The environment; without it, that which its parent gives it, or that of the machine. */
  readonly env?: Record<string, string | undefined>;
  /** Where it runs; without it, where its parent does, or the machine. */
  readonly workingDirectory?: string;
}

/** A process that is killed. */
export interface Kill {
  /** Which one, counted from 0; children count on from the programs in the order of their start. */
  readonly process: number;
  /** Before which of its calls (from 1 on). */
  readonly call: number;
  /** In the middle of that call: half of a write is done; a program that it runs is started, and goes on alone. */
  readonly half?: boolean;
}

/** How they run. */
export interface TogetherOptions {
  readonly schedule: Schedule;
  readonly kills?: readonly Kill[];
  /** Whether {@link Run.points} are kept (default `false`). */
  readonly keepPoints?: boolean;
  /** Called behind every call. */
  readonly watch?: (call: ScheduledCall, disk: SimDisk) => void;
  /** What a program runs that calls `System.run`; `null`: there is no such program (exit code 127). */
  readonly child?: (command: readonly string[], env: Record<string, string> | null) => Program | null;
  /** How many children may live at once (default 0). */
  readonly childrenMax?: number;
  /** Changes what every process sees of the machine: a broken variant of the program. */
  readonly mutation?: (system: SimSystem) => SimSystem;
}

/** A call in the order of all. */
export interface ScheduledCall {
  readonly process: number;
  readonly operation: string;
  readonly path: string;
  readonly to?: string;
  /** Why it failed. */
  readonly errno?: string;
}

/** Something that a process told. */
export interface Told {
  readonly process: number;
  /** How many calls were made before, by all together. */
  readonly at: number;
  readonly fact: unknown;
}

/** How a process ended. A child's result is its exit code's: `{ exitCode }`, or 0. */
export type ProcessResult =
  | { readonly outcome: "ended"; readonly value: unknown }
  | { readonly outcome: "failed"; readonly error: string }
  | { readonly outcome: "killed" };

/** What happened. */
export interface Run {
  readonly calls: readonly ScheduledCall[];
  readonly told: readonly Told[];
  /** By number of the process. */
  readonly results: readonly ProcessResult[];
  /** The disk as it is seen at the end. */
  readonly disk: SimDisk;
  /** The states behind each change; `acknowledged` holds what was told until then, as JSON. */
  readonly points: readonly CutPoint[];
}

/** Programs that make more calls than this do not end. */
const CALLS_MAX = 100_000;

/** The exit code of a program that does not exist, as shells have it. */
const NOT_FOUND_EXIT_CODE = 127;

/** The exit code of a program that was killed (128 + SIGKILL). */
const KILLED_EXIT_CODE = 137;

/** Runs programs until all of them have ended or were killed. */
export async function runTogether(
  machine: SimSystem,
  programs: readonly Program[],
  options: TogetherOptions,
): Promise<Run> {
  await prepareThreads(programs.length + (options.childrenMax ?? 0));
  const together = new Together(machine, options);
  try {
    for (const program of programs) together.start(program, null, null);
    return together.run();
  } finally {
    together.abandon();
  }
}

/** A process that has not ended. */
interface Living {
  readonly number: number;
  readonly host: ProcessHost;
  readonly thread: Thread;
  /** Whose `System.run` waits for it. */
  readonly parent: Living | null;
  calls: number;
  request: Request;
  /** When its sleep ends; `null`: it does not sleep. */
  wakeUs: number | null;
  /** Whether it waits for a child. */
  waits: boolean;
}

class Together {
  private readonly living = new Map<number, Living>();
  private readonly calls: ScheduledCall[] = [];
  private readonly told: Told[] = [];
  private readonly results: ProcessResult[] = [];
  private readonly points: CutPoint[] = [];
  private readonly disk: SimDisk;
  private acknowledged: readonly string[] = [];

  constructor(private readonly machine: SimSystem, private readonly options: TogetherOptions) {
    this.disk = machine.disk.forNeighbour();
    this.addPoint("before the first call");
  }

  start(asked: Program, parent: Living | null, inheritedHandle: number | null): void {
    const { module, program, input, env, workingDirectory = parent?.host.system.host.workingDirectory } = asked;
    const system = this.machine.neighbour(env, workingDirectory);
    const shared = parent === null || inheritedHandle === null ? null : parent.host.shared(inheritedHandle);
    const host = new ProcessHost(this.options.mutation?.(system) ?? system, shared);
    const thread = takeThread();
    const birth = {
      host: system.host,
      env: system.env,
      seed: system.randomSeed,
      timeUs: this.disk.storage.timeUs,
    };
    thread.start({ birth, module: module.href, program, input });
    const number = this.results.push({ outcome: "killed" }) - 1;
    const process: Living = {
      number,
      host,
      thread,
      parent,
      calls: 0,
      request: { operation: "", args: [] },
      wakeUs: null,
      waits: false,
    };
    this.living.set(number, process);
    system.disk.observe((record, progress) => {
      if (READS.has(record.operation)) return;
      this.addPoint(`${progress === "done" ? "after" : "half through"} process ${number}'s ${describeCall(record)}`);
    });
    this.listen(process);
  }

  run(): Run {
    let current: number | null = null;
    for (let made = 0; this.living.size > 0; made++) {
      if (made > CALLS_MAX) {
        throw new Error(`the programs do not end; at last: ${JSON.stringify(this.calls.slice(-9))}`);
      }
      const runnable = this.runnable();
      current = this.options.schedule.choose(runnable, current, made);
      this.step(this.living.get(current)!);
    }
    this.addPoint("at the end", true);
    return { calls: this.calls, told: this.told, results: this.results, disk: this.disk, points: this.points };
  }

  /** Lets the threads of processes that still live come to their ends. */
  abandon(): void {
    for (const process of [...this.living.values()]) this.kill(process, "the simulation ended");
  }

  /** Who can go on now; where all sleep, time moves on. */
  private runnable(): number[] {
    const { storage } = this.disk;
    for (;;) {
      const ready: number[] = [];
      let nextUs = Infinity;
      for (const { number, waits, wakeUs } of this.living.values()) {
        if (waits) continue;
        if (wakeUs === null || wakeUs <= storage.timeUs) ready.push(number);
        else nextUs = Math.min(nextUs, wakeUs);
      }
      if (ready.length > 0) return ready.sort((a, b) => a - b);
      if (nextUs === Infinity) throw new Error("all processes wait for each other");
      storage.timeUs = nextUs;
    }
  }

  private step(process: Living): void {
    const { request, host, thread } = process;
    const { storage } = this.disk;
    process.calls++;
    const kill = this.options.kills?.find((one) => one.process === process.number && one.call === process.calls);
    if (kill !== undefined) {
      if (kill.half === true) this.doHalf(process);
      return this.kill(process, `killed at its call ${process.calls}`);
    }
    switch (request.operation) {
      case "sleep":
        process.wakeUs = null;
        thread.channel.answer({ timeUs: storage.timeUs });
        break;
      case "tell":
        this.told.push({ process: process.number, at: this.calls.length, fact: request.args[0] });
        this.acknowledged = [...this.acknowledged, JSON.stringify(this.told.at(-1))];
        this.addPoint(`process ${process.number} told ${JSON.stringify(request.args[0])}`);
        thread.channel.answer({ timeUs: storage.timeUs });
        break;
      case "run":
        process.waits = true;
        return this.startChild(process);
      default: {
        const answer = host.perform(request);
        if (answer.broken !== undefined) throw new Error(answer.broken);
        this.note(process, answer.failure?.errno);
        thread.channel.answer(answer);
      }
    }
    this.listen(process);
  }

  /** What a call that a kill interrupts still does. */
  private doHalf(process: Living): void {
    const { host, request: { operation, args } } = process;
    if (operation === "run") return this.startChild(process);
    if (operation === "file.write") {
      const bytes = args[1] as Uint8Array;
      host.perform({ operation, args: [args[0], bytes.subarray(0, bytes.length >> 1)] });
    } else if (operation === "lock.write") {
      const text = args[1] as string; // of a holder, so it may be cut between any two characters
      host.perform({ operation, args: [args[0], text.slice(0, text.length >> 1)] });
    }
  }

  private startChild(process: Living): void {
    const [command, env, inherited] = process.request.args as [string[], Record<string, string> | null, number | null];
    const program = this.options.child?.(command, env) ?? null;
    if (program !== null) return this.start(env === null ? program : { env, ...program }, process, inherited);
    if (process.waits) this.goOn(process, NOT_FOUND_EXIT_CODE);
  }

  /** What a process ran has ended. */
  private goOn(process: Living, exitCode: number): void {
    process.waits = false;
    process.thread.channel.answer({ timeUs: this.disk.storage.timeUs, value: exitCode });
    this.listen(process);
  }

  /** Waits for the next request of a process; it may be that it has ended. */
  private listen(process: Living): void {
    const request = process.thread.channel.nextRequest();
    process.request = request;
    if (request.operation === "end") this.finish(process, request.args[0] as ProcessResult);
    if (request.operation === "sleep") {
      process.wakeUs = this.disk.storage.timeUs + Math.round((request.args[0] as number) * 1000);
    }
  }

  private kill(process: Living, reason: string): void {
    process.host.end();
    const { channel } = process.thread;
    // Whatever the code under test makes of it, every further call of the thread throws, until it has nothing more to do.
    channel.answer({ timeUs: this.disk.storage.timeUs, killed: `process ${process.number} was ${reason}` });
    const end = channel.nextRequest();
    if (end.operation !== "end") throw new Error(`a killed process made the call ${end.operation}`);
    this.finish(process, { outcome: "killed" });
  }

  private finish(process: Living, result: ProcessResult): void {
    const { number, host, thread, parent } = process;
    host.end();
    thread.channel.answer({ timeUs: this.disk.storage.timeUs });
    giveThreadBack(thread);
    this.living.delete(number);
    this.results[number] = result;
    if (parent !== null && parent.waits && this.living.has(parent.number)) this.goOn(parent, exitCodeOf(result));
  }

  private note({ number, host }: Living, errno: string | undefined): void {
    const { operation, path, to } = host.system.disk.trace.at(-1)!;
    const call = {
      process: number,
      operation,
      path,
      ...(to === undefined ? {} : { to }),
      ...(errno === undefined ? {} : { errno }),
    };
    this.calls.push(call);
    this.options.watch?.(call, this.disk);
  }

  private addPoint(label: string, finished = false): void {
    if (this.options.keepPoints !== true) return;
    this.points.push({ label, disk: this.disk.copy(), acknowledged: this.acknowledged, finished });
  }
}

function exitCodeOf(result: ProcessResult): number {
  if (result.outcome === "killed") return KILLED_EXIT_CODE;
  if (result.outcome === "failed") return 1;
  return (result.value as { exitCode?: number } | null)?.exitCode ?? 0;
}
