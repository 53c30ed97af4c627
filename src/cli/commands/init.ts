/**
 * `lattice init [--trunk <branch>]`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import {
  type ConfigContent,
  type ConfigTable,
  invalidConfig,
  parseConfig,
  readConfigFile,
  repoConfig,
} from "../config_file.ts";
import { EXIT_OK } from "../exit_codes.ts";
import type { ParsedCommand } from "../parse.ts";
import { writeFileDurably } from "../write_file.ts";
import { refuseInsideHook } from "../../engine/hooks.ts";
import { requireBranchName } from "../../git/refs/names.ts";
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
  if (wanted !== undefined) requireBranchName(wanted);
  const file = repoConfig(repository.commonDir);
  const config = file.path;
  using _lock = await acquireRepoLock(system, {
    commonDir: repository.commonDir,
    command: "lattice init",
    timeoutMs: await context.lockTimeoutMs(),
  });
  const present = await readConfigFile(system, file);
  const before = present?.table["trunk"];
  const trunk = wanted ?? (typeof before === "string" ? before : await foundTrunk(context, repository));
  if (trunk !== before) {
    const text = await withTrunk(present ?? { text: "", table: {} }, trunk);
    if (text === null) throw cannotEdit(config, trunk);
    writeFileDurably(system, config, utf8(text));
  }
  if (output.json) output.value({ trunk, config, created: present === null });
  else output.line(trunk);
  return EXIT_OK;
}

/** Lines that may be the one about the trunk: what stands before the value, the value; a comment may follow. */
const TRUNK_LINES =
  /^([ \t]*(?:trunk|"trunk"|'trunk')[ \t]*=[ \t]*)("(?:[^"\\\n]|\\[^\n])*"|'[^'\n]*')(?=[ \t]*(?:#[^\n]*)?\r?$)/gm;

/** So many such lines are tried; each costs a parse of the file. */
const ATTEMPTS_MAX = 16;

/**
 * The text with the trunk set and everything else, comments included, as it was.
 *
 * Which line is the one (and not a part of a longer text or of a table) is decided by reading the result again.
 *
 * @returns `null`: it cannot be done so that the result says just that.
 */
async function withTrunk({ text, table }: ConfigContent, trunk: string): Promise<string | null> {
  const value = JSON.stringify(trunk);
  if (!Object.hasOwn(table, "trunk")) {
    const edited = `trunk = ${value}\n${text}`; // first: behind a table it would belong to that table
    return await saysJust(edited, table, trunk) ? edited : null;
  }
  let attempts = 0;
  for (const { index, 0: found, 1: before } of text.matchAll(TRUNK_LINES)) {
    if (++attempts > ATTEMPTS_MAX) break;
    const edited = `${text.slice(0, index)}${before}${value}${text.slice(index + found.length)}`;
    if (await saysJust(edited, table, trunk)) return edited;
  }
  return null;
}

/** Whether a text says what the tables say, and the trunk. */
async function saysJust(text: string, table: ConfigTable, trunk: string): Promise<boolean> {
  const parsed = await parseConfig(text);
  if (!("table" in parsed) || parsed.table["trunk"] !== trunk) return false;
  const others = ({ trunk: _trunk, ...rest }: ConfigTable) => JSON.stringify(rest);
  return others(parsed.table) === others(table);
}

function cannotEdit(path: string, trunk: string): LatticeError {
  return invalidConfig(path, `trunk cannot be changed to ${JSON.stringify(trunk)} without changing more`, {
    key: "trunk",
    hint: `write it into the file yourself, on a line of its own before the first table`,
  });
}

/** The trunk as it is without the repository's config, so that writing it there changes nothing. */
async function foundTrunk(context: CommandContext, repository: Repository): Promise<string> {
  const trunk = findTrunk(repository, (await context.settings()).trunk);
  if (trunk !== null) return trunk;
  throw new LatticeError("not_found", "no trunk was found: neither origin/HEAD nor main, master or develop is there", {
    hint: "name it: lattice init --trunk <branch>",
  });
}
