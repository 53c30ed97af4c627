/**
 * Repositories whose history is not what the commits alone say: grafted, shallow, replaced.
 *
 * @module
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../fixtures.ts";
import { gitText } from "../../git_oracle.ts";

/** Makes one of each; every one has the branches `root`, `middle` and `tip`. */
export function repositoryWithGrafts(): string[] {
  return [grafted(), shallow(), replaced()];
}

function chain(): string {
  const folder = temporaryFolder();
  gitText(["init", "-q", "-b", "tip"], folder);
  for (const name of ["root", "middle", "other"]) {
    gitText(["commit", "-q", "--allow-empty", "-m", name], folder);
    gitText(["branch", name], folder);
  }
  gitText(["commit", "-q", "--allow-empty", "-m", "tip"], folder);
  return folder;
}

function grafted(): string {
  const folder = chain();
  const [tip, root] = ["tip", "root"].map((name) => gitText(["rev-parse", name], folder));
  mkdirSync(join(folder, ".git/info"), { recursive: true });
  writeFileSync(join(folder, ".git/info/grafts"), `${tip} ${root}\n`);
  return folder;
}

function shallow(): string {
  const folder = chain();
  writeFileSync(join(folder, ".git/shallow"), `${gitText(["rev-parse", "other"], folder)}\n`);
  return folder;
}

function replaced(): string {
  const folder = chain();
  gitText(["replace", "other", "root"], folder);
  return folder;
}
