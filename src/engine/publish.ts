/**
 * The order in which values become visible, so that a `git gc --prune=now` beside loses none of the commits that a
 * transaction replaces.
 *
 * Git reads the refs one after the other, in the order of their names, and then the reflogs. Refs that keep replaced
 * commits become visible before the refs that give these up; so whoever reads the keep refs last finds the commits in
 * their old place or in the new one. A gc that is under way may have read the folder of the keep refs before they were
 * there, and a tag, whose name sorts behind, after it was moved. For that one they get a reflog as well, which it reads
 * in the end.
 *
 * @module
 */
import type { Oid } from "../git/object_format.ts";
import type { EngineContext } from "./context.ts";
import { KEEP_PREFIX } from "./paths.ts";
import { publishValue } from "./ref_files.ts";
import { appendReflogLines } from "./reflog_lines.ts";
import { isGcUnderWay } from "./stored_objects.ts";

/** A ref and the object that it gets; `null`: it gets something else than an object name. */
interface Published {
  readonly ref: string;
  readonly oid: Oid | null;
}

/**
 * Renames staged values onto their refs.
 *
 * @param staged Path of the value file by ref.
 */
export function publishValues(
  context: EngineContext,
  updates: readonly Published[],
  staged: ReadonlyMap<string, string>,
): void {
  const isKeep = ({ ref }: Published) => ref.startsWith(KEEP_PREFIX);
  const keeping = updates.filter(isKeep);
  for (const { ref } of keeping) publishValue(context, ref, staged.get(ref)!);
  // Who begins only now reads what is there now.
  if (keeping.length > 0 && isGcUnderWay(context)) logKeepRefs(context, keeping);
  for (const { ref } of updates.filter((update) => !isKeep(update))) publishValue(context, ref, staged.get(ref)!);
}

function logKeepRefs(context: EngineContext, keeping: readonly Published[]): void {
  const { system, repository: { objectFormat } } = context;
  const seconds = Math.floor(system.clock.nowMs() / 1000);
  const logs = keeping.flatMap(({ ref, oid }) =>
    oid === null ? [] : [{ ref, old: objectFormat.zero, new: oid, message: "lattice: keep beside git gc" }]
  );
  appendReflogLines(context, logs, `lattice <lattice@localhost> ${seconds} +0000`, "complete");
}
