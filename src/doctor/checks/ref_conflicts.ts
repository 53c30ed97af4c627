/**
 * Refs that cannot stand beside each other: `a` and `a/b`. Git refuses to make such a pair, but two programs at the
 * same moment, one packed and one loose, may; and then git can change neither.
 *
 * @module
 */
import { FOLDERS_OF_OWN_REFS } from "../../engine/paths.ts";
import type { Oid } from "../../git/object_format.ts";
import { LatticeError } from "../../platform/errors.ts";
import type { Check, Examination } from "../examination.ts";
import { type Finding, findingId, type Fix, quote } from "../finding.ts";
import { moveReflogAside } from "../ref_repair.ts";
import { planRewrite, rewritePacked } from "../packed_rewrite.ts";

/** Where the packed one of a pair is kept. */
const RESCUE_PREFIX = "refs/rescued/";

/** Compares every name with those above it. */
export const REF_CONFLICTS: Check = {
  name: "ref-conflicts",
  kinds: {
    "ref.conflict": "a ref is both a name and a folder of names",
    "ref.reserved":
      "a ref has the name of the folder in which lattice keeps refs, so that lattice can store none there",
  },
  *examine(examination) {
    const { byName } = examination.packed();
    const { refs, broken } = examination.loose();
    const names = new Set([...refs.keys(), ...broken.map(({ name }) => name), ...byName.keys()]);
    for (const name of FOLDERS_OF_OWN_REFS) if (names.has(name)) yield reserved(examination, name);
    for (const name of names) {
      for (let slash = name.indexOf("/", 5); slash !== -1; slash = name.indexOf("/", slash + 1)) {
        const above = name.slice(0, slash);
        if (names.has(above)) yield conflict(examination, above, name);
      }
    }
  },
};

/** Somebody wanted that ref, so a person takes it away. */
function reserved(examination: Examination, name: string): Finding {
  const value = examination.loose().refs.get(name);
  const target = value?.kind === "symbolic"
    ? value.target
    : value?.oid ?? examination.packed().byName.get(name)?.[0]?.oid;
  const command = `git update-ref --no-deref -d ${name}`;
  return {
    id: findingId("ref.reserved", name),
    severity: "error",
    subject: name,
    evidence:
      `${quote(name)}${target === undefined ? "" : ` (${quote(target)})`} is in the way of lattice's own refs; ` +
      `\`${command}\` removes it`,
    fix: null,
  };
}

function conflict(examination: Examination, above: string, below: string): Finding {
  const { byName } = examination.packed();
  const isLoose = (name: string) => !byName.has(name) || examination.loose().refs.has(name);
  const moved = isLoose(below) ? above : below; // of two packed ones the deeper
  const other = moved === above ? below : above;
  const where = (name: string) => isLoose(name) ? "loose" : "packed";
  const oid = byName.get(moved)?.[0]?.oid;
  return {
    id: findingId("ref.conflict", moved),
    severity: "error",
    subject: moved,
    evidence: `${quote(moved)} (${where(moved)}) cannot stand beside ${quote(other)} (${where(other)})`,
    fix: oid === undefined || isLoose(moved) ? null : rescue(examination, moved, oid),
  };
}

/** First the second name, then the record goes: in between nothing is lost. */
function rescue(examination: Examination, name: string, oid: Oid): Fix {
  const target = `${RESCUE_PREFIX}${name.slice("refs/".length).replaceAll("/", "-")}`;
  return {
    preview: `take ${quote(name)} out of packed-refs, and keep its value ${oid} as ${quote(target)}`,
    repair: {
      kind: "refs",
      run: (writer) => {
        refuseDamaged(examination);
        const there = writer.repository.refs.read(target)?.value;
        if (there?.kind !== "direct" || there.oid !== oid) {
          writer.transact({
            updates: [{ name: target, expect: { kind: "absent" }, change: { kind: "set", oid }, follow: false }],
            objects: [],
            message: `lattice: doctor keeps ${name}`,
            purpose: "plumbing",
          });
        }
        rewritePacked(examination, writer, planRewrite(examination, new Set([name])));
        moveReflogAside(examination, name);
      },
    },
  };
}

/** To take one record out is not to mend the others: that has an id of its own. */
function refuseDamaged(examination: Examination): void {
  if (examination.packed().flawCount === 0) return;
  throw new LatticeError("invalid_data", "packed-refs is damaged otherwise as well", {
    hint: "fix packed-refs.damaged first",
  });
}
