/**
 * Splits command lines into options and arguments, by the rules of `parseArgs` of `node:util` without `strict`.
 *
 * The runtimes' own `parseArgs` is not called: to load `node:util` costs a short command a tenth of its time. The tests
 * compare the two.
 *
 * @module
 */

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

type Options = Readonly<Record<string, TokenizerOption>>;

/**
 * Splits a command line.
 *
 * @param options By long name; an object without a prototype, since any word may be looked up in it.
 */
export function tokenizeArguments(args: readonly string[], options: Options): ArgumentToken[] {
  const tokens: ArgumentToken[] = [];
  for (let index = 0; index < args.length; index++) {
    const word = args[index]!;
    if (word.length < 2 || word[0] !== "-") {
      tokens.push({ kind: "positional", value: word, index });
    } else if (word === "--") {
      tokens.push({ kind: "option-terminator", index });
      for (index++; index < args.length; index++) tokens.push({ kind: "positional", value: args[index]!, index });
    } else {
      const token = word[1] === "-" ? longOption(word, index) : shortOptions(word, index, options, tokens);
      const next = args[index + 1];
      const takesNext = token.value === undefined && options[token.name]?.type === "string" && next !== undefined;
      tokens.push(takesNext ? { ...token, value: next, inlineValue: false } : token);
      if (takesNext) index++;
    }
  }
  return tokens;
}

type OptionToken = ArgumentToken & { kind: "option" };

/** `--name` or `--name=value`. */
function longOption(word: string, index: number): OptionToken {
  const equals = word.includes("=", 3) ? word.indexOf("=") : -1;
  if (equals === -1) return option(word.slice(2), word, undefined, index);
  return option(word.slice(2, equals), word.slice(0, equals), word.slice(equals + 1), index);
}

/**
 * `-q`, `-qv`, `-C<value>`, `-qC<value>`: all but the last option are added to the tokens, the last one is returned,
 * since the value of that one may be the next word.
 */
function shortOptions(word: string, index: number, options: Options, tokens: ArgumentToken[]): OptionToken {
  for (let at = 1;; at++) {
    const letter = word[at]!;
    const name = longName(letter, options);
    if (at === word.length - 1) return option(name, `-${letter}`, undefined, index);
    if (options[name]?.type === "string") return option(name, `-${letter}`, word.slice(at + 1), index);
    tokens.push(option(name, `-${letter}`, undefined, index));
  }
}

function longName(letter: string, options: Options): string {
  for (const name in options) {
    if (options[name]!.short === letter) return name;
  }
  return letter;
}

function option(name: string, rawName: string, value: string | undefined, index: number): OptionToken {
  return { kind: "option", name, rawName, value, inlineValue: value === undefined ? undefined : true, index };
}
