/**
 * `lattice doctor`.
 *
 * @module
 */
import { openChange } from "../change.ts";
import { REPOSITORY_LOCK, sayWaiting } from "../lock_observer.ts";
import { userConfig } from "../config_file.ts";
import { type CommandContext, createContext, LOCK_TIMEOUT_MS_DEFAULT } from "../context.ts";
import { escapeMessage } from "../escape.ts";
import { EXIT_OK } from "../exit_codes.ts";
import type { ParsedCommand } from "../parse.ts";
import { examine, type Look } from "../../doctor/examine.ts";
import { type Finding, findingId, isNamed, plural } from "../../doctor/finding.ts";
import { type Refusals, repair } from "../../doctor/repair.ts";
import { acquireRepoLock } from "../../locks/repo_lock.ts";
import { LatticeError } from "../../platform/errors.ts";
import { onSignal } from "../../platform/process.ts";
import { bytesToName } from "../../platform/text.ts";
import { absolutePath } from "../../platform/paths.ts";

/** While findings remain. */
const EXIT_FINDINGS = 1;

/** A fix may bring other damage to light, or take away what another fix had seen; then it is looked at again. */
const PASSES_MAX = 5;

/** Looks for what is wrong, and mends what is named. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const ids = parsed.arguments;
  if (ids.length > 0 && !parsed.flag("fix")) {
    throw new LatticeError("usage", `"lattice doctor" does not take ${JSON.stringify(ids[0])}`, {
      hint: `to mend it: lattice doctor --fix ${ids[0]}`,
    });
  }
  const look = await lookNow(context);
  const chosen = parsed.flag("fix") ? await choose(context, look, ids) : [];
  return report(context, chosen.length === 0 ? asFound(look) : await mend(context, parsed, look, chosen));
}

/** A finding as it is told in the end. */
interface Told {
  readonly finding: Finding;
  readonly fixed: boolean;
  /** Why it was not fixed although it was asked for. */
  readonly refusal: LatticeError | null;
}

async function lookNow(context: CommandContext): Promise<Look> {
  const { gitDir } = context.global;
  const { trunk, finding } = await readConfig(anew(context));
  const look = examine(context.system, {
    ...(gitDir === undefined ? {} : { gitDir: absolutePath(context.system, gitDir) }),
    ...(trunk === undefined ? {} : { trunk }),
  });
  return finding === null ? look : { ...look, findings: [finding, ...look.findings] };
}

/** A context that has opened nothing yet: a repository that was mended meanwhile is another one. */
function anew({ system, streams, global, loadTable, commandLine }: CommandContext): CommandContext {
  return createContext(system, streams, { ...global, directories: [] }, loadTable, commandLine);
}

/** What lattice's own configuration says, and what is wrong with it. */
async function readConfig(context: CommandContext): Promise<{ trunk: string | undefined; finding: Finding | null }> {
  try {
    const { trunk } = await context.settings();
    return { trunk, finding: null };
  } catch (error) {
    if (!(error instanceof LatticeError)) throw error;
    const path = error.details["path"];
    const isAboutConfig = typeof path === "string" && path.endsWith("config.toml");
    if (!isAboutConfig) return { trunk: undefined, finding: null }; // the repository cannot be opened: the look tells
    const owner = path === userConfig(context.system)?.path ? "user" : "repository";
    const finding: Finding = {
      id: findingId("config.invalid", owner),
      severity: "error",
      subject: path,
      evidence: error.hint === undefined ? error.message : `${error.message}; ${error.hint}`,
      fix: null,
    };
    return { trunk: undefined, finding };
  }
}

/** @throws {LatticeError} `not_found`: an id is none of a finding; nothing was mended then. */
async function choose(context: CommandContext, { findings }: Look, ids: readonly string[]): Promise<Finding[]> {
  if (ids.length === 0) return await confirm(context, findings.filter(({ fix }) => fix !== null));
  const chosen = new Set<Finding>();
  for (const id of ids) {
    const finding = findings.find((each) => isNamed(each, id));
    if (finding === undefined) {
      throw new LatticeError("not_found", `there is no finding ${JSON.stringify(id)}; nothing was mended`, {
        hint: "`lattice doctor` shows the findings and their ids",
        details: { id },
      });
    }
    chosen.add(finding);
  }
  return [...chosen];
}

async function confirm({ streams, log }: CommandContext, fixable: readonly Finding[]): Promise<Finding[]> {
  if (fixable.length === 0) return [];
  if (!streams.isTerminal(0)) {
    log.warn("nothing is mended: standard input is no terminal to ask on; name the ids behind --fix");
    return [];
  }
  for (const { id, fix } of fixable) streams.writeError(`${escapeMessage(`${id}: ${fix!.preview}`)}\n`);
  streams.writeError(`Do ${fixable.length === 1 ? "this" : `these ${fixable.length}`}? [y/N] `);
  onSignal(() => {});
  const answer = await streams.readLater();
  return answer !== null && /^\s*y(es)?\s*$/i.test(bytesToName(answer)) ? [...fixable] : [];
}

function asFound({ findings }: Look): Told[] {
  return findings.map((finding) => ({ finding, fixed: false, refusal: null }));
}

/** Mends, and looks again: fixed is what is not found any more. */
async function mend(
  context: CommandContext,
  parsed: ParsedCommand,
  first: Look,
  chosen: readonly Finding[],
): Promise<Told[]> {
  const wanted = new Set(chosen.map(({ id }) => id));
  const seen = new Map(first.findings.map((finding) => [finding.id, finding]));
  let look = first;
  let refusals: Refusals = new Map();
  for (let pass = 1; pass <= PASSES_MAX; pass++) {
    const open = look.findings.filter(({ id }) => wanted.has(id));
    if (open.length === 0) break;
    refusals = await repair(open, doorsOf(context, parsed, look));
    const next = await lookNow(context);
    for (const finding of next.findings) if (!seen.has(finding.id)) seen.set(finding.id, finding);
    const stuck = next.findings.filter(({ id }) => wanted.has(id)).length === open.length;
    look = next;
    if (stuck) break;
  }
  const remaining = new Map(look.findings.map((finding) => [finding.id, finding]));
  return [...seen.values()].map((finding) => ({
    finding: remaining.get(finding.id) ?? finding,
    fixed: !remaining.has(finding.id),
    refusal: remaining.has(finding.id) ? refusals.get(finding.id) ?? null : null,
  }));
}

function doorsOf(context: CommandContext, parsed: ParsedCommand, { commonDir }: Look) {
  const fresh = anew(context);
  return {
    lock: async () => {
      if (commonDir === null) {
        throw new LatticeError("unsupported", "the repository cannot be opened", {
          hint: "first do what the other findings say",
        });
      }
      return await acquireRepoLock(context.system, {
        commonDir,
        command: "doctor",
        timeoutMs: await lockTimeoutMs(fresh),
        onContention: (holder) => sayWaiting(context, REPOSITORY_LOCK, holder),
      });
    },
    open: () => openChange(anew(context), { ...parsed, arguments: [] }, { evenIfPaused: true }),
  };
}

/** What is configured, as far as a broken repository can be asked. */
async function lockTimeoutMs(context: CommandContext): Promise<number> {
  try {
    return await context.lockTimeoutMs();
  } catch (error) {
    if (error instanceof LatticeError && error.code !== "usage") return LOCK_TIMEOUT_MS_DEFAULT;
    throw error;
  }
}

function report({ output, log }: CommandContext, told: readonly Told[]): number {
  for (const { finding, refusal } of told) {
    if (refusal === null) continue;
    const message = `${finding.id} is not mended: ${reason(refusal)}`;
    log.error(new LatticeError(refusal.code, message, { details: refusal.details, cause: refusal }));
  }
  if (output.json) output.value(told.map(documentOf));
  else if (told.length === 0) output.line("nothing is wrong");
  else output.lines(told.flatMap(linesOf).map(escapeMessage));
  const remaining = told.filter(({ fixed }) => !fixed);
  if (remaining.length === 0) return EXIT_OK;
  const fixable = remaining.find(({ finding, refusal }) => finding.fix !== null && refusal === null);
  if (fixable !== undefined) {
    log.info(`hint: ${plural(remaining.length, "finding")}; to mend one: lattice doctor --fix ${fixable.finding.id}`);
  }
  return EXIT_FINDINGS;
}

function documentOf({ finding, fixed, refusal }: Told) {
  const { id, severity, subject, evidence, fix } = finding;
  return {
    id,
    severity,
    subject,
    evidence: refusal === null ? evidence : `${evidence}; not mended: ${reason(refusal)}`,
    fix: fix?.preview ?? null,
    fixed,
  };
}

function linesOf({ finding: { id, severity, evidence, fix }, fixed }: Told): string[] {
  const lines = [`${fixed ? "fixed" : severity}: ${id}`, `  ${evidence}`];
  if (fix !== null) lines.push(`  ${fixed ? "done" : "fix"}: ${fix.preview}`);
  return lines;
}

function reason({ message, hint }: LatticeError): string {
  return hint === undefined ? message : `${message} (${hint})`;
}
