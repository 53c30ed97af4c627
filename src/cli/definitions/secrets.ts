/**
 * Commands about secrets.
 *
 * @module
 */
import type { ArgumentDefinition, CommandDefinition, OptionDefinition } from "../definition.ts";
import { SECRET_PROVIDERS } from "../../secrets/secret_store.ts";

const PROVIDER: OptionDefinition = {
  name: "provider",
  value: { name: "provider", kind: "text", choices: SECRET_PROVIDERS },
  summary: "where secrets are kept; else secrets.provider in the config, else file",
};

const KEY: ArgumentDefinition = { name: "key", kind: "text", summary: "by which the secret is found: any text" };

/** `secret …`. None of them needs a repository. */
export const SECRET_COMMANDS: readonly CommandDefinition[] = [
  {
    path: ["secret", "set"],
    summary: "store a secret, in place of one that is there",
    description: [
      "The value is standard input less one final newline, or is typed without being shown when standard",
      "input is a terminal; never an argument. It is UTF-8 of at most 1 MiB. Kept in ~/.lattice/secrets.toml",
      "(LATTICE_HOME names another folder), which nobody else can read, or in the system's keychain.",
    ],
    arguments: [KEY],
    options: [PROVIDER, { name: "raw", summary: "take all of standard input, a final newline too" }],
    hidesWords: true,
    json: "{}",
    examples: [
      { line: "lattice secret set forge.token", summary: "ask for it" },
      { line: "lattice secret set deploy.key < key.pem", summary: "from a file" },
    ],
    load: () => import("../commands/secret_set.ts"),
  },
  {
    path: ["secret", "get"],
    summary: "print a secret and a newline",
    description: ["Exit code 1 when there is no such secret."],
    arguments: [KEY],
    options: [PROVIDER, { name: "raw", summary: "print no newline behind it" }],
    json: `{"key","value"}`,
    examples: [{
      line: "lattice secret get deploy.key --raw > key.pem",
      summary: "exactly the bytes that were stored",
    }],
    load: () => import("../commands/secret_get.ts"),
  },
  {
    path: ["secret", "delete"],
    summary: "remove a secret; one that is not there is fine",
    arguments: [KEY],
    options: [PROVIDER],
    json: "{}",
    examples: [{ line: "lattice secret delete forge.token", summary: "forget it" }],
    load: () => import("../commands/secret_delete.ts"),
  },
  {
    path: ["secret", "list"],
    summary: "print the keys of all secrets, never a value",
    arguments: [],
    options: [PROVIDER],
    json: `[{"key"}]`,
    examples: [{ line: "lattice secret list", summary: "which there are" }],
    load: () => import("../commands/secret_list.ts"),
  },
  {
    path: ["secret", "exec"],
    summary: "run a program with secrets in its environment, and in no other",
    description: [
      "A secret that is not there ends it with exit code 1, and the program is not run. Ends with the",
      "program's exit code: 127 when it is not found, 126 when it cannot be executed, 128 + n when signal n",
      "ended it.",
    ],
    arguments: [],
    options: [
      {
        name: "env",
        value: { name: "VAR=key", kind: "text" },
        repeatable: true,
        required: true,
        summary: "give the program a secret in a variable; may repeat",
      },
      PROVIDER,
    ],
    program: true,
    json: null,
    examples: [{
      line: "lattice secret exec --env FORGE_TOKEN=forge.token -- ./release.sh",
      summary: "the script finds the token in FORGE_TOKEN",
    }],
    load: () => import("../commands/secret_exec.ts"),
  },
];
