/**
 * The hosts of a fleet, asked of a service that wants a token, at most once in a while however many jobs ask:
 *
 *     inventory.ts <folder> <url> [<milliseconds>]
 *
 * The token comes from the secret store in the folder, where `LATTICE_HOME=<folder> lattice secret set inventory.token` puts
 * it. When the service cannot be asked, what was fetched last is printed, and it is said so.
 */
import process from "node:process";
import { Cache, FileSecretStore, LatticeError } from "../src/mod.ts";

const [folder, url, milliseconds] = process.argv.slice(2);

async function hosts(folder: string, url: string, ttlMs: number): Promise<string> {
  const cache = new Cache(`${folder}/cache`, { command: "inventory", timeoutMs: 30_000 });
  try {
    await cache.refresh("hosts", async () => {
      const token = await FileSecretStore.withPath(`${folder}/secrets.toml`).get("inventory.token");
      if (token === undefined) throw new Error("there is no secret inventory.token");
      const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
      if (!answer.ok) throw new Error(`the service answers ${answer.status}`);
      return await answer.text();
    }, { ttlMs });
  } catch (error) {
    const last = cache.get("hosts");
    if (last === undefined) throw error;
    console.error(`of ${last.fetchedAt}, since ${error instanceof Error ? error.message : error}`);
  }
  return new TextDecoder().decode(cache.get("hosts")!.content);
}

try {
  if (folder === undefined || url === undefined) throw new Error("usage: inventory.ts <folder> <url> [<milliseconds>]");
  process.stdout.write(await hosts(folder, url, Number(milliseconds ?? 60_000)));
} catch (error) {
  console.error(error instanceof LatticeError ? `${error.message}\n${error.hint}` : `${error}`);
  process.exitCode = 1;
}
