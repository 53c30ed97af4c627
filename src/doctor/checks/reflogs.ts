/**
 * Reflogs with lines that are no entries. Git passes over them without a word; here they end a look at a ref's past.
 *
 * @module
 */
import type { Check, Examination } from "../examination.ts";
import { findingId, plural } from "../finding.ts";
import { LatticeError } from "../../platform/errors.ts";

/** A larger reflog is not looked into, in bytes (256 MiB). */
const LOG_BYTES_MAX = 256 * 1024 * 1024;

/** Reads every reflog. */
export const REFLOGS: Check = {
  name: "reflogs",
  kinds: { "reflog.damaged": "a reflog has lines that are no entries" },
  *examine(examination) {
    const { repository } = examination;
    for (const name of repository.refs.reflogNames()) {
      if (isTooLarge(examination, name)) continue;
      const errors: string[] = [];
      let count = 0;
      const note = (error: unknown) => {
        if (!(error instanceof LatticeError)) throw error;
        if (++count === 1) errors.push(error.message);
      };
      try {
        repository.refs.readReflog(name, note);
      } catch (error) {
        note(error);
      }
      if (count === 0) continue;
      const more = count > 1 ? `; ${plural(count - 1, "more line")} like it` : "";
      yield {
        id: findingId("reflog.damaged", name),
        severity: "warning",
        subject: name,
        evidence: `${errors[0]}${more}; nothing but the history of the ref depends on it`,
        fix: null,
      };
    }
  },
};

function isTooLarge({ repository, system }: Examination, name: string): boolean {
  const root = name.startsWith("refs/") ? repository.commonDir : repository.gitDir;
  return (system.disk.stat(`${root}/logs/${name}`)?.size ?? 0) > LOG_BYTES_MAX;
}
