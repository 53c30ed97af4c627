/**
 * Commands about git's hooks.
 *
 * @module
 */
import type { CommandDefinition } from "../definition.ts";

/** `hook …`. */
export const HOOK_COMMANDS: readonly CommandDefinition[] = [
  {
    path: ["hook", "install"],
    summary: "install git hooks that run lattice",
    description: [
      "A hook that is already there keeps running, after ours, with the same arguments and input; it is kept",
      "beside ours as <name>.before-lattice. Where core.hooksPath says so, hooks are installed there.",
    ],
    arguments: [{
      name: "name",
      kind: "text",
      optional: true,
      variadic: true,
      choices: ["pre-push", "reference-transaction"],
      summary: "which; without any: pre-push",
    }],
    options: [{ name: "force", summary: "replace a hook of lattice's that somebody changed" }],
    json: "{}",
    examples: [{ line: "lattice hook install", summary: "pushes are checked from now on" }],
    load: () => import("../commands/hook_install.ts"),
  },
  {
    path: ["hook", "uninstall"],
    summary: "remove the hooks of lattice's and put back what was there before",
    description: ["Refused where somebody changed one of them since; nothing is changed then."],
    arguments: [],
    options: [],
    json: "{}",
    examples: [{ line: "lattice hook uninstall", summary: "as it was before lattice hook install" }],
    load: () => import("../commands/hook_uninstall.ts"),
  },
  {
    path: ["hook", "status"],
    summary: "say which hooks are installed, and where",
    description: [
      "States: installed; none; other (somebody else's); changed (lattice's, edited by somebody); kept_changed (the",
      "one that was there before was changed or is gone); replaced, removed (somebody did so since; the one that",
      "was there before is still kept).",
    ],
    arguments: [],
    options: [],
    json: `[{"name","state","path","before"}]`,
    examples: [{ line: "lattice hook status", summary: "one line a hook" }],
    load: () => import("../commands/hook_status.ts"),
  },
  {
    path: ["hook", "pre-push"],
    summary: "refuse a push that breaks the stack; git's pre-push hook",
    description: [
      "Reads git's lines on standard input. Exit code 5 when an operation is unfinished, 6 when the metadata of a",
      "pushed branch does not parse, 1 when a parent is not at the remote, a branch does not contain its base, or a",
      "frozen branch would move; each is told, and the first of these in this order decides. Branches without",
      "metadata, deletions and tags pass.",
    ],
    arguments: [
      { name: "remote", kind: "text", summary: "name of the remote, as git gives it" },
      { name: "url", kind: "text", summary: "where it is" },
    ],
    options: [],
    json: null,
    examples: [{ line: "lattice hook pre-push origin ../hub.git </dev/null", summary: "what git's hook runs" }],
    load: () => import("../commands/hook_pre_push.ts"),
  },
  {
    path: ["hook", "reference-transaction"],
    summary: "journal what plain git does to refs; git's reference-transaction hook",
    description: [
      "Reads git's lines on standard input. With it installed, lattice undo covers what plain git did, too. It never",
      "stops git: what cannot be journaled is told. Each git command that changes a ref waits for two starts of lattice.",
    ],
    arguments: [{ name: "state", kind: "text", summary: "prepared, committed, aborted; in any other nothing is done" }],
    options: [],
    json: null,
    examples: [{ line: "lattice hook reference-transaction aborted </dev/null", summary: "what git's hook runs" }],
    load: () => import("../commands/hook_reference_transaction.ts"),
  },
];
