/**
 * A job of continuous integration: runs a check on a commit and notes how it ended.
 *
 *     ci_job.ts <limit in ms> <check> <commit> -- <command>
 *
 * All checks of a commit are noted in one JSON document, the blob that `refs/ci/<commit>` names. Jobs that end at the same
 * time lose nothing of each other's: each writes what it made of the document that it read, and only if that is still
 * there. The lock is waited for until the limit, and the job says for whom it waits.
 */
import process from "node:process";
import {
  AlreadyLockedError,
  CasFailedError,
  LatticeError,
  type Oid,
  openRepository,
  RepoLock,
  transact,
} from "../src/mod.ts";

/** Exit code for "try again later" (`EX_TEMPFAIL` of `sysexits.h`). */
const TRY_LATER = 75;

type Results = Record<string, { passed: boolean }>;

const repository = openRepository();

function readResults(ref: string): { oid: Oid | null; results: Results } {
  const { oid } = repository.refs.resolve(ref);
  if (oid === null) return { oid, results: {} };
  const blob = repository.objects.read(oid);
  if (blob === null) throw new Error(`${ref} names ${oid}, which is not there`);
  return { oid, results: JSON.parse(new TextDecoder().decode(blob.content)) as Results };
}

async function note(ref: string, check: string, passed: boolean, limitMs: number): Promise<void> {
  let known = readResults(ref);
  using lock = await RepoLock.acquire(repository, {
    command: `ci job ${check}`,
    timeoutMs: limitMs,
    onContention: (holder) => console.error(`waiting for ${holder?.command ?? "somebody"}`),
  });
  for (let attempt = 1;; attempt++) {
    const content = JSON.stringify({ ...known.results, [check]: { passed } });
    try {
      await transact(repository, [{ kind: "set-ref", ref, expected: known.oid, to: { content } }], {
        command: `ci job ${check}`,
        lockToken: lock.token,
      });
      console.log(`noted, attempt ${attempt}`);
      return;
    } catch (error) {
      // Somebody wrote between our look and the lock. (Git may even now: it does not ask for the lock.)
      if (!(error instanceof CasFailedError)) throw error;
      known = readResults(ref);
    }
  }
}

try {
  const [limit, check, commit, separator, ...command] = process.argv.slice(2);
  if (check === undefined || commit === undefined || separator !== "--" || command.length === 0) {
    throw new Error("usage: ci_job.ts <limit in ms> <check> <commit> -- <command>");
  }
  const { exitCode } = repository.system.run(command, { stdin: "ignore", stdout: "inherit" });
  await note(`refs/ci/${commit}`, check, exitCode === 0, Number(limit));
  process.exitCode = exitCode;
} catch (error) {
  const told = error instanceof LatticeError ? `${error.message} (${error.code})` : error;
  console.error(told);
  process.exitCode = error instanceof AlreadyLockedError ? TRY_LATER : 1;
}
