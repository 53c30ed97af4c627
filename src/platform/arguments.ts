/**
 * Splits command lines into options and arguments.
 *
 * @module
 */
import { parseArgs } from "node:util"; // imported, since `process.getBuiltinModule` costs 0.7 ms more

/** An option, an argument, or the `--` that ends the options, in the order of the command line. */
export type ArgumentToken =
  | {
    readonly kind: "option";
    /** Long name, or the letter of a short option that is not known. */
    readonly name: string;
    /** As it was typed: `--json`, `-q`. */
    readonly rawName: string;
    readonly value: string | undefined;
    /** Whether the value was part of the same word. */
    readonly inlineValue: boolean | undefined;
    readonly index: number;
  }
  | { readonly kind: "positional"; readonly value: string; readonly index: number }
  | { readonly kind: "option-terminator"; readonly index: number };

/** What the tokenizer needs to know of an option. */
export interface TokenizerOption {
  readonly type: "boolean" | "string";
  readonly short?: string;
}

/** Splits a command line by the rules of `node:util`'s `parseArgs`, which both runtimes have built in. */
export function tokenizeArguments(
  args: readonly string[],
  options: Readonly<Record<string, TokenizerOption>>,
): ArgumentToken[] {
  return parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true }).tokens;
}
