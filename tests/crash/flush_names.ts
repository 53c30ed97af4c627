/**
 * Names of flushes that do not depend on ids and hashes, for lists of them.
 *
 * @module
 */
import { type CallRecord, FLUSHES } from "../simulation/calls.ts";

/** The flushes among some calls, by what they flush, in order. */
export function flushNames(trace: readonly CallRecord[]): string[] {
  return trace.filter(({ operation }) => FLUSHES.has(operation)).map(({ path }) => flushName(path));
}

/** What a flush of a path is called: `./lattice/ops/<op>.jsonl`. */
export function flushName(path: string): string {
  return path.replace("/r/.git", ".").replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, "<op>")
    .replace(/\/objects\/[0-9a-f]{2}(?=\/|$)/, "/objects/<fan-out>")
    .replace(/<fan-out>\/(?:[0-9a-f]{38}|tmp_obj_\w+)$/, "<fan-out>/<object>")
    .replace(/tmp_(pack|idx)_\w+/, "$1");
}
