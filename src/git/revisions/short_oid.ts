/**
 * Abbreviated object names, both ways: to the one object that is meant, and to the shortest text that is unique.
 *
 * @module
 */
import { isHex } from "../../platform/ascii.ts";
import { LatticeError } from "../../platform/errors.ts";
import type { Config } from "../config/config.ts";
import type { ObjectType, Oid } from "../object_format.ts";
import { objectFolders } from "../objects/alternates.ts";
import { countIndexed } from "../objects/pack_index.ts";
import { peelIfPossible } from "../objects/peel.ts";
import type { ObjectStore } from "../objects/store.ts";
import type { Repository } from "../repository.ts";
import { RevisionError } from "./revision_error.ts";

/** What an ambiguous abbreviation should rather lead to; `any`: no preference. */
export type WantedType = ObjectType | "committish" | "treeish" | "any";

/** No abbreviation is shorter, in digits. */
export const ABBREVIATION_MIN = 4;

/** The shortest that git makes by itself, in digits. */
const AUTOMATIC_MIN = 7;

/**
 * Finds the object that an abbreviation stands for.
 *
 * @param digits Hexadecimal, in any case.
 * @param wanted Decides between several objects, if one alone is of that type.
 * @returns `null`: there is none, or the text is no abbreviation.
 * @throws {RevisionError} `ambiguous`: it stands for several objects.
 */
export function expandOid(objects: ObjectStore, digits: string, wanted: WantedType): Oid | null {
  const length = digits.length;
  if (length < ABBREVIATION_MIN || length > objects.format.hexLength || !isHex(digits)) return null;
  const match = objects.findPrefix(digits.toLowerCase());
  if (match.kind === "none") return null;
  if (match.kind === "unique") return match.oid;
  const fitting = match.oids.filter((oid) => leadsTo(objects, oid, wanted));
  if (fitting.length === 1) return fitting[0]!;
  const failure = { kind: "ambiguous", candidates: match.oids } as const;
  throw new RevisionError(failure, digits, `the abbreviation ${JSON.stringify(digits)} is ambiguous`, {
    hint: `write more digits; it stands for ${match.oids.slice(0, 5).join(", ")}${match.oids.length > 5 ? ", …" : ""}`,
  });
}

/** What `core.disambiguate` prefers where the place of an abbreviation does not say. */
export function configuredPreference(config: Config): WantedType {
  const value = config.get("core.disambiguate");
  switch (value) {
    case "commit":
    case "tree":
    case "blob":
    case "committish":
    case "treeish":
      return value;
    default:
      return "any";
  }
}

/**
 * The shortest beginning of an object name that stands for it alone, as `git rev-parse --short`.
 *
 * @param minLength No fewer digits; `auto`: `core.abbrev`, else as many as git thinks fit for the number of objects.
 */
export function abbreviate(repository: Repository, oid: Oid, minLength: number | "auto" = "auto"): string {
  const { objects } = repository;
  const full = objects.format.hexLength;
  const start = Math.min(
    Math.max(minLength === "auto" ? configuredLength(repository) : minLength, ABBREVIATION_MIN),
    full,
  );
  if (start === full) return oid;
  const match = objects.findPrefix(oid.slice(0, start));
  const others = match.kind === "ambiguous" ? match.oids : match.kind === "unique" ? [match.oid] : [];
  let length = start;
  for (const other of others) if (other !== oid) length = Math.max(length, commonLength(oid, other) + 1);
  return oid.slice(0, length);
}

function configuredLength(repository: Repository): number {
  const { config, objects } = repository;
  const value = config.get("core.abbrev");
  if (value === undefined || value.toLowerCase() === "auto") return automaticLength(packedObjectCount(repository));
  if (/^(?:no|off|false)$/i.test(value)) return objects.format.hexLength;
  const length = config.getInteger("core.abbrev") ?? 0;
  if (length >= ABBREVIATION_MIN && length <= objects.format.hexLength) return length;
  throw new LatticeError("invalid_data", `core.abbrev is ${JSON.stringify(value)}, which is out of range`, {
    hint: `set it to auto, to no, or to a number from ${ABBREVIATION_MIN} to ${objects.format.hexLength}`,
  });
}

/** With 2^n objects the first clash is to be expected at n/2 bits more, that is n/2 digits in all. */
function automaticLength(objectCount: number): number {
  const bits = objectCount === 0 ? 0 : Math.floor(Math.log2(objectCount)) + 1;
  return Math.max(AUTOMATIC_MIN, Math.ceil(bits / 2));
}

/** How many objects the packs say they hold, borrowed ones included. Git leaves loose objects out of this count. */
function packedObjectCount(repository: Repository): number {
  const { disk } = repository.system;
  let count = 0;
  for (const folder of objectFolders(repository)) {
    for (const { name } of disk.list(`${folder}/pack`) ?? []) {
      if (name.endsWith(".idx")) count += countIndexed(disk, `${folder}/pack/${name}`);
    }
  }
  return count;
}

function leadsTo(objects: ObjectStore, oid: Oid, wanted: WantedType): boolean {
  if (wanted === "any") return true;
  const type = objects.info(oid)?.type;
  if (type === wanted) return true;
  if (wanted === "committish") {
    return type === "commit" || type === "tag" && peelIfPossible(objects, oid, "commit") !== null;
  }
  if (wanted === "treeish") {
    return type === "tree" || type === "commit" || type === "tag" && peelIfPossible(objects, oid, "tree") !== null;
  }
  return false;
}

function commonLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}
