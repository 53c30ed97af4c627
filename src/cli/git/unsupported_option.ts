/**
 * How a plumbing command says that it does not know one of git's options: by name, never by silence.
 *
 * @module
 */
import { GitExit } from "./context.ts";
import type { OptionSpec } from "./parse_options.ts";

/**
 * The error for an option of git's that lattice does not support.
 *
 * @param option As it was written, with its dashes.
 */
export function unsupportedOption(option: string): GitExit {
  return new GitExit(129, `error: option \`${option}' is not supported`);
}

/**
 * Describes an option of git's that is refused by name when it is given.
 *
 * @param long Long name without dashes.
 * @param value Whether git gives it a value.
 */
export function refusedOption(long: string, value: OptionSpec["value"] = "none"): OptionSpec {
  return {
    long: [long],
    value,
    apply() {
      throw unsupportedOption(`--${long}`);
    },
  };
}
