/**
 * `lattice init [--trunk <branch>]`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import type { ParsedCommand } from "../parse.ts";
import { type ConfigTable, parseConfigFile, repoConfigPath } from "../settings.ts";
import { writeFileDurably } from "../write_file.ts";
import { refuseInsideHook } from "../../engine/hooks.ts";
import { checkBranchName } from "../../git/refs/names.ts";
import type { Repository } from "../../git/repository.ts";
import { acquireRepoLock } from "../../locks/repo_lock.ts";
import { findTrunk } from "../../metadata/trunk.ts";
import { LatticeError } from "../../platform/errors.ts";
import { utf8 } from "../../platform/text.ts";

/** Writes the repository's config file, keeping what is in it. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const { system, output } = context;
  refuseInsideHook(system.env);
  const repository = await context.openRepository();
  const wanted = parsed.value("trunk");
  if (wanted !== undefined) checkTrunkName(wanted);
  const config = repoConfigPath(repository.commonDir);
  using _lock = await acquireRepoLock(system, {
    commonDir: repository.commonDir,
    command: "lattice init",
    timeoutMs: await context.lockTimeoutMs(),
  });
  const present = await parseConfigFile(system, config);
  const before = configuredTrunk(present, config);
  const trunk = wanted ?? before ?? foundTrunk(repository);
  if (trunk !== before) {
    const { stringify } = await import("smol-toml");
    // The trunk comes first: behind a table it would belong to that table.
    const { trunk: _replaced, ...others } = present ?? {};
    const text = present === null
      ? stringify({ trunk })
      : keepingText(system.disk.readFile(config)!, trunk, before) ?? stringify({ trunk, ...others });
    writeFileDurably(system, config, utf8(text));
  }
  if (output.json) output.value({ trunk, config, created: present === null });
  else output.line(trunk);
  return EXIT_OK;
}

/** The text with the trunk set and everything else, comments included, as it was; `null` when that is not simple. */
function keepingText(bytes: Uint8Array, trunk: string, before: string | undefined): string | null {
  const text = new TextDecoder().decode(bytes);
  const line = `trunk = ${JSON.stringify(trunk)}`;
  if (before === undefined) return `${line}\n${text}`;
  const start = text.search(/^[ \t]*trunk[ \t]*=[ \t]*"[^"\\\n]*"[ \t]*$/m);
  const firstTable = text.search(/^[ \t]*\[/m);
  if (start === -1 || (firstTable !== -1 && start > firstTable)) return null;
  return text.slice(0, start) + text.slice(start).replace(/^.*$/m, () => line);
}

function configuredTrunk(table: ConfigTable | null, path: string): string | undefined {
  const trunk = table?.["trunk"];
  if (trunk === undefined || typeof trunk === "string") return trunk;
  throw new LatticeError("invalid_data", `config file ${JSON.stringify(path)}: trunk is no text`, {
    hint: `correct the file; trunk = "main" is how a branch is named there`,
    details: { path, key: "trunk" },
  });
}

function foundTrunk(repository: Repository): string {
  const trunk = findTrunk(repository);
  if (trunk !== null) return trunk;
  throw new LatticeError("not_found", "no trunk was found: neither origin/HEAD nor main, master or develop is there", {
    hint: "name it: lattice init --trunk <branch>",
  });
}

function checkTrunkName(name: string): void {
  const reason = checkBranchName(name);
  if (reason === null) return;
  throw new LatticeError("usage", `${JSON.stringify(name)} is no valid branch name: ${reason}`);
}
