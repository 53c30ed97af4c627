/**
 * How long the lines of a reflog are kept: by the command line, by `gc.reflogExpire` and its like, or 90 and 30 days.
 *
 * @module
 */
import type { Repository } from "../../git/repository.ts";
import { compileWildmatch, type Matcher } from "../../git/wildmatch.ts";
import type { Clock } from "../../platform/system.ts";
import { GitExit } from "./context.ts";
import { parseExpiryDate } from "./expiry_date.ts";

/** What the command line says; times are in seconds since 1970. */
export interface GivenExpiry {
  total?: number;
  unreachable?: number;
}

/** Both times for one reflog. */
export interface ExpiryTimes {
  readonly total: number;
  readonly unreachable: number;
}

interface Rule extends Required<GivenExpiry> {
  readonly pattern: string;
  readonly matches: Matcher;
}

const DAY_SECONDS = 86_400;

/**
 * Reads a time.
 *
 * @param where Which option or variable says it.
 * @throws {GitExit} 129: it is not understood.
 */
export function readExpiryDate(text: string, where: string, clock: Clock): number {
  const seconds = parseExpiryDate(text, clock);
  if (seconds !== null) return seconds;
  throw new GitExit(129, `error: the time '${text}' given to '${where}' is not supported`);
}

/**
 * Makes the rules of a repository.
 *
 * @throws {GitExit} 129: the configuration has a time that is not understood.
 */
export function createExpiryRules(repository: Repository, given: GivenExpiry): (ref: string) => ExpiryTimes {
  const { clock } = repository.system;
  const now = Math.floor(clock.nowMs() / 1000);
  const usual: Required<GivenExpiry> = { total: now - 90 * DAY_SECONDS, unreachable: now - 30 * DAY_SECONDS };
  const rules: Rule[] = [];
  for (const { key, value } of repository.config.entries) {
    const match = /^gc\.(?:(.*)\.)?(reflogexpire|reflogexpireunreachable)$/s.exec(key);
    if (match === null) continue;
    const seconds = readExpiryDate(value ?? "", key, clock);
    const rule = match[1] === undefined ? usual : ruleOf(rules, match[1]);
    if (match[2] === "reflogexpire") rule.total = seconds;
    else rule.unreachable = seconds;
  }
  return (ref) => {
    const rule = rules.find(({ matches }) => matches(ref)) ?? (ref === "refs/stash" ? STASH : usual);
    return { total: given.total ?? rule.total, unreachable: given.unreachable ?? rule.unreachable };
  };
}

/** Nothing of the stash goes by itself. */
const STASH: Required<GivenExpiry> = { total: 0, unreachable: 0 };

/** A pattern for which only one of the two times is configured keeps what the other one is about. */
function ruleOf(rules: Rule[], pattern: string): Rule {
  const known = rules.find((rule) => rule.pattern === pattern);
  if (known !== undefined) return known;
  const matches = compileWildmatch(pattern, { pathname: false, ignoreCase: false });
  const rule = { pattern, matches, ...STASH };
  rules.push(rule);
  return rule;
}
