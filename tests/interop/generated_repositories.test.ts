/**
 * Generated sequences of commands, each done by git on one copy of a repository and by lattice on another: status,
 * output, refs, HEAD and reflogs must be the same after every one, and git must find nothing wrong.
 *
 * @module
 */
import fc from "fast-check";
import { test } from "../harness.ts";
import { modernGit } from "../git_oracle.ts";
import { runs, seedOr, tried } from "../thoroughness.ts";
import { anySteps } from "./generated_commands.ts";
import { makeTemplate, makeTwins, runOnTwins, type Step, type Template } from "./twin_repositories.ts";

async function compare(template: Template, numRuns: number, fixedSeed: number): Promise<void> {
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
  const seed = seedOr(fixedSeed);
  await fc.assert(property, { numRuns, seed });
  tried(`compared with ${template.git}`, { "generated commands": commands }, seed);
}

test("lattice git leaves what git leaves, command after command", async () => {
  await compare(makeTemplate("git", "sha1"), runs(20, 2000), 20261121);
});

test("lattice git leaves what a current git leaves in a SHA-256 repository", async () => {
  await compare(makeTemplate(modernGit(), "sha256"), runs(10, 1000), 20261122);
});
