/**
 * Generated sequences of commands, each done by git on one copy of a repository and by lattice on another: status,
 * output, refs, HEAD and reflogs must be the same after every one, and git must find nothing wrong.
 *
 * @module
 */
import fc from "fast-check";
import { test } from "../harness.ts";
import { modernGit } from "../git_oracle.ts";
import { holdsAsync } from "../property.ts";
import { anySteps } from "./generated_commands.ts";
import { makeTemplate, makeTwins, runOnTwins, type Step, type Template } from "./twin_repositories.ts";

async function compare(template: Template, numRuns: number, seed: number): Promise<void> {
  let commands = 0;
  const property = fc.asyncProperty(
    anySteps(template.git === "git" ? "same version" : "current"),
    async (steps: Step[]) => {
      const twins = makeTwins(template);
      for (const step of steps) {
        await runOnTwins(twins, step);
        commands++;
      }
    },
  );
  const counts = () => ({ "generated commands": commands });
  await holdsAsync(`compared with ${template.git}`, property, { seed, numRuns, tortureRuns: 100 * numRuns, counts });
}

test("lattice git leaves what git leaves, command after command", async () => {
  await compare(makeTemplate("git", "sha1"), 20, 20261121);
});

test("lattice git leaves what a current git leaves in a SHA-256 repository", async () => {
  await compare(makeTemplate(modernGit(), "sha256"), 10, 20261122);
});
