/**
 * The repairs of refs that several checks offer.
 *
 * @module
 */
import { filesRefs } from "../engine/files_refs.ts";
import { mendRef } from "../engine/mend.ts";
import type { Writer } from "../engine/mod.ts";
import type { Oid } from "../git/object_format.ts";
import type { RefValue } from "../git/refs/store.ts";
import type { Examination } from "./examination.ts";
import type { Fix } from "./finding.ts";
import { quote } from "./finding.ts";
import { isHead, type LostValue, showValue } from "./lost_values.ts";
import { isStill, keepCopyAside, lookAt, moveAside, type SeenFile } from "./seen_file.ts";

/**
 * Restores what a damaged loose ref held, as far as anything tells; else its file goes.
 *
 * @param name Full name, as the worktree that runs knows it.
 * @param old What it holds, as far as that can be read.
 * @returns `null`: nothing tells what it held, and it must not go (`HEAD`), or its file is gone by now.
 */
export function restoreOrRemove(examination: Examination, name: string, old: RefValue | null): Fix | null {
  const { repository } = examination;
  const seen = lookAt(examination.system.disk, filesRefs(repository).loosePath(name));
  if (seen === null) return null;
  const lost = examination.lostValues().find(name, old?.kind === "direct" ? old.oid : null);
  if (lost === null && isHead(name)) return null;
  return { preview: previewOf(lost, seen, name), repair: mendLoose(examination, name, old, lost, seen) };
}

function previewOf(lost: LostValue | null, seen: SeenFile, name: string): string {
  const kept = seen.stat.kind === "file" && seen.stat.size === 0 ? "" : "; what it holds now is kept in lattice/aside/";
  if (lost !== null) return `set ${quote(name)} to ${showValue(lost.value)}, which ${lost.source} tells${kept}`;
  return `remove ${quote(name)}, of which nothing tells what it held${kept}`;
}

function mendLoose(
  examination: Examination,
  name: string,
  old: RefValue | null,
  lost: LostValue | null,
  seen: SeenFile,
): Fix["repair"] {
  const { system, repository } = examination;
  return {
    kind: "refs",
    run: (writer) => {
      restoreContent(writer, lost);
      mendRef(writer, {
        name,
        old,
        value: lost?.value ?? null,
        isAsFound: () => isStill(system.disk, seen),
        keepCopy: () => keepCopyAside(system, repository.commonDir, seen),
      });
      if (lost === null) moveReflogAside(examination, name);
    },
  };
}

/**
 * Moves a ref that names what is not there, or cannot be its value, to one that is known. Its reflog gets no line: git
 * would find fault with one that names a missing object.
 */
export function moveTo(examination: Examination, name: string, from: Oid, lost: LostValue): Fix {
  return {
    preview: `set ${quote(name)} to ${showValue(lost.value)}, which ${lost.source} tells`,
    repair: {
      kind: "refs",
      run: (writer) => {
        const { system, repository } = examination;
        const path = filesRefs(repository).loosePath(name);
        const seen = lookAt(system.disk, path);
        restoreContent(writer, lost);
        mendRef(writer, {
          name,
          old: { kind: "direct", oid: from },
          value: lost.value,
          isAsFound: () => holds(writer, name, from),
          keepCopy: () => {
            if (seen !== null) keepCopyAside(system, repository.commonDir, seen);
          },
        });
      },
    },
  };
}

function holds(writer: Writer, name: string, oid: Oid): boolean {
  const value = writer.repository.refs.read(name)?.value;
  return value?.kind === "direct" && value.oid === oid;
}

/** A document that only the journal holds any more is written again. */
function restoreContent(writer: Writer, lost: LostValue | null): void {
  if (lost?.content !== undefined) writer.repository.objects.storeLoose({ type: "blob", content: lost.content });
}

/** A reflog without a ref keeps refs below its name from having one. */
export function moveReflogAside({ system, repository }: Examination, name: string): void {
  const seen = lookAt(system.disk, filesRefs(repository).logPath(name));
  if (seen?.stat.kind === "file") moveAside(system, repository.commonDir, seen);
}

/** Deletes a ref by compare-and-swap. */
export function deleteRef(name: string, from: Oid, why: string): Fix {
  return {
    preview: `delete ${quote(name)}: ${why}`,
    repair: {
      kind: "refs",
      run: (writer) => {
        writer.transact({
          updates: [{ name, expect: { kind: "exactly", oid: from }, change: { kind: "delete" }, follow: false }],
          objects: [],
          message: "lattice: doctor",
          purpose: "plumbing",
        });
      },
    },
  };
}
