/**
 * `lattice secret exec --env <VAR>=<key>… -- <command>`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import type { ParsedCommand } from "../parse.ts";
import { runToEnd } from "../program.ts";
import { openSecretStore, requireSecret } from "../secret_store.ts";
import { giveCoreLimitBack } from "../../platform/core_dumps.ts";
import { definedVariables } from "../../platform/environment.ts";
import { LatticeError } from "../../platform/errors.ts";
import { isWellFormed, utf8 } from "../../platform/text.ts";

/** Runs a program with secrets in its environment. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const { system } = context;
  const wanted = variables(parsed.values("env"));
  const store = await openSecretStore(context, parsed, "read");
  const env = definedVariables(system.env);
  for (const [variable, key] of wanted) env[variable] = fitting(variable, key, await requireSecret(store, key));
  refuseOddVariables(env);
  giveCoreLimitBack();
  return await runToEnd(context, parsed.program, env);
}

/** Variables and the keys of their secrets. */
function variables(given: readonly string[]): Map<string, string> {
  const wanted = new Map<string, string>();
  for (const text of given) {
    const equals = text.indexOf("=");
    const variable = text.slice(0, Math.max(equals, 0));
    if (variable === "" || !isWellFormed(text)) {
      throw new LatticeError("usage", `option --env cannot be ${JSON.stringify(text)}`, {
        hint: "write the variable, =, and the key of the secret: --env FORGE_TOKEN=forge.token",
      });
    }
    if (wanted.has(variable)) {
      throw new LatticeError("usage", `variable ${variable} is given more than once`, {
        hint: "leave one of them out",
      });
    }
    wanted.set(variable, text.slice(equals + 1));
  }
  return wanted;
}

/** Linux starts no program with a longer variable, in bytes, its name and a final NUL counted. */
const VARIABLE_BYTES_MAX = 128 * 1024;

function fitting(variable: string, key: string, value: string): string {
  const reason = value.includes("\0")
    ? "it holds a NUL"
    : utf8(value).length + utf8(variable).length + 2 > VARIABLE_BYTES_MAX
    ? `it is longer than ${VARIABLE_BYTES_MAX} bytes`
    : null;
  if (reason === null) return value;
  throw new LatticeError("invalid_data", `secret ${JSON.stringify(key)} fits into no variable: ${reason}`, {
    hint: "have the program read it: lattice secret get <key> --raw | <command>",
    details: { key, variable },
  });
}

/**
 * Where a variable is not UTF-8, the runtime cannot hand the environment on but by the arguments of env(1), in which
 * everybody would see the secret.
 */
function refuseOddVariables(env: Readonly<Record<string, string>>): void {
  const odd = Object.keys(env).find((variable) => !isWellFormed(variable) || !isWellFormed(env[variable]!));
  if (odd === undefined) return;
  throw new LatticeError(
    "unsupported",
    `variable ${JSON.stringify(odd)} is not UTF-8, so no secret can stand beside it`,
    {
      hint: `run it without: env -u ${odd} lattice secret exec …`,
      details: { variable: odd },
    },
  );
}
