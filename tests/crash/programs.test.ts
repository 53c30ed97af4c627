import assert from "node:assert/strict";
import fc from "fast-check";
import { undo } from "../../src/operations/undo.ts";
import type { RefUpdate } from "../../src/engine/mod.ts";
import { framedObject } from "../../src/git/object_format.ts";
import { deflate } from "../../src/platform/zlib.ts";
import { test } from "../harness.ts";
import { explore } from "../simulation/explore.ts";
import { holdsAsync } from "../property.ts";
import { seedOr, torture } from "../thoroughness.ts";
import { blob, commit, EMPTY_TREE, oidOf, runStep, type Step, transactionScenario } from "./scenarios.ts";

const SEED = seedOr(4711);

/** Names that conflict, share folders, are per worktree, or are the branch of `HEAD`. */
const NAMES = ["refs/heads/main", "refs/heads/topic", "refs/meta/a", "refs/meta/b", "refs/meta/c/d", "refs/meta/c/e"];
const documents = ["1", "2", "3"].map(blob);
const commits = ["1", "2", "3"].map(commit);

const updateOf = (name: string) =>
  fc.record({
    remove: fc.boolean(),
    value: fc.nat({ max: 2 }),
  }).map(({ remove, value }): RefUpdate => {
    const branch = name.startsWith("refs/heads/");
    const object = (branch ? commits : documents)[value]!;
    return {
      name,
      expect: { kind: "any" },
      change: remove ? { kind: "delete" } : { kind: "set", oid: oidOf(object) },
      follow: true,
      ...(branch ? {} : { keepContent: true }),
    };
  });

const step: fc.Arbitrary<Step> = fc.subarray(NAMES, { minLength: 1, maxLength: 4 }).chain((names) =>
  fc.tuple(...names.map(updateOf))
).map((updates) => ({ updates, objects: [EMPTY_TREE, ...documents, ...commits] }));

const program = fc.record({
  base: fc.array(step, { maxLength: 3 }),
  packed: fc.boolean(),
  last: fc.oneof({ weight: 3, arbitrary: step }, { weight: 1, arbitrary: fc.constant("undo" as const) }),
});

test("generated programs of operations are all or nothing wherever they are cut", async () => {
  let cuts = 0;
  let [programs, outcomes] = [0, 0];
  await holdsAsync(
    "programs of operations",
    fc.asyncProperty(program, async ({ base, packed, last }) => {
      const files = packed ? packedFiles() : {};
      const scenario = await transactionScenario(JSON.stringify(last), base, (writer) => {
        if (last !== "undo") return runStep(writer, last);
        try {
          undo(writer, undefined);
        } catch (error) {
          if ((error as { code?: string }).code !== "not_found") throw error; // nothing had changed before
        }
      }, files);
      const every = { seed: SEED, evenly: true, recoveries: 1, maxRuns: 4000 };
      const stats = await explore(scenario, { sample: torture ? every : { seed: SEED, maxRuns: 60 } });
      if (torture) assert.equal(stats.cutPointsTried, stats.cutPoints, "a point was left out");
      programs++;
      cuts += stats.cutPointsTried;
      outcomes += stats.outcomesTried + stats.recoveryOutcomesTried;
    }),
    {
      seed: SEED,
      numRuns: 40,
      tortureRuns: 400,
      counts: () => ({ "generated inputs": programs, "crash points": cuts, "crash outcomes": outcomes }),
    },
  );
});

/** All names packed, at first values, with the objects that they lead to. */
function packedFiles(): Record<string, string | Uint8Array> {
  const values = NAMES.map((name) => (name.startsWith("refs/heads/") ? commits : documents)[0]!);
  const lines = NAMES.map((name, i) => `${oidOf(values[i]!)} ${name}\n`);
  const files: Record<string, string | Uint8Array> = {
    "/r/.git/packed-refs": `# pack-refs with: peeled fully-peeled sorted \n${lines.join("")}`,
  };
  for (const object of [EMPTY_TREE, ...values]) {
    const oid = oidOf(object);
    const path = `/r/.git/objects/${oid.slice(0, 2)}/${oid.slice(2)}`;
    files[path] = deflate(framedObject(object.type, object.content));
  }
  return files;
}
