/**
 * Deploys, one runner of a fleet at a time, one program of a machine at a time:
 *
 *     exclusive_deployment.ts <folder> <store> <runner> <version>
 *
 * The lock of the folder keeps other programs of this machine away from it. The lease keeps other runners away, and its
 * fencing token keeps a runner that slept too long from noting what is no longer so: the note is made in the same
 * transaction that looks at the token.
 */
import process from "node:process";
import * as z from "zod";
import { FileLock, LatticeError, openLockStore, statesIn } from "../src/mod.ts";

const Deployment = z.strictObject({ version: z.string(), by: z.string() });

const [folder, address, runner, version] = process.argv.slice(2);

async function deploy(address: string, runner: string, version: string): Promise<string> {
  await using store = openLockStore(address, { timeoutMs: 30_000 });
  const request = { shareName: "deploy", fileId: "production", ownerId: "deploy", clientId: runner, ttlMs: 60_000 };
  const lease = await store.acquire(request, { waitMs: 30_000 });
  try {
    // Here the work would be done.
    return await store.transaction(async (inside) => {
      await inside.requireFencingToken(lease.id, lease.fencingToken);
      const states = statesIn(inside, Deployment);
      const before = await states.load("production");
      await states.save("production", { version, by: runner });
      return `${before?.version ?? "nothing"} -> ${version}`;
    });
  } finally {
    await store.deleteLock(lease.id);
  }
}

try {
  if (version === undefined) throw new Error("usage: exclusive_deployment.ts <folder> <store> <runner> <version>");
  const lock = new FileLock(`${folder}/deploy`, { command: `deploy ${version}`, timeoutMs: 30_000 });
  console.log(await lock.using(() => deploy(address!, runner!, version)));
} catch (error) {
  console.error(error instanceof LatticeError ? `${error.message}\n${error.hint}` : `${error}`);
  process.exitCode = 1;
}
