/**
 * Commands about the stack: which branch is based on which.
 *
 * @module
 */
import type { ArgumentDefinition, CommandDefinition } from "../definition.ts";

const BRANCH: ArgumentDefinition = {
  name: "branch",
  kind: "branch",
  summary: "name of the branch, without refs/heads/",
};

const BRANCH_OR_CURRENT: ArgumentDefinition = {
  name: "branch",
  kind: "branch",
  optional: true,
  summary: "name of the branch; without it, the one that is checked out",
};

const CHANGED = `{"op","updates":[{"ref","old","new"}]}`;

const FACTS = `{"branch","parent","children","base","tip","ahead","behind","frozen","pr","current"}`;

/** `track`, `untrack`, `freeze`, `unfreeze`, `info`, `parent`, `children`, `trunk`, `log`. */
export const STACK_COMMANDS: readonly CommandDefinition[] = [
  {
    path: ["track"],
    summary: "put a branch on a parent",
    description: [
      "The parent is the trunk or a tracked branch, and not one that is based on the branch itself. Without",
      "--base, the branch begins on the newest commit that it shares with its parent. A branch that is tracked",
      "already moves to the parent and keeps its freeze and its pull request. Prints the operation's id.",
    ],
    arguments: [BRANCH],
    options: [
      {
        name: "parent",
        value: { name: "branch", kind: "branch" },
        required: true,
        summary: "the branch that it is based on",
      },
      {
        name: "base",
        value: { name: "rev", kind: "ref" },
        summary: "the commit on which it begins, which it contains",
      },
    ],
    json: CHANGED,
    examples: [
      { line: "lattice track feature-a --parent main", summary: "the first branch of a stack" },
      { line: "lattice track feature-b --parent feature-a", summary: "the next one" },
    ],
    load: () => import("../commands/track.ts"),
  },
  {
    path: ["untrack"],
    summary: "remove a branch from the stack",
    description: [
      "The branch itself stays. Branches that are based on it move to its parent, in the same operation; each is",
      "named on standard error. Prints the operation's id.",
    ],
    arguments: [BRANCH],
    options: [],
    json: CHANGED,
    examples: [{ line: "lattice untrack feature-a", summary: "what was based on it is based on its parent" }],
    load: () => import("../commands/untrack.ts"),
  },
  {
    path: ["freeze"],
    summary: "say that a branch must not be changed",
    description: [
      "downstack_inclusive reaches the branches below it as well, down to the trunk. A branch that is frozen",
      "already keeps its scope and its reason unless another is given. Prints the operation's id.",
    ],
    arguments: [BRANCH],
    options: [
      {
        name: "scope",
        value: { name: "scope", kind: "text", choices: ["single", "downstack_inclusive"] },
        summary: "the branch alone (default), or all below it as well",
      },
      { name: "reason", value: { name: "text", kind: "text" }, summary: "why it is frozen" },
    ],
    json: CHANGED,
    examples: [{ line: "lattice freeze feature-a --reason 'under review'", summary: "this branch alone" }],
    load: () => import("../commands/freeze.ts"),
  },
  {
    path: ["unfreeze"],
    summary: "allow changes of a branch again",
    description: [
      "The freeze of a branch above it that reaches it as well stays, and is named. Prints the operation's id.",
    ],
    arguments: [BRANCH],
    options: [],
    json: CHANGED,
    examples: [{ line: "lattice unfreeze feature-a", summary: "take its freeze away" }],
    load: () => import("../commands/unfreeze.ts"),
  },
  {
    path: ["info"],
    summary: "show what is known of a branch",
    description: ["ahead and behind compare its tip with its base. The branch is tracked, or it is the trunk."],
    arguments: [BRANCH_OR_CURRENT],
    options: [],
    json: FACTS,
    examples: [{ line: "lattice info", summary: "the branch that is checked out" }],
    load: () => import("../commands/info.ts"),
  },
  {
    path: ["parent"],
    summary: "print the branch that a branch is based on",
    description: ["Exit code 1 for the trunk, and for a branch that is not tracked. --json shows the parent."],
    arguments: [BRANCH_OR_CURRENT],
    options: [],
    json: FACTS,
    examples: [{ line: 'git rebase "$(lattice parent)"', summary: "rebase onto the parent" }],
    load: () => import("../commands/parent.ts"),
  },
  {
    path: ["children"],
    summary: "list the branches that are based on a branch",
    arguments: [BRANCH_OR_CURRENT],
    options: [],
    json: `[${FACTS}]`,
    examples: [{ line: "lattice children main", summary: "the first branches of all stacks" }],
    load: () => import("../commands/children.ts"),
  },
  {
    path: ["trunk"],
    summary: "print the name of the trunk",
    description: ["What lattice init wrote down, else what origin/HEAD names, else main, master or develop."],
    arguments: [],
    options: [],
    json: FACTS,
    examples: [{ line: "lattice trunk", summary: "such as main" }],
    load: () => import("../commands/trunk.ts"),
  },
  {
    path: ["log"],
    summary: "show the stack as a tree",
    description: [
      "An only child stands directly below its parent; several children are indented. * is the branch that is",
      'checked out. ahead and behind compare a branch with its base; "parent moved" says that its parent holds',
      "another commit than that by now. A document that does not parse is named on standard error, the others are",
      "shown, and the exit code is 6.",
    ],
    arguments: [],
    options: [
      {
        name: "format",
        value: { name: "format", kind: "text", choices: ["tree", "mermaid", "dot"] },
        summary: "a tree for people (default), or a graph for Mermaid or Graphviz",
      },
    ],
    json: `[${FACTS}]`,
    examples: [
      { line: "lattice log", summary: "all branches, with what is known of them" },
      { line: "lattice log --format dot | dot -Tsvg > stack.svg", summary: "a picture" },
    ],
    load: () => import("../commands/log.ts"),
  },
];
