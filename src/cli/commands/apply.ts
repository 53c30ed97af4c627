/**
 * `lattice apply`.
 *
 * @module
 */
import { openChange } from "../change.ts";
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import { readInput } from "../input.ts";
import type { ParsedCommand } from "../parse.ts";
import { createProgress } from "../progress.ts";
import type { Expectation, RefOutcome, RefUpdate, TransactionRequest, TransactionResult } from "../../engine/mod.ts";
import { conflictError } from "../../engine/ref_files.ts";
import { isMet } from "../../engine/update.ts";
import type { Oid } from "../../git/object_format.ts";
import type { NewObject } from "../../git/objects/store.ts";
import type { Repository } from "../../git/repository.ts";
import { type ApplyLine, parseApplyLines } from "../../metadata/apply_lines.ts";
import { CasFailedError } from "../../metadata/errors.ts";
import { refuseForeignDocuments, transactGuarded } from "../../metadata/guarded_transaction.ts";
import { planBytes, planRemoval } from "../../metadata/plan.ts";
import { LatticeError } from "../../platform/errors.ts";
import { compareNames } from "../../platform/text.ts";

/** Applies JSON lines as one operation. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const repository = await context.openRepository();
  const lines = parseApplyLines(readInput(context, parsed.value("file")), repository.objectFormat);
  const request = requestOf(lines, repository);
  if (lines.length === 0) return report(context, { op: null, updates: [] });
  if (parsed.flag("dry-run")) return report(context, rehearse(repository, lines, request));
  return report(context, await change(context, parsed, request));
}

/** Its end takes the line of the progress away, so that the answer gets a line of its own on the same terminal. */
async function change(
  context: CommandContext,
  parsed: ParsedCommand,
  request: TransactionRequest,
): Promise<TransactionResult> {
  using progress = createProgress(context);
  using writer = await openChange(context, parsed, { progress: progress.show });
  return await transactGuarded(writer, request);
}

function report({ output }: CommandContext, { op, updates }: TransactionResult): number {
  if (output.json) output.value({ op, updates });
  else if (op !== null) output.line(op);
  return EXIT_OK;
}

function requestOf(lines: readonly ApplyLine[], { objectFormat: format }: Repository): TransactionRequest {
  const updates: RefUpdate[] = [];
  const objects: NewObject[] = [];
  for (const line of lines) {
    if (line.kind === "ref") {
      const change = line.new === null ? { kind: "delete" } as const : { kind: "set", oid: line.new } as const;
      updates.push({ name: line.ref, expect: line.expect, change, follow: true }); // as `git update-ref`
    } else if (line.document === null) {
      updates.push(planRemoval(line.branch, line.expect));
    } else {
      const plan = planBytes(line.document, line.expect, { branch: line.branch, format });
      updates.push(plan.update);
      objects.push(plan.object);
    }
  }
  return { updates, objects, message: "lattice: apply", purpose: "operation" };
}

/** What would happen, without a lock and without writing anything. */
function rehearse(
  repository: Repository,
  lines: readonly ApplyLine[],
  { updates }: TransactionRequest,
): TransactionResult {
  const outcomes: RefOutcome[] = [];
  for (const { name, expect, change } of updates) {
    const old = valueOf(repository, name);
    if (!isMet(expect, old)) throw new CasFailedError(name, expectedOid(expect), old);
    const value = change.kind === "set" ? change.oid : null;
    if (value !== old) outcomes.push({ ref: name, old, new: value });
  }
  for (const line of lines) {
    if (line.kind === "ref" && line.new !== null && !repository.objects.has(line.new)) {
      throw new LatticeError("invalid_data", `line ${line.line}: object ${line.new} is not there`, {
        hint: "store the object before a ref is to name it",
        details: { line: line.line, ref: line.ref, oid: line.new },
      });
    }
  }
  refuseBlocked(repository, outcomes);
  refuseForeignDocuments(repository, updates);
  return { op: null, updates: outcomes.sort((a, b) => compareNames(a.ref, b.ref)) };
}

/** Refuses new refs that could not stand beside another one: `a` and `a/b`. */
function refuseBlocked(repository: Repository, outcomes: readonly RefOutcome[]): void {
  const created = outcomes.filter(({ ref, old }) => old === null && repository.refs.read(ref) === null);
  const names = new Set(created.map(({ ref }) => ref));
  for (const { ref } of created) {
    for (let slash = ref.indexOf("/"); slash !== -1; slash = ref.indexOf("/", slash + 1)) {
      if (names.has(ref.slice(0, slash))) throw conflictError(ref, ref.slice(0, slash));
    }
    const other = repository.refs.findConflict(ref);
    if (other !== null) throw conflictError(ref, other);
  }
}

function expectedOid(expect: Expectation): Oid | null {
  return expect.kind === "exactly" ? expect.oid : null;
}

function valueOf(repository: Repository, name: string): Oid | null {
  const value = repository.refs.read(name)?.value;
  if (value === undefined) return null;
  return value.kind === "direct" ? value.oid : repository.refs.resolve(name).oid;
}
