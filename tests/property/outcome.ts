/**
 * What must hold of a repository after anything that several processes did to it, once it was recovered.
 *
 * @module
 */
import assert from "node:assert/strict";
import { openTestRepository, openTestWriter } from "../engine/engine_repository.ts";
import { effectiveUpdates, journaledOperations, operations, recordsOf } from "../../src/engine/history.ts";
import type { JournalRecord } from "../../src/engine/journal_format.ts";
import { isForeignLock } from "../../src/engine/ref_locks.ts";
import { readOpState } from "../../src/engine/op_state.ts";
import { resume } from "../../src/operations/resume.ts";
import { checkClean } from "../crash/scenarios.ts";
import type { CutContext, Scenario } from "../simulation/explore.ts";
import type { SimSystem } from "../simulation/sim_system.ts";
import type { Told } from "../simulation/together.ts";
import { placeOf, type Worktree, worktreeWith } from "../simulation/worktrees.ts";
import { insistAsOne, type JudgedSpans, type Span } from "./as_one.ts";
import { insistExplained, onlyAbout } from "./explained.ts";
import { type Happening, happenings, NOTHING, type RefChange } from "./history.ts";
import type { Move } from "./lattice_commands.ts";
import { insistReflogs } from "./reflogs.ts";
import { foreignLocks, visibleRefs } from "./visible_refs.ts";

const COMMON_DIR = "/r/.git";

/**
 * What is done with an outcome, and asked of it.
 *
 * @param name For messages.
 * @param before What the refs held at the beginning.
 * @param judged Counts the operations of several steps that were judged as a whole.
 * @param worktrees In which of them it is recovered, one or another.
 */
export function outcomeScenario(
  name: string,
  before: Readonly<Record<string, string>>,
  judged: JudgedSpans = { all: 0, none: 0, shared: 0 },
  worktrees: readonly Worktree[] = [null],
): Omit<Scenario, "setup" | "program"> {
  return {
    name,
    async recover(system) {
      visibleRefs(system.disk); // whole at any time, before recovery too
      const locks = foreignLocks(system.disk);
      const worktree = worktrees[system.host.pid % worktrees.length]!;
      try {
        await recoverAll(system, worktree);
      } catch (error) {
        if (!isForeignLock(error) || locks.length === 0) throw error;
        assertLocks(system, locks);
        for (const path of locks) system.disk.unlink(path); // a git was cut off: a person does what the hint says
        return await recoverAll(system, worktree);
      }
      assertLocks(system, locks);
    },
    check: (system, context) => checkOutcome(system, before, context, judged),
    mayChange: (path) => path === "/r/.git/lattice/lock",
  };
}

/** Recovers in a worktree, and takes back what waits for a person, in the worktree in which it began. */
async function recoverAll(system: SimSystem, worktree: Worktree): Promise<void> {
  const origin = await recoverIn(system, worktree);
  if (origin === undefined) return;
  using writer = await openTestWriter(openTestRepository(system, {}, origin), true);
  resume(writer, "abort");
}

/** Recovers in a worktree. Returns that in which the operation began that waits for a person; `undefined`: none does. */
async function recoverIn(system: SimSystem, worktree: Worktree): Promise<Worktree | undefined> {
  using writer = await openTestWriter(openTestRepository(system, {}, worktree), true);
  if (writer.paused === null) return undefined;
  const origin = worktreeWith(writer.paused.origin_git_dir);
  if (origin !== worktree) assert.throws(() => resume(writer, "abort"), /began in another worktree/);
  return origin;
}

function assertLocks({ disk }: SimSystem, locks: readonly string[]): void {
  assert.deepEqual(foreignLocks(disk), locks, "somebody else's lock was removed");
}

function checkOutcome(
  system: SimSystem,
  before: Readonly<Record<string, string>>,
  context: CutContext,
  judged: JudgedSpans,
): string {
  const after = visibleRefs(system.disk);
  const told = context.acknowledged.map((fact) => JSON.parse(fact) as Told);
  const journaled = [...operations(system, COMMON_DIR)].reverse();
  for (const { op_id, phase } of journaled) {
    assert.ok(phase === "committed" || phase === "rolled_back", `operation ${op_id} is ${phase}`);
  }
  assert.equal(readOpState(system, COMMON_DIR), null, "the marker is left");
  const known = withJournal(system, happenings(told), context.powerCut ? after : null);
  const unknown = refsOfPruned(known, journaled);
  const whole = { before, after, happenings: known, powerCut: context.powerCut };
  const question = onlyAbout(whole, (ref) => !unknown.has(ref));
  insistExplained(question);
  for (const span of spansOf(system, known)) judged[insistAsOne(question, span)]++;
  checkLocks(system);
  if (!context.powerCut && !known.some(({ label }) => label.includes("op prune"))) {
    const ids = [...journaledOperations(system, COMMON_DIR)].map(({ op_id }) => op_id);
    insistReflogs(system.disk, ids.map((id) => recordsOf(system, COMMON_DIR, id)));
  }
  // What the refs hold is no part of the verdict: a power cut may take back what git did and nobody flushed.
  return JSON.stringify(journaled.map(({ op_id, phase }) => [op_id, phase]));
}

/** No lock, temporary file or marker of lattice's is left; git's are not ours to remove. */
function checkLocks(system: SimSystem): void {
  const foreign = foreignLocks(system.disk);
  const disk = system.disk.copy();
  for (const path of foreign) disk.unlink(path);
  checkClean(system.onDisk(disk));
}

/**
 * Compares what was answered with what the journals say, and adds what the journals say of commands that were cut off:
 * where its journal says that such a command was committed, all that it says must have happened. (The exception stands
 * in `docs/guarantees.md`: after a power cut, one ref that others moved may have been moved without being ours before.)
 *
 * @param cut What the refs hold after a power cut; `null`: there was none.
 */
function withJournal(
  system: SimSystem,
  told: readonly Happening[],
  cut: Readonly<Record<string, string>> | null,
): Happening[] {
  const byId = new Map([...journaledOperations(system, COMMON_DIR)].map((operation) => [operation.op_id, operation]));
  const isPruned = told.some(({ label }) => label.includes("op prune"));
  const steps = new Map(
    [...byId.values()].filter(({ begin }) => begin.span !== undefined).map(({ op_id }) =>
      [op_id, transactionsOf(recordsOf(system, COMMON_DIR, op_id))] as const
    ),
  );
  const answered = new Set<string>();
  const plumbing = [...byId.values()].filter(({ begin, phase }) =>
    begin.purpose === "plumbing" && phase === "committed" && begin.resumes === undefined
  ).sort((a, b) => a.op_id < b.op_id ? -1 : 1);
  const known = told.map((one) => {
    const { op, label, move } = one;
    if (move !== null) {
      const journal = plumbing.find(({ op_id, begin }) =>
        begin.pid === one.pid && !answered.has(op_id) && fits(move, changesIn(system, op_id))
      );
      if (journal === undefined) return { ...one, changes: unjournaled(one, byId.has(one.within ?? "")) };
      answered.add(journal.op_id);
      return { ...one, changes: changesIn(system, journal.op_id) };
    }
    if (op === null) return one;
    answered.add(op);
    const operation = byId.get(op);
    if (operation === undefined && isPruned) return one;
    assert.ok(operation !== undefined, `the journal of ${op} (${label}) is gone`);
    const transactions = steps.get(op);
    if (transactions !== undefined) return partOf(one, transactions);
    const changes = plain(one.changes);
    if (cut !== null && operation.phase === "rolled_back" && wasMovedBack(changes, cut)) {
      return { ...one, doubtful: true };
    }
    assert.equal(operation.phase, "committed", `the journal of ${op} (${label})`);
    assert.deepEqual(changes, changesIn(system, op), `what ${label} said, and what its journal says`);
    if (operation.undoes !== null && byId.has(operation.undoes)) {
      assert.deepEqual(changes, changesIn(system, operation.undoes).map(inverse), `${label} did not restore exactly`);
    }
    return one;
  });
  for (const { op_id, phase, command, begin } of byId.values()) {
    if (phase !== "committed" || answered.has(op_id) || begin.span !== undefined) continue;
    const changes = changesIn(system, op_id);
    const at = known.findIndex((one) => one.pid === begin.pid && one.to === Infinity);
    if (begin.resumes !== undefined) known.push(sometime(op_id, changes)); // an abort, which names the other operation
    else if (at !== -1) {
      const doubtful = cut !== null && changes.length === 1 && (cut[changes[0]!.ref] ?? null) !== changes[0]!.new;
      known[at] = { ...known[at]!, op: op_id, changes, doubtful };
    } else if (begin.purpose === "operation") {
      assert.fail(`${op_id} (${command}) was committed, though its command was answered otherwise`);
    }
  }
  for (const [op, transactions] of steps) for (const changes of transactions) known.push(sometime(op, changes));
  return known;
}

/** Whether a journal may be that of a command that was to change a ref. */
function fits(move: Move, [only, ...others]: readonly RefChange[]): boolean {
  return only !== undefined && others.length === 0 && only.new === move.new &&
    (move.ref === null ? !only.ref.startsWith("refs/branch-metadata/") : only.ref === move.ref);
}

/** What a plumbing command did that has no journal: the ref was as it was to be; or it is in that of its operation. */
function unjournaled({ move }: Happening, isPart: boolean): RefChange[] {
  return isPart || move === null || move.ref === null ? [] : [{ ref: move.ref, old: undefined, new: move.new }];
}

/** Refs of operations of several steps that were pruned: nobody can say any more which of the steps were taken back. */
function refsOfPruned(known: readonly Happening[], journaled: readonly { op_id: string }[]): Set<string> {
  const ids = new Set(journaled.map(({ op_id }) => op_id));
  const pruned = new Set(known.flatMap(({ within }) => within === null || ids.has(within) ? [] : [within]));
  const isOf = ({ op, within }: Happening) => pruned.has(op ?? "") || pruned.has(within ?? "");
  return new Set(known.filter(isOf).flatMap(({ changes }) => changes.map(({ ref }) => ref)));
}

/** The operations of several steps, and how they ended. */
function spansOf(system: SimSystem, known: readonly Happening[]): Span[] {
  const all = [...journaledOperations(system, COMMON_DIR)];
  return all.filter(({ begin }) => begin.span !== undefined).map(({ op_id: op, phase, begin }) => {
    const helpers = all.filter((other) => other.begin.resumes === op && other.phase === "committed")
      .map(({ op_id }) => op_id);
    const committed = known.find((one) => one.op === op && one.exit === 0 && /: op (?:run|commit)/.test(one.label));
    const ended = phase === "committed" && helpers.length === 0 ? "all" : "none";
    if (committed !== undefined) assert.equal(ended, "all", `${committed.label} was acknowledged`);
    const first = known.find((one) => one.op === op && / op (?:begin|run) /.test(one.label)) ??
      known.find((one) => one.pid === begin.pid && one.to === Infinity);
    const transactions = transactionsOf(recordsOf(system, COMMON_DIR, op)).flat();
    return { op, helpers, ended, from: first?.from ?? -1, to: committed?.to ?? Infinity, transactions };
  });
}

/** Whether a single ref holds what it held before a command: others have moved it back since. */
function wasMovedBack([only, ...others]: readonly RefChange[], refs: Readonly<Record<string, string>>): boolean {
  return only !== undefined && others.length === 0 && (refs[only.ref] ?? null) === only.old;
}

/** What a command did that was a part of an operation; one that ends such an operation says what became of the whole. */
function partOf(one: Happening, transactions: RefChange[][]): Happening {
  const said = JSON.stringify(plain(one.changes));
  const at = transactions.findIndex((changes) => JSON.stringify(changes) === said);
  if (at !== -1) return { ...one, changes: transactions.splice(at, 1)[0]! };
  assert.doesNotMatch(
    one.label,
    /: (?:meta|apply)/,
    `${one.label} was acknowledged, and is not in its operation's journal`,
  );
  return { ...one, changes: [] };
}

/** A transaction of which it is known that it happened, and not when. */
function sometime(op: string, changes: readonly RefChange[]): Happening {
  return {
    ...NOTHING,
    label: `a transaction of ${op}`,
    process: -1,
    by: "lattice",
    from: -1,
    to: Infinity,
    op,
    changes,
  };
}

/** The transactions of an operation of several that were applied, in order. */
function transactionsOf(records: readonly JournalRecord[]): RefChange[][] {
  const applied: RefChange[][] = [];
  let open: RefChange[] = [];
  for (const record of records) {
    if (record.type === "updates") {
      const own = record.updates.filter(({ ref, verify }) => verify !== true && !ref.startsWith("refs/lattice/"));
      open = record.path === "observed" ? [] : own;
    } else if (record.type === "applied" || record.type === "committed") {
      const changes = placed(records, open.filter(({ ref }) => record.kept?.includes(ref) !== true));
      if (changes.length > 0) applied.push(changes);
      open = [];
    } else if (record.type === "reverted" || record.type === "rolled_back") {
      open = [];
    }
  }
  return applied;
}

function changesIn(system: SimSystem, op: string): RefChange[] {
  const records = recordsOf(system, COMMON_DIR, op);
  return placed(records, effectiveUpdates(records));
}

/** Changes of a journal, whose names are those that the worktree knows that wrote it. */
function placed([begin]: readonly JournalRecord[], changes: readonly RefChange[]): RefChange[] {
  const worktree = begin?.type === "begin" ? begin.worktree_id : null;
  return plain(changes.map((change) => ({ ...change, ref: placeOf(worktree, change.ref) })));
}

function plain(changes: readonly RefChange[]): RefChange[] {
  return changes.map(({ ref, old, new: now }) => ({ ref, old, new: now })).sort((a, b) => a.ref < b.ref ? -1 : 1);
}

function inverse({ ref, old, new: now }: RefChange): RefChange {
  return { ref, old: now, new: old ?? null };
}
