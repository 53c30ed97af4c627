/**
 * `lattice hook status`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import { withoutChildHooks } from "../../engine/child_hooks.ts";
import { type HookSituation, inspectHook } from "../../hooks/installation.ts";
import { HOOK_NAMES, NOTHING_KEPT } from "../../hooks/script.ts";

/** Says which hooks are installed, and where. */
export async function run({ output, openRepository }: CommandContext): Promise<number> {
  const repository = withoutChildHooks(await openRepository());
  const rows = HOOK_NAMES.map((name) => inspectHook(repository, name)).map((seen) => ({
    name: seen.name,
    state: stateOf(seen),
    path: seen.path,
    before: seen.kept === NOTHING_KEPT ? null : seen.keptPath,
  }));
  if (output.json) output.value(rows);
  else {
    output.lines(
      rows.map(({ name, state, path, before }) =>
        `${name}  ${state}  ${path}${before === null ? "" : `  (before: ${before})`}`
      ),
    );
  }
  return EXIT_OK;
}

function stateOf({ state, noted, kept, half }: HookSituation): string {
  switch (state) {
    case "ours":
      return noted === NOTHING_KEPT || noted === kept ? "installed" : "kept_changed";
    case "changed":
      return "changed";
    case "foreign":
      return half || kept === NOTHING_KEPT ? "other" : "replaced";
    case "none":
      return kept === NOTHING_KEPT ? "none" : "removed";
  }
}
