/**
 * `lattice hook pre-push <remote> <url>`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { EXIT_CODES, EXIT_OK } from "../exit_codes.ts";
import { readInput } from "../input.ts";
import type { ParsedCommand } from "../parse.ts";
import { readOpState } from "../../engine/op_state.ts";
import type { Repository } from "../../git/repository.ts";
import { LatticeError } from "../../platform/errors.ts";
import type { System } from "../../platform/system.ts";
import { parsePushedRefs } from "../../stack/push.ts";
import { judgePush } from "../../stack/push_rules.ts";

/** What decides the exit code, the first one first. */
const GRAVITY: readonly LatticeError["code"][] = ["op_in_progress", "invalid_data", "not_found"];

/** Says what keeps a push from being sound, each thing in a message of its own. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const repository = await context.openRepository();
  const refs = parsePushedRefs(readInput(context, undefined), repository.objectFormat);
  const found = await unfinishedOperation(context.system, repository);
  const surroundings = {
    repository,
    trunk: () => trunkOf(context, repository),
    onUndecided: context.log.warn,
  };
  const errors = [...found, ...await judgePush(surroundings, { remote: parsed.arguments[0]!, refs })];
  for (const error of errors) context.log.error(error);
  const [first] = errors.map(({ code }) => code).sort((one, two) => gravity(one) - gravity(two));
  return first === undefined ? EXIT_OK : EXIT_CODES[first];
}

function gravity(code: LatticeError["code"]): number {
  const place = GRAVITY.indexOf(code);
  return place < 0 ? GRAVITY.length : place;
}

async function trunkOf(context: CommandContext, repository: Repository): Promise<string | null> {
  const { findTrunk } = await import("../../metadata/trunk.ts");
  return findTrunk(repository, (await context.settings()).trunk);
}

/** The operation that the push would come in the middle of; one that it is a part of does not count. */
async function unfinishedOperation(system: System, { commonDir }: Repository): Promise<LatticeError[]> {
  const state = readOpState(system, commonDir);
  if (state === null) return [];
  if (state === "unreadable") {
    return [
      new LatticeError("op_in_progress", "an operation is unfinished, and a crash has damaged its marker", {
        hint: "type `lattice recover`, then push again",
      }),
    ];
  }
  const { JOIN_VARIABLE } = await import("../../engine/claim.ts");
  if (system.env[JOIN_VARIABLE]?.split(":")[0] === state.op_id) return [];
  if (state.phase === "paused") {
    const { pausedError } = await import("../../engine/paused.ts");
    return [pausedError(system, commonDir, state)];
  }
  const { inspectRepoLock } = await import("../../locks/repo_lock.ts");
  const runs = inspectRepoLock(system, commonDir) !== undefined;
  return [
    new LatticeError(
      "op_in_progress",
      `operation ${state.op_id} (${state.command}) ${runs ? "is still running" : "is unfinished"}`,
      {
        hint: runs
          ? "push again when it has ended; `lattice lock status` says who runs it"
          : "type `lattice recover`, then push again",
        details: { op: state.op_id, command: state.command, since: state.updated_at, running: runs },
      },
    ),
  ];
}
