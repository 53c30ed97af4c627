/**
 * Values of the fields of a format, for one ref after the other.
 *
 * @module
 */
import { identityDate, identityEmail, identityName } from "../../git/identity_line.ts";
import type { ObjectType, Oid } from "../../git/object_format.ts";
import type { Ancestry } from "../../git/objects/ancestry.ts";
import { openRepresentations } from "../../git/objects/representation.ts";
import type { GitObject } from "../../git/objects/store.ts";
import type { Repository } from "../../git/repository.ts";
import type { ParentsOf } from "../../git/revisions/reach.ts";
import { bytesToName, nameToBytes } from "../../platform/text.ts";
import { GitExit } from "./context.ts";
import { formatDate } from "./date_format.ts";
import { firstLines, headerLine, oneLine, parseMessage, sanitizedSubject } from "./message_parts.ts";
import type { Field, MessagePart, NameForm, OidForm, Person, PersonPart } from "./ref_atom.ts";
import { readRefOrNull, type RefItem } from "./ref_item.ts";
import { formatRefName } from "./ref_short_name.ts";
import { trackingValue } from "./ref_tracking.ts";
import { checkedOutRefs } from "./worktree_paths.ts";

/** A value of a field. */
export interface FieldResult {
  readonly text: string;
  /** What is compared in sorting where the field is a number or a date; else `null`. */
  readonly number: bigint | null;
}

/** What values are computed from, beside the ref. */
export interface ValueSource {
  readonly repository: Repository;
  readonly parentsOf: ParentsOf;
  readonly ancestry: Ancestry;
  /** Shortens an object name to so many digits or, with `null`, to the usual number; more where it takes more. */
  abbreviate(oid: Oid, digits: number | null): string;
  /** The object of a name as the command line gives it; `null`: there is none. */
  resolve(text: string): Oid | null;
  /** The commit that an object leads to; `null`: none. */
  commitOf(oid: Oid): Oid | null;
}

/** Computes values of fields. */
export type Evaluate = (item: RefItem, field: Field, deref: boolean) => FieldResult;

const NOTHING: FieldResult = { text: "", number: null };

/** Objects as they are needed, one at a time: formats ask several times for the same, sorting for many in turn. */
interface LoadedObject {
  readonly oid: Oid;
  readonly type: ObjectType;
  readonly content: Uint8Array;
  /** The content as text. */
  text(): string;
}

/** Makes the evaluator for one run of a command. */
export function createEvaluator(source: ValueSource): Evaluate {
  const { repository } = source;
  const storage = lazy(() => openRepresentations(repository));
  const loadObject = createLoader(repository);
  const headName = lazy(() => headOf(repository));
  const worktrees = lazy(() => checkedOutRefs(repository));

  const evaluate: Evaluate = (item, field, deref) => {
    switch (field.kind) {
      case "refname":
        return name(item.name, field.form, deref);
      case "symref":
        return item.symref === null ? text(deref ? "^{}" : "") : name(item.symref, field.form, deref);
      case "tracking":
        return text(trackingValue(source, item.name, field.form));
      case "head":
        return text(item.name === headName() ? "*" : " ");
      case "worktreepath":
        return text(item.name.startsWith("refs/heads/") ? worktrees().get(item.name) ?? "" : "");
      case "color":
        return NOTHING;
      case "ahead-behind":
        return aheadBehindValue(source, item, field.commit);
      default:
        return objectValue(item, field, deref);
    }
  };

  function name(full: string, form: NameForm, deref: boolean): FieldResult {
    return text(formatRefName(repository, full, form) + (deref ? "^{}" : ""));
  }

  function objectValue(item: RefItem, field: ObjectField, deref: boolean): FieldResult {
    if (!deref) return valueOf(item.oid, item, field);
    if (infoOf(item.oid, item).type !== "tag") return NOTHING;
    const target = headerLine(loadObject(item.oid, item.name).text(), "object");
    return target === null ? NOTHING : valueOf(target, item, field);
  }

  function valueOf(oid: Oid, item: RefItem, field: ObjectField): FieldResult {
    if (field.kind === "objectname") return text(oidText(source, oid, field.form));
    if (field.kind === "objecttype") return text(infoOf(oid, item).type);
    if (field.kind === "objectsize" && !field.disk) return count(infoOf(oid, item).size);
    if (field.kind === "objectsize" || field.kind === "deltabase") {
      infoOf(oid, item);
      return field.kind === "deltabase" ? text(storage().deltaBase(oid)) : count(storage().diskSize(oid));
    }
    return contentValue(source, loadObject(oid, item.name), field);
  }

  function infoOf(oid: Oid, item: RefItem): { type: ObjectType; size: number } {
    const info = repository.objects.info(repository.objects.replacementOf(oid));
    if (info === null) throw missingObject(oid, item.name);
    return info;
  }

  return evaluate;
}

type ObjectField = Exclude<
  Field,
  { kind: "refname" | "symref" | "tracking" | "head" | "worktreepath" | "color" | "ahead-behind" }
>;

function text(value: string): FieldResult {
  return { text: value, number: null };
}

function count(value: number): FieldResult {
  return { text: String(value), number: BigInt(value) };
}

function lazy<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

function missingObject(oid: Oid, refName: string): GitExit {
  return new GitExit(128, `fatal: missing object ${oid} for ${refName}`);
}

/** Keeps the two objects that were read last: a tag and what it points to. */
function createLoader(repository: Repository): (oid: Oid, refName: string) => LoadedObject {
  const recent: LoadedObject[] = [];
  return (oid, refName) => {
    const known = recent.find((object) => object.oid === oid);
    if (known !== undefined) return known;
    const object = repository.objects.readReplaced(oid);
    if (object === null) throw missingObject(oid, refName);
    recent.unshift(loaded(oid, object));
    recent.length = Math.min(recent.length, 2);
    return recent[0]!;
  };
}

function loaded(oid: Oid, { type, content }: GitObject): LoadedObject {
  return { oid, type, content, text: lazy(() => bytesToName(content)) };
}

function headOf(repository: Repository): string | null {
  const oid = readRefOrNull(repository, "HEAD");
  return oid === null ? null : repository.refs.resolve("HEAD").name;
}

function oidText(source: ValueSource, oid: Oid, form: OidForm): string {
  return form === null ? oid : source.abbreviate(oid, form.digits);
}

function aheadBehindValue(source: ValueSource, item: RefItem, base: string): FieldResult {
  const named = source.resolve(base);
  const theirs = named === null ? null : source.commitOf(named);
  if (theirs === null) throw new GitExit(128, `fatal: failed to find '${base}'`);
  const ours = source.commitOf(item.oid);
  if (ours === null) return NOTHING;
  const { ahead, behind } = source.ancestry.countVisible(ours, theirs);
  return text(`${ahead} ${behind}`);
}

/** Fields that are read from the content of an object; those that its type does not have are empty. */
function contentValue(source: ValueSource, object: LoadedObject, field: ObjectField): FieldResult {
  if (field.kind === "raw") {
    return text(field.size ? String(object.content.length) : bytesToName(object.content));
  }
  if (object.type !== "commit" && object.type !== "tag") return NOTHING;
  if (field.kind === "person") return personValue(source, object, field.person, field.part);
  if (field.kind === "message") return text(messageText(object.text(), field.part));
  return object.type === "tag" ? tagValue(object, field) : commitValue(source, object, field);
}

function tagValue(object: LoadedObject, field: ObjectField): FieldResult {
  if (field.kind !== "object" && field.kind !== "type" && field.kind !== "tag") return NOTHING;
  return text(headerLine(object.text(), field.kind) ?? "");
}

function commitValue(source: ValueSource, object: LoadedObject, field: ObjectField): FieldResult {
  switch (field.kind) {
    case "tree":
      return text(oidText(source, headerLine(object.text(), "tree") ?? "", field.form));
    case "parent":
      return text(source.parentsOf(object.oid).map((oid) => oidText(source, oid, field.form)).join(" "));
    case "numparent":
      return count(source.parentsOf(object.oid).length);
    default:
      return NOTHING;
  }
}

function personValue(source: ValueSource, object: LoadedObject, person: Person, part: PersonPart): FieldResult {
  const header = person === "creator" ? (object.type === "tag" ? "tagger" : "committer") : person;
  const line = headerLine(object.text(), header);
  if (line === null) return part.kind === "date" ? { text: "", number: 0n } : NOTHING;
  switch (part.kind) {
    case "line":
      return text(line);
    case "name":
      return text(identityName(line));
    case "email":
      return text(identityEmail(line, part.form));
    case "date": {
      const date = identityDate(line);
      if (date === null) return { text: "", number: 0n };
      const { clock } = source.repository.system;
      return { text: formatDate(date.seconds, date.zone, part.format, clock), number: date.seconds };
    }
  }
}

function messageText(object: string, part: MessagePart): string {
  const parts = parseMessage(object);
  switch (part.kind) {
    case "subject":
      return oneLine(parts.subject);
    case "sanitized-subject":
      return sanitizedSubject(parts.subject);
    case "body":
      return parts.body;
    case "body-and-signature":
      return parts.bodyAndSignature;
    case "signature":
      return parts.signature;
    case "all":
      return parts.contents;
    case "size":
      return String(nameToBytes(parts.contents).length);
    case "lines":
      return firstLines(parts.contents.slice(0, parts.contents.length - signatureLength(parts)), part.count);
  }
}

/** The signature that ends the contents; one that stands in the header is none of theirs. */
function signatureLength(parts: { contents: string; signature: string }): number {
  return parts.contents.endsWith(parts.signature) ? parts.signature.length : 0;
}
