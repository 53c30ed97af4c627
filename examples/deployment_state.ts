/**
 * Notes which version of a service runs in which environment, for the scripts that deploy:
 *
 *     deployment_state.ts <store> deploy <environment> <service> <version>
 *     deployment_state.ts <store> show
 *
 * Scripts that deploy different services at the same time lose nothing of each other's: each adds to the document that it
 * read, and saves it only if that is still the one that is stored. A document that somebody damaged is named and left alone.
 */
import process from "node:process";
import * as z from "zod";
import { CorruptedStateFile, ExpectationFailed, LatticeError, openStateRepository } from "../src/mod.ts";

const Environment = z.strictObject({
  services: z.record(z.string(), z.strictObject({ version: z.string().min(1), deployed_at: z.iso.datetime() })),
});

/** Exit code for "the data is wrong" (`EX_DATAERR` of `sysexits.h`). */
const WRONG_DATA = 65;

const [store, command, environment, service, version] = process.argv.slice(2);

const states = openStateRepository(store ?? "", Environment, {
  command: `deploy ${service ?? ""}`,
  lockTimeoutMs: 30_000,
  observer: { onContention: (holder) => console.error(`waiting for ${holder?.command ?? "somebody"}`) },
});

async function deploy(environment: string, service: string, version: string): Promise<void> {
  for (let attempt = 1;; attempt++) {
    const before = await states.read(environment);
    const services = {
      ...before?.value.services,
      [service]: { version, deployed_at: new Date().toISOString() },
    };
    try {
      await states.save(environment, { services }, before?.digest ?? null);
      console.log(`${service} ${version} runs in ${environment}, attempt ${attempt}`);
      return;
    } catch (error) {
      // Somebody else has deployed between our look and our save: look again.
      if (!(error instanceof ExpectationFailed)) throw error;
    }
  }
}

async function show(): Promise<void> {
  for (const name of await states.list()) {
    const services = (await states.load(name))?.services ?? {};
    for (const [service, { version }] of Object.entries(services)) console.log(`${name}: ${service} ${version}`);
  }
}

try {
  if (command === "show") await show();
  else if (command === "deploy" && version !== undefined) await deploy(environment!, service!, version);
  else throw new Error("usage: deployment_state.ts <store> deploy <environment> <service> <version> | <store> show");
} catch (error) {
  console.error(error instanceof LatticeError ? `${error.message}\n${error.hint}` : error);
  process.exitCode = error instanceof CorruptedStateFile ? WRONG_DATA : 1;
}
