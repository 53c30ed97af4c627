/**
 * Threads for simulated processes; one that is done is used again, since making one takes long.
 *
 * @module
 */
import { Worker } from "node:worker_threads";
import { Channel } from "./channel.ts";
import type { StartMessage } from "./process_thread.ts";

/** A thread that runs one simulated process at a time. */
export interface Thread {
  readonly channel: Channel;
  start(message: StartMessage): void;
}

const idle: Thread[] = [];

/** Makes sure that so many threads are free. */
export async function prepareThreads(count: number): Promise<void> {
  while (idle.length < count) idle.push(await makeThread());
}

/** Takes a free thread. @throws {Error} There are fewer than were prepared. */
export function takeThread(): Thread {
  const thread = idle.pop();
  if (thread === undefined) throw new Error("more processes are simulated at once than there are threads for");
  return thread;
}

/** Gives a thread back whose process has ended. */
export function giveThreadBack(thread: Thread): void {
  idle.push(thread);
}

async function makeThread(): Promise<Thread> {
  const memory = Channel.memory();
  const worker = new Worker(new URL("./process_thread.ts", import.meta.url), { workerData: { memory } });
  await new Promise<void>((resolve, reject) => {
    worker.once("message", () => resolve());
    worker.once("error", reject);
  });
  worker.unref(); // the tests may end while it waits
  return { channel: new Channel(memory), start: (message) => worker.postMessage(message) };
}
