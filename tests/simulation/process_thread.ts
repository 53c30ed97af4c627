/**
 * The thread of a simulated process: waits for programs and runs them, one after the other.
 *
 * @module
 */
import { parentPort, workerData } from "node:worker_threads";
import { SimCrash } from "./calls.ts";
import { Channel } from "./channel.ts";
import { type Birth, Caller, RemoteSystem } from "./remote_system.ts";
import type { SimulatedProcess } from "./together.ts";

/** What the main thread sends to start a program. */
export interface StartMessage {
  birth: Birth;
  module: string;
  program: string;
  input: unknown;
}

const channel = new Channel((workerData as { memory: SharedArrayBuffer }).memory);

parentPort!.on("message", (message: StartMessage) => void runProgram(message));
parentPort!.postMessage("ready");

async function runProgram({ birth, module, program, input }: StartMessage): Promise<void> {
  const caller = new Caller(channel, birth);
  const end = await run(caller, birth, module, program, input);
  channel.ask({ operation: "end", args: [caller.isDead ? { outcome: "killed" } : end] });
}

/** How a program ended, as far as its thread knows. */
async function run(caller: Caller, birth: Birth, module: string, name: string, input: unknown): Promise<unknown> {
  try {
    const program = (await import(module) as Record<string, unknown>)[name];
    if (typeof program !== "function") throw new Error(`${module} has no function ${name}`);
    const process: SimulatedProcess = {
      system: new RemoteSystem(caller, birth),
      tell: (fact) => void caller.call("tell", fact),
    };
    return { outcome: "ended", value: await program(process, input) ?? null };
  } catch (error) {
    if (error instanceof SimCrash) return { outcome: "killed" };
    return { outcome: "failed", error: error instanceof Error ? `${error.stack}` : String(error) };
  }
}
