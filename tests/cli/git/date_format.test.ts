import assert from "node:assert/strict";
import { gitText, runProgram } from "../../git_oracle.ts";
import { temporaryFolder } from "../../fixtures.ts";
import { test } from "../../harness.ts";
import { formatDate, parseDateFormat } from "../../../src/cli/git/date_format.ts";
import type { Clock } from "../../../src/platform/system.ts";

/** A clock that stands still, somewhere east or west of Greenwich. */
function clockAt(seconds: number, zoneMinutes: number): Clock {
  return {
    nowMs: () => seconds * 1000,
    monotonicMs: () => 0,
    timeZoneMinutes: () => zoneMinutes,
    sleep: () => Promise.resolve(),
    sleepSync() {},
  };
}

const SECONDS = 1_440_000_000;
const ZONES = ["+0000", "+0530", "-0800", "+1245", "-0930"];

/** A tag for each zone, all of the same second. */
const folder = (() => {
  const path = temporaryFolder();
  gitText(["init", "-q"], path);
  gitText(["commit", "-q", "--allow-empty", "-m", "x"], path);
  for (const zone of ZONES) {
    const env = { GIT_COMMITTER_DATE: `${SECONDS} ${zone}` };
    const { exit } = runProgram("git", ["tag", "-a", "-m", "x", `zone${zone}`], path, { env });
    assert.equal(exit, 0);
  }
  return path;
})();

/** What git prints for the tags, with a given present and local zone. */
function gitDates(style: string, now: number, localZone: string): string[] {
  const env = { GIT_TEST_DATE_NOW: String(now), TZ: localZone };
  const args = ["for-each-ref", `--format=%(refname:lstrip=2) %(taggerdate:${style})`, "refs/tags"];
  const lines = new TextDecoder().decode(runProgram("git", args, folder, { env }).stdout).trimEnd().split("\n");
  return lines.map((line) => line.slice("zone".length)).sort();
}

function ourDates(style: string, now: number, zoneMinutes: number): string[] {
  const clock = clockAt(now, zoneMinutes);
  const format = parseDateFormat(style);
  return ZONES.map((zone) => `${zone} ${formatDate(BigInt(SECONDS), Number(zone), format, clock)}`).sort();
}

test("formatDate() prints relative and human dates as git does, from seconds to decades ago", () => {
  const steps = [-100, 0, 1, 89, 90, 120, 5399, 5400, 129_000, 130_000, 1_209_000, 1_300_000, 6_000_000, 6_100_000];
  for (const ago of [...steps, 31_000_000, 32_000_000, 63_500_000, 157_000_000, 160_000_000, 700_000_000, 86_400 * 4]) {
    for (const style of ["relative", "human"]) {
      assert.deepEqual(ourDates(style, SECONDS + ago, 0), gitDates(style, SECONDS + ago, "UTC"), `${style} ${ago}`);
    }
  }
});

test("formatDate() prints local dates as git does", () => {
  for (const [zone, minutes] of [["UTC-5:30", 330], ["UTC+8", -480], ["UTC", 0]] as const) {
    for (const style of ["local", "iso-local", "iso-strict-local", "rfc-local", "short-local", "raw-local", "human"]) {
      assert.deepEqual(ourDates(style, SECONDS + 300_000, minutes), gitDates(style, SECONDS + 300_000, zone), style);
    }
    const style = "format-local:%F %T %z %s";
    assert.deepEqual(ourDates(style, SECONDS, minutes), gitDates(style, SECONDS, zone));
  }
});

test("formatDate() refuses by name a conversion of strftime that it does not know", () => {
  for (const conversion of ["%Ey", "%Q", "%Z"]) {
    assert.throws(
      () => formatDate(0n, 0, parseDateFormat(`format-local:${conversion}`), clockAt(0, 0)),
      { name: "GitExit", exitCode: 129 },
    );
  }
});
