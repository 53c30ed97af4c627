/**
 * A deployment: marks a branch as what an environment runs, tries it, and takes the marks back where that fails.
 *
 *     deployment.ts <environment> <branch> -- <command that switches over and tries it>
 *
 * Three things change at once, or none of them: `refs/deployed/<environment>/current` and `…/previous`, and the branch's
 * metadata, which is frozen while it is deployed.
 */
import process from "node:process";
import {
  CasFailedError,
  type Change,
  editMetadata,
  LatticeError,
  MetadataStore,
  openRepository,
  transact,
  undo,
} from "../src/mod.ts";

async function deploy(environment: string, branch: string, command: string[]): Promise<number> {
  const repository = openRepository();
  const { refs, system } = repository;
  const heads = `refs/heads/${branch}`;
  const current = `refs/deployed/${environment}/current`;
  const previous = `refs/deployed/${environment}/previous`;

  // What is read here is what the transaction expects: whoever deploys at the same time is refused.
  const wanted = refs.resolve(heads).oid;
  const running = refs.resolve(current).oid;
  const before = refs.resolve(previous).oid;
  const { oid, metadata } = new MetadataStore(repository).readExisting(branch);
  if (wanted === null) throw new Error(`there is no branch ${branch}`);
  if (running === wanted) {
    console.log(`${environment} runs ${wanted} already`);
    return 0;
  }

  const frozen = editMetadata(metadata, { freeze: "single", reason: `deployed to ${environment}` }, Date.now());
  const changes: Change[] = [
    { kind: "check-ref", ref: heads, expected: wanted },
    { kind: "set-ref", ref: current, expected: running, to: wanted },
    { kind: "set-metadata", branch, expected: oid, to: frozen },
  ];
  if (running !== null) changes.push({ kind: "set-ref", ref: previous, expected: before, to: running });
  const title = `deploy ${branch} to ${environment}`;
  const { op } = await transact(repository, changes, { command: title });

  const [program, ...args] = command;
  const { exitCode } = system.run([program!, ...args], { stdin: "ignore", stdout: "inherit" });
  if (exitCode === 0) {
    console.log(`${environment} runs ${wanted} now`);
    return 0;
  }
  // Names the operation, so that nothing but it is taken back, and nothing at all if somebody has built on it.
  if (op !== null) await undo(repository, op, { command: `take back: ${title}` });
  console.error(`${command.join(" ")} ended with ${exitCode}; ${environment} runs ${running ?? "nothing"} as before`);
  return 1;
}

try {
  const [environment, branch, separator, ...command] = process.argv.slice(2);
  if (environment === undefined || branch === undefined || separator !== "--" || command.length === 0) {
    throw new Error("usage: deployment.ts <environment> <branch> -- <command>");
  }
  process.exitCode = await deploy(environment, branch, command);
} catch (error) {
  if (error instanceof CasFailedError) console.error(`somebody was faster, nothing was changed: ${error.message}`);
  else if (error instanceof LatticeError) console.error(`${error.message} (${error.code})`);
  else console.error(error);
  process.exitCode = 1;
}
