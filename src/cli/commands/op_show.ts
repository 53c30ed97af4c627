/**
 * `lattice op show <id>`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import { describeOperation, type OperationDocument, type OperationStep } from "../operation_document.ts";
import type { ParsedCommand } from "../parse.ts";
import { hasLatticeFolder } from "../../locks/repo_lock.ts";

/** Prints one operation. */
export async function run({ output, system, openRepository }: CommandContext, parsed: ParsedCommand): Promise<number> {
  const { commonDir } = await openRepository();
  hasLatticeFolder(system, commonDir); // what stands in its place is refused, not taken for an empty one
  const operation = describeOperation(system, commonDir, parsed.arguments[0]!);
  if (output.json) output.value(operation);
  else output.lines(lines(operation));
  return EXIT_OK;
}

function lines(operation: OperationDocument): string[] {
  return [
    `operation: ${operation.op_id}`,
    `command: ${operation.command}`,
    `started: ${operation.started_at}`,
    `finished: ${operation.finished_at ?? "not yet"}`,
    `phase: ${operation.phase}`,
    ...(operation.undoes === null ? [] : [`undoes: ${operation.undoes}`]),
    ...(operation.undone_by === null ? [] : [`undone by: ${operation.undone_by}`]),
    ...operation.steps.map((step) => `  ${describeStep(step)}`),
  ];
}

function describeStep(step: OperationStep): string {
  switch (step.kind) {
    case "ref_update":
      return `${step.ref}: ${step.old ?? "nothing"} -> ${step.new ?? "nothing"}`;
    case "metadata_write":
      return `metadata of ${step.branch}: ${step.old ?? "nothing"} -> ${step.new}`;
    case "metadata_delete":
      return `metadata of ${step.branch}: ${step.old} -> nothing`;
    case "checkpoint":
      return `checkpoint ${step.name}`;
    case "git_process":
      return `git ${step.arguments.join(" ")}`;
    case "paused":
      return `paused: ${step.reason}`;
  }
}
