import assert from "node:assert/strict";
import { beginExamination, type Check } from "../../src/doctor/examination.ts";
import type { Finding } from "../../src/doctor/finding.ts";
import { LOOSE_REFS } from "../../src/doctor/checks/loose_refs.ts";
import { PACKED_REFS } from "../../src/doctor/checks/packed_refs.ts";
import { REFLOGS } from "../../src/doctor/checks/reflogs.ts";
import type { System } from "../../src/platform/system.ts";
import { utf8 } from "../../src/platform/text.ts";
import { blob, checkClean, commit, EMPTY_TREE, oidOf } from "../crash/scenarios.ts";
import { EMPTY_REPOSITORY, openTestRepository, openTestWriter } from "../engine/engine_repository.ts";
import { test } from "../harness.ts";
import { explore, type Scenario } from "../simulation/explore.ts";
import { exploreFailures } from "../simulation/explore_failures.ts";
import { SimDisk } from "../simulation/sim_disk.ts";
import { SimSystem, textAt } from "../simulation/sim_system.ts";
import { triedCuts, triedFailures } from "../simulation/report.ts";
import { runs, seedOr } from "../thoroughness.ts";

const SEED = seedOr(20_260_107);
const TIP = commit("tip");
const REF = "/r/.git/refs/heads/x";
const LOGFILE = "/r/.git/logs/refs/heads/x";
const PACKED = "/r/.git/packed-refs";

/** A repository with a commit, and whatever is damaged in it. */
function damaged(files: Record<string, string>): SimSystem {
  const start = new SimSystem(SimDisk.fromTree({ ...EMPTY_REPOSITORY, ...files }));
  const { objects } = openTestRepository(start);
  for (const object of [EMPTY_TREE, TIP, blob("y")]) objects.writeLoose(object);
  start.disk.syncFileSystem("/");
  return start;
}

function findingOf(check: Check, system: System): Finding {
  const [finding] = check.examine(beginExamination(openTestRepository(system)));
  assert.ok(finding !== undefined, "there is a finding");
  return finding;
}

async function mend(check: Check, system: System): Promise<void> {
  const { fix } = findingOf(check, system);
  assert.equal(fix?.repair.kind, "refs");
  using writer = await openTestWriter(openTestRepository(system));
  if (fix?.repair.kind === "refs") fix.repair.run(writer);
}

/** Names and contents of what was put aside. */
function aside(system: SimSystem): (string | null)[] {
  const folder = "/r/.git/lattice/aside";
  return (system.disk.list(folder) ?? []).map(({ name }) => textAt(system.disk, `${folder}/${name}`));
}

/**
 * Wherever the mending is cut: the file is as it was or mended, git is not locked out, and what was there is kept once
 * it is gone.
 *
 * @param path The file.
 * @param after What it holds afterwards; `null`: it is gone.
 */
function scenarioOf(
  name: string,
  check: Check,
  files: Record<string, string>,
  path: string,
  after: string | null,
): Scenario {
  const before = files[path]!;
  return {
    name,
    setup: () => damaged(files),
    async program(system, acknowledge) {
      await mend(check, system);
      acknowledge("mended");
    },
    async recover(system) {
      using writer = await openTestWriter(openTestRepository(system), true);
      assert.equal(writer.paused, null);
    },
    check(system, { acknowledged, error }) {
      if (error !== undefined) assert.equal((error as { code?: string }).code, "io", String(error));
      const text = textAt(system.disk, path);
      assert.ok(text === before || text === after, `${path} holds ${JSON.stringify(text)}`);
      if (acknowledged.length > 0) assert.equal(text, after, "acknowledged work is gone");
      if (text === after && before !== "") assert.ok(aside(system).includes(before), "what was there is not kept");
      checkClean(system);
    },
    mayChange: (changed) => changed === "/r/.git/lattice/lock",
  };
}

const oid = oidOf(TIP);
const LOG = `${"0".repeat(40)} ${oid} T <t@example.com> 1700000000 +0000\tcommit\n`;
const SCENARIOS = [
  scenarioOf(
    "an empty ref gets the value that its reflog tells",
    LOOSE_REFS,
    { [REF]: "", [LOGFILE]: LOG },
    REF,
    `${oid}\n`,
  ),
  scenarioOf("a garbled ref of which nothing tells goes", LOOSE_REFS, { [REF]: "garbage\n" }, REF, null),
  scenarioOf(
    "packed-refs is written anew",
    PACKED_REFS,
    { [PACKED]: `# pack-refs with: peeled fully-peeled sorted \n${oid} refs/heads/z\n${oid} refs/heads/a\n` },
    PACKED,
    `# pack-refs with: peeled fully-peeled sorted \n${oid} refs/heads/a\n${oid} refs/heads/z\n`,
  ),
  scenarioOf(
    "a reflog loses the line that is no entry",
    REFLOGS,
    { [REF]: `${oid}\n`, [LOGFILE]: `${LOG}garbage\n` },
    LOGFILE,
    LOG,
  ),
];

for (const scenario of SCENARIOS) {
  test(`doctor leaves a thing damaged or mended wherever it is cut: ${scenario.name}`, async () => {
    const stats = await explore(scenario, { sample: { seed: SEED, maxRuns: runs(1500, 100_000) } });
    triedCuts(scenario.name, stats, SEED);
    assert.ok(stats.cutPoints > 20);
  });

  test(`doctor leaves a thing damaged or mended whichever call fails: ${scenario.name}`, async () => {
    const stats = await exploreFailures(scenario, { sample: { seed: SEED, maxRuns: runs(400, 20_000) } });
    triedFailures(scenario.name, stats, SEED);
  });
}

test("doctor does not touch a ref that somebody mended meanwhile", async () => {
  const system = damaged({ [REF]: "", [LOGFILE]: LOG });
  const { fix } = findingOf(LOOSE_REFS, system);
  const other = `${oidOf(blob("y"))}\n`;
  system.disk.unlink(REF);
  using file = system.disk.create(REF);
  file.write(utf8(other));
  using writer = await openTestWriter(openTestRepository(system));
  assert.throws(() => fix!.repair.kind === "refs" && fix!.repair.run(writer), /changed since it was looked at/);
  assert.equal(textAt(system.disk, REF), other);
  checkClean(system);
});
