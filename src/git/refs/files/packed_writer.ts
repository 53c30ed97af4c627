/**
 * The next content of `packed-refs`: what a snapshot holds, with changes merged in.
 *
 * Records that stay are copied in long stretches without being looked at, so that one change among 100,000 refs costs
 * little more than copying the file. Therefore damage in them is copied as well; `iterate` is what finds it.
 *
 * @module
 */
import { compareNames, nameToBytes, sortByName, utf8 } from "../../../platform/text.ts";
import type { Oid } from "../../object_format.ts";
import { PACKED_HEADER, type PackedRef, type PackedRefs } from "./packed.ts";

/**
 * What becomes of a ref: a value, or `null`: its record goes. `peeled` is what a tag leads to in the end, `null` for
 * an object that is no tag; where it is left out, the peeler is asked.
 */
export type PackedChange = { readonly oid: Oid; readonly peeled?: Oid | null } | null;

/** Finds what a tag leads to in the end; `null`: the object is no tag; `undefined`: that cannot be told. */
export type Peeler = (oid: Oid) => Oid | null | undefined;

/** How much text is gathered before it is given out, in UTF-16 units. */
const GATHERED_MAX = 256 * 1024;

/**
 * Writes the next `packed-refs`. The header claims that all tags are peeled only when they are.
 *
 * @param snapshot The file as it is, which the caller keeps from changing (`packed-refs.lock`).
 * @param changes New values by full name.
 * @param peel Asked about new values without `peeled`, and about records of a file that is not fully peeled.
 * @returns The bytes, in chunks; each is used up before the next is asked for.
 * @throws {LatticeError} While iterating: `invalid_data`, the file is damaged; `io`.
 */
export function* rewritePackedRefs(
  snapshot: PackedRefs,
  changes: ReadonlyMap<string, PackedChange>,
  peel: Peeler,
): Generator<Uint8Array> {
  const names = sortByName([...changes.keys()], (name) => name);
  const claims: Claims = { fullyPeeled: true, peeled: true };
  const records = names.map((name) => { // of each name, empty where the record goes
    const change = changes.get(name) ?? null;
    return change === null ? "" : recordText(name, change.oid, change.peeled, peel, claims);
  });
  if (snapshot.traits.fullyPeeled) {
    yield utf8(headerText(claims));
    yield* copied(snapshot, names, records);
  } else {
    const chunks = [...reviewed(snapshot, names, records, peel, claims)]; // the header depends on every record
    yield utf8(headerText(claims));
    yield* chunks;
  }
}

/** What is known of all the records so far. */
interface Claims {
  fullyPeeled: boolean;
  peeled: boolean;
}

function headerText(claims: Claims): string {
  return `${PACKED_HEADER} ${claims.peeled ? "peeled " : ""}${claims.fullyPeeled ? "fully-peeled " : ""}sorted \n`;
}

function recordText(name: string, oid: Oid, known: Oid | null | undefined, peel: Peeler, claims: Claims): string {
  const peeled = known === undefined ? peel(oid) : known;
  if (peeled === undefined) {
    claims.fullyPeeled = false;
    if (name.startsWith("refs/tags/")) claims.peeled = false;
  }
  return peeled === null || peeled === undefined ? `${oid} ${name}\n` : `${oid} ${name}\n^${peeled}\n`;
}

/** Records of a fully peeled file, copied in stretches between the changes. */
function* copied(
  snapshot: PackedRefs,
  names: readonly string[],
  records: readonly string[],
): Generator<Uint8Array> {
  const last = snapshot.end;
  let cursor = snapshot.start;
  let text = "";
  for (let i = 0; i < names.length; i++) {
    if (cursor < last) { // behind the last record there is nothing to be found
      const { start, end } = snapshot.locate(names[i]!);
      if (start > cursor) {
        if (text !== "") yield nameToBytes(text);
        text = "";
        yield* snapshot.bytesBetween(cursor, start);
      }
      cursor = end;
    }
    text += records[i]!;
    if (text.length > GATHERED_MAX) {
      yield nameToBytes(text);
      text = "";
    }
  }
  if (text !== "") yield nameToBytes(text);
  yield* snapshot.bytesBetween(cursor, last);
}

/** Every record anew, with what its tag leads to. */
function* reviewed(
  snapshot: PackedRefs,
  names: readonly string[],
  records: readonly string[],
  peel: Peeler,
  claims: Claims,
): Generator<Uint8Array> {
  const changed = new Set(names);
  let next = 0;
  let text = "";
  for (const ref of snapshot.iterate("")) {
    while (next < names.length && compareNames(names[next]!, ref.name) <= 0) text += records[next++]!;
    if (!changed.has(ref.name)) text += recordText(ref.name, ref.oid, knownPeel(snapshot, ref), peel, claims);
    if (text.length > GATHERED_MAX) {
      yield nameToBytes(text);
      text = "";
    }
  }
  while (next < names.length) text += records[next++]!;
  yield nameToBytes(text);
}

/** What a record of a file that is not fully peeled tells: a `^` line counts, its absence only below `refs/tags/`. */
function knownPeel(snapshot: PackedRefs, ref: PackedRef): Oid | null | undefined {
  if (ref.peeled !== undefined) return ref.peeled;
  return snapshot.traits.peeled && ref.name.startsWith("refs/tags/") ? null : undefined;
}
