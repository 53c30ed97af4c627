/**
 * A PostgreSQL server for the benchmark: writes its URL to a file and runs until its input ends.
 *
 *     lease_server.ts <file>
 *
 * @module
 */
import { renameSync, writeFileSync } from "node:fs";
import process from "node:process";
import { PostgresServer } from "../../postgres_server.ts";

const [file] = process.argv.slice(2) as [string];
const server = await PostgresServer.start({ durable: true });
writeFileSync(`${file}.new`, server.url({ host: "127.0.0.1", schema: server.freshSchema() }));
renameSync(`${file}.new`, file);
for await (const _chunk of process.stdin) continue;
server.stop("immediate");
process.exit(0); // the watcher removes the folder
