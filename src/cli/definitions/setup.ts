/**
 * Commands about the set-up and about lattice itself.
 *
 * @module
 */
import type { CommandDefinition } from "../definition.ts";

/** `init`, `version`, `completion`, `help`. */
export const SETUP_COMMANDS: readonly CommandDefinition[] = [
  {
    path: ["init"],
    summary: "write the repository's lattice configuration",
    description: [
      "The trunk is what the user's config names; else it is found from origin/HEAD, then main, master, develop.",
      "Safe to repeat: what is configured already is kept. No other command needs it.",
    ],
    arguments: [],
    options: [{
      name: "trunk",
      value: { name: "branch", kind: "branch" },
      summary: "the branch that stacks are based on, instead of finding it",
    }],
    json: `{"trunk","config","created"}`,
    examples: [{ line: "lattice init --trunk main", summary: "say which branch is the trunk" }],
    load: () => import("../commands/init.ts"),
  },
  {
    path: ["version"],
    summary: "print version, runtime, platform and capabilities",
    arguments: [],
    options: [],
    json: `{"version","runtime","runtime_version","platform","capabilities"}`,
    examples: [{ line: "lattice version --json", summary: "for programs" }],
    load: () => import("../commands/version.ts"),
  },
  {
    path: ["completion"],
    summary: "print a completion script for a shell",
    arguments: [{ name: "shell", kind: "text", choices: ["bash", "zsh", "fish"], summary: "which shell" }],
    options: [],
    json: null,
    examples: [
      { line: "source <(lattice completion bash)", summary: "in ~/.bashrc" },
      { line: "lattice completion fish > ~/.config/fish/completions/lattice.fish", summary: "for fish" },
    ],
    load: () => import("../commands/completion.ts"),
  },
  {
    path: ["help"],
    summary: "show help on lattice or on a command",
    arguments: [{ name: "command", kind: "text", optional: true, variadic: true, summary: "the command's words" }],
    options: [],
    json: null,
    examples: [{ line: "lattice help meta set", summary: "the same as lattice meta set --help" }],
    load: () => import("../commands/help.ts"),
  },
];
