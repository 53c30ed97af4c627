import assert from "node:assert/strict";
import { authorIdentity, committerIdentity } from "../../src/git/identity.ts";
import { createConfigFiles } from "../../src/git/config/files.ts";
import { readConfig } from "../../src/git/config/read.ts";
import { LatticeError } from "../../src/platform/errors.ts";
import { temporaryFolder } from "../fixtures.ts";
import { runProgram } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { systemOf } from "./system_of.ts";

const folder = temporaryFolder();

function ours(role: "author" | "committer", env: Record<string, string>, overrides: string[] = []): string {
  const system = systemOf(folder, env);
  const config = readConfig(system, createConfigFiles(system, overrides), null);
  try {
    return role === "author" ? authorIdentity(system, config) : committerIdentity(system, config);
  } catch (error) {
    if (error instanceof LatticeError && error.code === "invalid_data") return "refused";
    throw error;
  }
}

function gits(role: "author" | "committer", env: Record<string, string>, overrides: string[] = []): string {
  const args = [...overrides.flatMap((setting) => ["-c", setting]), "var", `GIT_${role.toUpperCase()}_IDENT`];
  const outcome = runProgram("git", args, folder, { env });
  return outcome.exit === 0 ? new TextDecoder().decode(outcome.stdout).trimEnd() : "refused";
}

test("committerIdentity() cleans names and addresses as git does", () => {
  for (const name of ["A", " .,A. B\\'", "<A>\n B", "ä ö", '"q"', "a  b"]) {
    const env = { GIT_COMMITTER_NAME: name, GIT_COMMITTER_EMAIL: `<${name}@x>` };
    assert.equal(ours("committer", env), gits("committer", env), name);
  }
});

test("committerIdentity() reads the dates that git reads", () => {
  for (
    const date of [
      "@0 +0000",
      "@1700000000 -0330",
      "1700000000 +0100",
      "1700000000",
      "Thu, 07 Apr 2005 22:13:13 +0200",
      "7 Apr 2005 22:13:13 -0000",
      "Thu Apr 7 22:13:13 2005 -0700",
      "2005-04-07T22:13:13Z",
      "2005-04-07T22:13:13+02:00",
      "2005-04-07 22:13:13",
      "2005-04-07 22:13:13 +0530",
      "2005-04-07T22:13:13.019+0200",
      "2005.04.07 22:13:13",
      "04/07/2005 22:13:13",
      "07.04.2005 22:13:13",
      "2005-04-07 22:13 EST",
      "20050407T221313Z",
      "Apr 7 2005 22:13:13",
      "2005-02-30 22:13:13",
      "1700000000 -00:30",
      "1700000000 UTC",
      "1700000000 +9999",
      "@12345",
      "12345",
      "2005-04-07",
      "2005-13-07 22:13:13",
      "nonsense",
    ]
  ) {
    const env = { GIT_COMMITTER_DATE: date };
    assert.equal(ours("committer", env), gits("committer", env), date);
  }
});

test("authorIdentity() and committerIdentity() take settings in git's order", () => {
  const settings = ["user.name=U", "user.email=u@x", "author.name=A", "committer.email=c@x"];
  const cases = [[], settings.slice(0, 2), settings];
  for (const overrides of cases) {
    for (const role of ["author", "committer"] as const) {
      const bare = (env: Record<string, string | undefined>) => {
        const rest = { ...env };
        for (const name of ["AUTHOR", "COMMITTER"]) {
          delete rest[`GIT_${name}_NAME`];
          delete rest[`GIT_${name}_EMAIL`];
        }
        return rest;
      };
      const system = systemOf(folder, { EMAIL: "env@x" });
      const stripped = { ...system, env: bare(system.env) };
      const config = readConfig(stripped, createConfigFiles(stripped, overrides), null);
      const unset = ["AUTHOR", "COMMITTER"].flatMap((who) => ["-u", `GIT_${who}_NAME`, "-u", `GIT_${who}_EMAIL`]);
      const args = overrides.flatMap((setting) => ["-c", setting]);
      const outcome = runProgram("env", [...unset, "git", ...args, "var", `GIT_${role.toUpperCase()}_IDENT`], folder, {
        env: { EMAIL: "env@x" },
      });
      const mine = role === "author" ? authorIdentity(stripped, config) : committerIdentity(stripped, config);
      assert.equal(mine, new TextDecoder().decode(outcome.stdout).trimEnd(), JSON.stringify({ overrides, role }));
    }
  }
});
