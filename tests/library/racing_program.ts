/**
 * A program that lives on one repository while others do the same: it counts up, or reads until all is counted.
 *
 *     racing_program.ts count <times>
 *     racing_program.ts read <until>
 *
 * The document of `counter` and the blob at `refs/count/both`, which changes together with the document of `both`, hold a
 * number. The reader insists that each is there and none goes back.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { CasFailedError, MetadataStore, openRepository, type StoredMetadata, transact } from "../../src/mod.ts";

const REF = "refs/count/both";
const repository = openRepository();
const store = new MetadataStore(repository, { command: "count", lockTimeoutMs: 120_000 });

function numberOf({ metadata: { pr } }: StoredMetadata): number {
  return pr.state === "linked" ? pr.number : 0;
}

function countedUp(stored: StoredMetadata): StoredMetadata["metadata"] {
  const number = numberOf(stored) + 1;
  const url = `https://github.com/o/r/pull/${number}`;
  return { ...stored.metadata, pr: { state: "linked", forge: "github", number, url, last_known: null } };
}

/** Repeats what somebody else was faster with. */
async function untilDone(attempt: () => Promise<unknown>): Promise<number> {
  for (let tries = 0;; tries++) {
    try {
      await attempt();
      return tries;
    } catch (error) {
      if (!(error instanceof CasFailedError)) throw error;
    }
  }
}

async function count(times: number): Promise<void> {
  let refused = 0;
  for (let i = 0; i < times; i++) {
    refused += await untilDone(() => {
      const before = store.readExisting("counter");
      return store.writeCas("counter", before.oid, countedUp(before));
    });
    refused += await untilDone(() => {
      const before = store.readExisting("both");
      const next = countedUp(before);
      const { oid } = repository.refs.resolve(REF);
      return transact(repository, [
        { kind: "set-metadata", branch: "both", to: next, expected: before.oid },
        { kind: "set-ref", ref: REF, to: { content: `${numberOf(before) + 1}` }, expected: oid },
      ], { command: "count", lockTimeoutMs: 120_000 });
    });
  }
  console.log(refused);
}

/** The number at the ref, or `null` where that moved between the look at it and the look at its blob. */
function numberAtRef(): number | null {
  const { oid } = repository.refs.resolve(REF);
  assert.ok(oid !== null, `${REF} is not there`);
  const blob = repository.objects.read(oid);
  if (blob !== null) return Number(new TextDecoder().decode(blob.content));
  assert.notEqual(repository.refs.resolve(REF).oid, oid, `${REF} leads to nothing`);
  return null;
}

function read(until: number): void {
  const newest = { counter: 0, both: 0, ref: 0 };
  let rounds = 0;
  for (; newest.counter < until || newest.both < until; rounds++) {
    const documents = new Map([...store.exportAll()].map((stored) => [stored.branch, stored]));
    const seen = {
      counter: numberOf(documents.get("counter") ?? assert.fail("the document of counter is not there")),
      both: numberOf(documents.get("both") ?? assert.fail("the document of both is not there")),
      ref: numberAtRef() ?? newest.ref,
    };
    for (const key of ["counter", "both", "ref"] as const) {
      assert.ok(seen[key] >= newest[key], `${key} went back from ${newest[key]} to ${seen[key]}`);
    }
    Object.assign(newest, seen);
  }
  console.log(rounds);
}

const [role, number] = process.argv.slice(2);
if (role === "count") await count(Number(number));
else read(Number(number));
