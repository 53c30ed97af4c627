/**
 * The next content of a damaged `packed-refs`: its sound records in order, and what can be told of the others.
 *
 * @module
 */
import { mendPackedRefs } from "../engine/mend.ts";
import type { Oid } from "../git/object_format.ts";
import { peelTag } from "../git/objects/peel.ts";
import type { ObjectStore } from "../git/objects/store.ts";
import { PACKED_HEADER } from "../git/refs/files/packed.ts";
import { isDamage } from "../platform/errors.ts";
import { compareNames, nameToBytes } from "../platform/text.ts";
import type { Writer } from "../engine/mod.ts";
import type { Examination } from "./examination.ts";
import type { ScannedRecord } from "./packed_scan.ts";
import { isStill, keepCopyAside } from "./seen_file.ts";

/** How much text is gathered before it is written, in UTF-16 units. */
const GATHERED_MAX = 256 * 1024;

/** What would stand in the new file. */
export interface PackedRewrite {
  /** Sorted by the bytes of the names. */
  readonly records: readonly ScannedRecord[];
  /** Refs that were recorded more than once, with the value that stays. */
  readonly chosen: readonly { readonly name: string; readonly oid: Oid; readonly source: string }[];
  /** Refs whose record cannot be read, or is gone, with the value that they get. */
  readonly restored: readonly { readonly name: string; readonly oid: Oid; readonly source: string }[];
  /** Refs whose record cannot be read and of which nothing else tells. */
  readonly dropped: readonly string[];
}

/**
 * Works the new content out.
 *
 * @param omitted Names of records that are to go.
 */
export function planRewrite(examination: Examination, omitted: ReadonlySet<string> = new Set()): PackedRewrite {
  const scan = examination.packed();
  const lostValues = examination.lostValues();
  const records: ScannedRecord[] = [];
  const chosen: { name: string; oid: Oid; source: string }[] = [];
  for (const [name, same] of scan.byName) {
    if (omitted.has(name)) continue;
    const [first] = same;
    if (same.every(({ oid }) => oid === first!.oid)) {
      records.push(first!);
      continue;
    }
    const known = lostValues.choose(name, same.map(({ oid }) => oid));
    const oid = known?.value.kind === "direct" ? known.value.oid : first!.oid;
    records.push(same.find((record) => record.oid === oid)!);
    chosen.push({ name, oid, source: known?.source ?? "its first record" });
  }
  const restored: { name: string; oid: Oid; source: string }[] = [];
  const dropped: string[] = [];
  for (const name of lostNames(examination)) {
    const found = lostValues.find(name);
    if (found?.value.kind === "direct") restored.push({ name, oid: found.value.oid, source: found.source });
    else dropped.push(name);
  }
  for (const { name, oid } of restored) records.push({ name, oid });
  records.sort((a, b) => compareNames(a.name, b.name));
  return { records, chosen, restored, dropped };
}

/** Refs whose records were lost: named by a line that is damaged, or told by a reflog that has no ref any more. */
function lostNames(examination: Examination): string[] {
  const { flaws, byName } = examination.packed();
  const loose = examination.loose();
  const standing = new Set([...loose.refs.keys(), ...loose.broken.map(({ name }) => name), ...byName.keys()]);
  const names = new Set(flaws.map(({ lost }) => lost).filter((name) => name !== undefined));
  if (flaws.some(({ unknown }) => unknown === true)) {
    for (const name of examination.repository.refs.reflogNames()) if (name.startsWith("refs/")) names.add(name);
  }
  return [...names].filter((name) => !standing.has(name)).sort(compareNames);
}

/** Writes the new content, unless the file changed since it was looked at. */
export function rewritePacked(examination: Examination, writer: Writer, rewrite: PackedRewrite): void {
  const { system, repository } = examination;
  const { seen, fullyPeeled } = examination.packed();
  if (seen === null) return;
  mendPackedRefs(writer, {
    content: contentOf(rewrite.records, fullyPeeled, repository.objects),
    isAsFound: () => isStill(system.disk, seen),
    keepCopy: () => keepCopyAside(system, repository.commonDir, seen),
  });
}

/** Every tag is peeled anew: what a damaged file says of it is not believed. */
function* contentOf(
  records: readonly ScannedRecord[],
  fullyPeeled: boolean,
  objects: ObjectStore,
): Generator<Uint8Array> {
  const peeled = new Map<string, Oid | null>();
  let complete = true;
  for (const { name, oid, peeled: noted } of records) {
    const known = fullyPeeled && noted === undefined && !name.startsWith("refs/tags/");
    const result = known ? null : peel(objects, oid);
    if (result === undefined) complete = false;
    else peeled.set(name, result);
  }
  let text = `${PACKED_HEADER} ${complete ? "peeled fully-peeled " : ""}sorted \n`;
  for (const { name, oid } of records) {
    const target = peeled.get(name);
    text += target === undefined || target === null ? `${oid} ${name}\n` : `${oid} ${name}\n^${target}\n`;
    if (text.length < GATHERED_MAX) continue;
    yield nameToBytes(text);
    text = "";
  }
  if (text !== "") yield nameToBytes(text);
}

/** `undefined`: that cannot be told, because the object is damaged or gone. */
export function peel(objects: ObjectStore, oid: Oid): Oid | null | undefined {
  try {
    return objects.info(oid) === null ? undefined : peelTag(objects, oid);
  } catch (error) {
    if (isDamage(error)) return undefined;
    throw error;
  }
}
