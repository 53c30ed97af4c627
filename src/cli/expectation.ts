/**
 * `--expect <oid>` and `--expect-absent`.
 *
 * @module
 */
import type { ParsedCommand } from "./parse.ts";
import type { Expectation } from "../engine/mod.ts";
import { isOid, type ObjectFormat } from "../git/object_format.ts";
import { LatticeError } from "../platform/errors.ts";

/**
 * What the options say.
 *
 * @returns `undefined`: nothing is expected.
 * @throws {LatticeError} `usage`: the value is no full oid of the repository.
 */
export function expectationOf(parsed: ParsedCommand, format: ObjectFormat): Expectation | undefined {
  if (parsed.flag("expect-absent")) return { kind: "absent" };
  const oid = parsed.value("expect")?.toLowerCase();
  if (oid === undefined) return undefined;
  if (oid === format.zero) {
    throw new LatticeError("usage", `option --expect names no object: ${JSON.stringify(oid)} stands for none`, {
      hint: "--expect-absent of lattice meta set says that there must be no metadata",
    });
  }
  if (isOid(format, oid)) return { kind: "exactly", oid };
  throw new LatticeError("usage", `option --expect is no oid of ${format.hexLength} digits: ${JSON.stringify(oid)}`, {
    hint: "lattice meta get --json shows the oid that a branch's metadata has now",
  });
}
