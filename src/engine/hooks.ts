/**
 * The repository's `reference-transaction` hook, run as git runs it (githooks, "reference-transaction").
 *
 * @module
 */
import { definedVariables } from "../platform/environment.ts";
import { LatticeError } from "../platform/errors.ts";
import { concatBytes, nameToBytes, utf8 } from "../platform/text.ts";
import type { EngineContext } from "./context.ts";
import type { PlannedUpdate } from "./plan.ts";
import { valueText } from "./update.ts";
import { findHook } from "../git/hooks_folder.ts";
import type { RefValue } from "../git/refs/store.ts";

/** In the environment of every hook that lattice runs: the operation that it runs in. */
export const HOOK_VARIABLE = "LATTICE_IN_HOOK";

/** The states that the hook is told. A non-zero exit status vetoes in `preparing` and `prepared`. */
export type HookState = "preparing" | "prepared" | "committed" | "aborted";

/** The hook of a repository, for one transaction. */
export class ReferenceTransactionHook {
  private readonly path: string | null;
  private readonly input: Uint8Array;

  constructor(
    private readonly context: EngineContext,
    private readonly opId: string,
    updates: readonly PlannedUpdate[],
  ) {
    this.path = findHook(context.repository, "reference-transaction");
    this.input = this.path === null ? new Uint8Array() : concatBytes(updates.flatMap((update) => [
      utf8(`${this.text(update.request.expect.kind === "any" ? null : update.old)} ${this.text(update.new)} `),
      nameToBytes(update.ref),
      utf8("\n"),
    ]));
  }

  /**
   * Tells the hook a state.
   *
   * @throws {LatticeError} `op_in_progress`, when it vetoes.
   */
  run(state: HookState): void {
    if (this.path === null) return;
    const { system, repository } = this.context;
    const { exitCode } = system.run([this.path, state], {
      cwd: repository.workDir ?? repository.gitDir,
      env: { ...definedVariables(system.env), GIT_DIR: repository.gitDir, [HOOK_VARIABLE]: this.opId },
      stdin: this.input,
      stdout: "to-stderr",
    });
    if (exitCode !== 0 && (state === "preparing" || state === "prepared")) {
      throw new LatticeError("op_in_progress", `the reference-transaction hook refused the update (state ${state})`, {
        hint: `see what ${JSON.stringify(this.path)} objects to; it ended with ${exitCode}`,
        details: { hook: this.path, state, exit_code: exitCode },
      });
    }
  }

  private text(value: RefValue | null): string {
    if (value === null) return this.context.repository.objectFormat.zero;
    return valueText(value).replace(/^ref: /, "ref:");
  }
}

/**
 * Refuses to change refs from inside a hook that lattice itself runs: the caller holds the lock and waits for us.
 *
 * @throws {LatticeError} `op_in_progress`.
 */
export function refuseInsideHook(env: Readonly<Record<string, string | undefined>>): void {
  const opId = env[HOOK_VARIABLE];
  if (opId === undefined) return;
  throw new LatticeError("op_in_progress", `this runs inside a hook of operation ${opId}, which is changing refs`, {
    hint: "change refs after that operation, not from its reference-transaction hook",
    details: { op: opId },
  });
}
