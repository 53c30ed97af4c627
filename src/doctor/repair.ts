/**
 * Carrying fixes out: what is in the way of the repository lock, files under the repository lock first, then what recovery does, then refs.
 *
 * @module
 */
import type { Writer } from "../engine/mod.ts";
import type { RepoLock } from "../locks/repo_lock.ts";
import { LatticeError } from "../platform/errors.ts";
import type { Finding, Repair } from "./finding.ts";

/** How a repair gets at the repository; both throw `locked` where somebody else keeps it. */
export interface RepairDoors {
  /** Takes the repository lock, and nothing more. */
  readonly lock: () => Promise<RepoLock>;
  /** Opens the repository for change, which recovers what was left; also where an operation is paused. */
  readonly open: () => Promise<Writer>;
}

/** Why each finding that was to be fixed was not, by id; what is not in it was done. */
export type Refusals = Map<string, LatticeError>;

/**
 * Carries fixes out. One that is refused keeps no other from being done.
 *
 * @param findings Those that were named.
 */
export async function repair(findings: readonly Finding[], doors: RepairDoors): Promise<Refusals> {
  const refusals: Refusals = new Map();
  for (const { id, fix } of findings) {
    if (fix === null) {
      refusals.set(
        id,
        new LatticeError("unsupported", "there is nothing that doctor may do about it", {
          hint: "its evidence says what you can do",
        }),
      );
    }
  }
  for (const { id, repair } of ofKind(findings, "lock")) attempt(id, refusals, repair.run);
  await repairFiles(ofKind(findings, "files"), doors, refusals);
  await repairRefs([...ofKind(findings, "recovery"), ...ofKind(findings, "refs")], doors, refusals);
  return refusals;
}

type Ready<Kind extends Repair["kind"]> = { readonly id: string; readonly repair: Repair & { kind: Kind } };

function ofKind<Kind extends Repair["kind"]>(findings: readonly Finding[], kind: Kind): Ready<Kind>[] {
  return findings.flatMap(({ id, fix }) =>
    fix?.repair.kind === kind ? [{ id, repair: fix.repair as Repair & { kind: Kind } }] : []
  );
}

async function repairFiles(ready: readonly Ready<"files">[], doors: RepairDoors, refusals: Refusals): Promise<void> {
  if (ready.length === 0) return;
  await entering(ready, refusals, async () => {
    using lock = await doors.lock();
    for (const { id, repair } of ready) attempt(id, refusals, () => repair.run(lock));
  });
}

async function repairRefs(
  ready: readonly (Ready<"recovery"> | Ready<"refs">)[],
  doors: RepairDoors,
  refusals: Refusals,
): Promise<void> {
  if (ready.length === 0) return;
  await entering(ready, refusals, async () => {
    if (ready.some(({ repair }) => repair.kind === "recovery" && repair.anew)) await forgetSweep(doors);
    using writer = await doors.open();
    for (const { id, repair } of ready) {
      if (repair.kind === "recovery") continue; // done by opening
      await attemptLater(id, refusals, () => writer.patiently(() => runUnlessPaused(writer, repair.run)));
    }
  });
}

/** Makes the next command that opens the repository for change look through all journals, as after a restart. */
async function forgetSweep(doors: RepairDoors): Promise<void> {
  using lock = await doors.lock();
  lock.writeNotes({ ...lock.notes, sweptBootId: null });
}

function runUnlessPaused(writer: Writer, run: (writer: Writer) => void): void {
  const { paused } = writer;
  if (paused !== null) {
    throw new LatticeError("op_in_progress", `operation ${paused.op_id} is paused`, {
      hint: "type `lattice continue` to go on with it, or `lattice abort` to take it back",
      details: { op: paused.op_id },
    });
  }
  run(writer);
}

/** Where the door stays shut, none of them is fixed. */
async function entering(
  ready: readonly { readonly id: string }[],
  refusals: Refusals,
  action: () => Promise<void>,
): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (!(error instanceof LatticeError) || error.code === "internal") throw error;
    for (const { id } of ready) if (!refusals.has(id)) refusals.set(id, error);
  }
}

function attempt(id: string, refusals: Refusals, action: () => void): void {
  try {
    action();
  } catch (error) {
    refuse(id, refusals, error);
  }
}

async function attemptLater(id: string, refusals: Refusals, action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    refuse(id, refusals, error);
  }
}

function refuse(id: string, refusals: Refusals, error: unknown): void {
  if (!(error instanceof LatticeError) || error.code === "internal") throw error;
  refusals.set(id, error);
}
