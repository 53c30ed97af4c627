/**
 * The life of branch metadata by command lines, compared with a model after every step, as git sees it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { cpSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { test } from "../harness.ts";
import { temporaryFolder } from "../fixtures.ts";
import { gitText } from "../git_oracle.ts";
import { holdsAsync } from "../property.ts";
import { type Ended, lattice } from "../cli/command_line.ts";
import { sample } from "../metadata/documents.ts";
import { MetadataModel, type ModelOperation, type Verdict, type Wish } from "./metadata_model.ts";
import { leftOvers } from "./twin_repositories.ts";

const BRANCHES = ["a", "a/b", "b", "é"] as const;
const META = "refs/branch-metadata/";
const HEADS = "refs/heads/";

const template = (() => {
  const root = temporaryFolder();
  const repo = join(root, "repo");
  gitText(["init", "-q", "--template=", "-b", "main", repo], root);
  for (const message of ["one", "two", "three"]) gitText(["commit", "-q", "--allow-empty", "-m", message], repo);
  return { root, commits: gitText(["rev-list", "main"], repo).split("\n") };
})();

/** What a command says about the present value. */
type Guess = "nothing" | "right" | "absent" | "wrong";

type Action =
  | { readonly kind: "set"; readonly branch: string; readonly variant: number; readonly guess: Guess }
  | { readonly kind: "edit"; readonly branch: string; readonly options: readonly string[] }
  | { readonly kind: "delete"; readonly branch: string; readonly guess: Guess }
  | { readonly kind: "apply"; readonly lines: readonly Line[]; readonly dryRun: boolean }
  | { readonly kind: "undo" | "redo" | "pack" }
  | { readonly kind: "undo-one"; readonly place: number }
  | { readonly kind: "move"; readonly branch: string; readonly commit: number };

interface Line {
  readonly branch: string;
  readonly metadata: boolean;
  readonly guess: Guess;
  /** Which value; `null` removes. */
  readonly variant: number | null;
}

const branch = fc.constantFrom(...BRANCHES);
const guess = fc.constantFrom<Guess>("nothing", "nothing", "right", "right", "right", "absent", "wrong");
const line: fc.Arbitrary<Line> = fc.record({
  branch,
  metadata: fc.boolean(),
  guess: fc.constantFrom<Guess>("nothing", "nothing", "right", "right", "right", "right", "absent", "wrong"),
  variant: fc.option(fc.nat(2), { freq: 3 }),
}, { noNullPrototype: true });

const action: fc.Arbitrary<Action> = fc.oneof(
  { arbitrary: fc.record({ kind: fc.constant("set" as const), branch, variant: fc.nat(2), guess }), weight: 4 },
  {
    arbitrary: fc.record({
      kind: fc.constant("edit" as const),
      branch,
      options: fc.constantFrom(["--parent", "b"], ["--freeze", "single", "--reason", "wait"], ["--unfreeze"]),
    }),
    weight: 2,
  },
  { arbitrary: fc.record({ kind: fc.constant("delete" as const), branch, guess }), weight: 2 },
  {
    arbitrary: fc.record({
      kind: fc.constant("apply" as const),
      lines: fc.uniqueArray(line, {
        minLength: 1,
        maxLength: 4,
        selector: (each) => `${each.metadata} ${each.branch}`,
      }),
      dryRun: fc.constantFrom(false, false, false, true),
    }),
    weight: 5,
  },
  { arbitrary: fc.constantFrom<Action>({ kind: "undo" }, { kind: "redo" }, { kind: "pack" }), weight: 5 },
  { arbitrary: fc.record({ kind: fc.constant("undo-one" as const), place: fc.nat(20) }), weight: 2 },
  { arbitrary: fc.record({ kind: fc.constant("move" as const), branch, commit: fc.nat(2) }), weight: 1 },
);

/** Everything of a repository that a refused command must leave as it was; folders too. */
function dump(folder: string, prefix = ""): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of readdirSync(join(folder, prefix), { withFileTypes: true })) {
    const path = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
    if (path === "lattice" || path === "objects") continue;
    if (entry.isDirectory()) Object.assign(found, { [`${path}/`]: "" }, dump(folder, path));
    else found[path] = readFileSync(join(folder, path), "latin1");
  }
  return found;
}

/** Whether one ref lies below another, though not both change: git refuses to lock the two, a model has no opinion. */
function nestsIdly(wishes: readonly Wish[]): boolean {
  return wishes.some(({ ref }) => wishes.some((other) => other.ref.startsWith(`${ref}/`)));
}

/** A repository, the model of it, and what is done to both. */
class Life {
  readonly model = new MetadataModel();
  private readonly root = join(temporaryFolder(), "copy");
  private readonly repo = join(this.root, "repo");

  constructor() {
    cpSync(template.root, this.root, { recursive: true });
  }

  async live(step: Action): Promise<void> {
    switch (step.kind) {
      case "set":
        return await this.set(step.branch, this.text(step.branch, step.variant), step.guess);
      case "edit":
        return await this.edit(step.branch, step.options);
      case "delete":
        return await this.delete(step.branch, step.guess);
      case "apply":
        return await this.apply(step.lines, step.dryRun);
      case "undo":
        return await this.undo(this.model.newestToUndo(), false);
      case "redo":
        return await this.undo(this.model.newestUndo(), true);
      case "undo-one":
        return await this.undo(this.model.operations[step.place], true);
      case "pack":
        gitText(["pack-refs", "--all"], this.repo);
        return this.compare();
      case "move":
        return this.moveByGit(step.branch, template.commits[step.commit]!);
    }
  }

  private text(name: string, variant: number): string {
    const freeze = variant === 0 ? { state: "unfrozen" as const } : {
      state: "frozen" as const,
      scope: "single" as const,
      reason: `é ${variant}`,
      frozen_at: "2026-01-08T00:00:00Z",
    };
    return JSON.stringify(sample({ branch: { name }, base: { oid: template.commits[2]! }, freeze }));
  }

  /** What the guess comes to; `undefined`: nothing is said. */
  private expected(ref: string, guessed: Guess): string | null | undefined {
    const now = this.model.values.get(ref) ?? null;
    switch (guessed) {
      case "nothing":
        return undefined;
      case "right":
        return now;
      case "absent":
        return null;
      case "wrong":
        return ref.startsWith(META) ? "some other text" : template.commits.find((commit) => commit !== now)!;
    }
  }

  /** The object name of a value. */
  private oid(ref: string, value: string): string {
    return ref.startsWith(META) ? gitText(["hash-object", "--stdin"], this.repo, value) : value;
  }

  private async set(name: string, text: string, guessed: Guess): Promise<void> {
    const ref = META + name;
    const expect = this.expected(ref, guessed);
    const options = expect === undefined
      ? []
      : expect === null
      ? ["--expect-absent"]
      : ["--expect", this.oid(ref, expect)];
    const wish: Wish = { ref, value: text, ...(expect === undefined ? {} : { expect }) };
    await this.run(["meta", "set", name, ...options], text, this.model.judge([wish]));
  }

  private async edit(name: string, options: readonly string[]): Promise<void> {
    const ref = META + name;
    const before = this.model.values.get(ref);
    if (before === undefined) {
      return await this.run(["meta", "edit", name, ...options], "", { kind: "refused", exits: [1] });
    }
    const ended = await lattice(["meta", "edit", name, ...options, "--json"], { cwd: this.repo });
    assert.equal(ended.exit, 0, ended.stderr);
    const { op, oid } = JSON.parse(ended.stdout) as { op: string | null; oid: string };
    const after = gitText(["cat-file", "blob", oid], this.repo);
    const [old, edited] = [JSON.parse(before), JSON.parse(after)];
    if (options[0] === "--parent") old.parent = { kind: "branch", name: "b" };
    else if (options[0] === "--unfreeze") old.freeze = { state: "unfrozen" };
    else old.freeze = { state: "frozen", scope: "single", reason: "wait", frozen_at: edited.freeze.frozen_at };
    old.timestamps.updated_at = edited.timestamps.updated_at;
    assert.equal(after, JSON.stringify(old));
    assert.equal(op === null, before === after);
    this.model.carryOut(before === after ? [] : [{ ref, before, after }], op);
    this.compare();
  }

  private async delete(name: string, guessed: Guess): Promise<void> {
    const ref = META + name;
    const present = this.model.values.has(ref);
    const expect = this.expected(ref, guessed) ?? undefined;
    const options = expect === undefined ? [] : ["--expect", this.oid(ref, expect)];
    const verdict: Verdict = !present && expect === undefined
      ? { kind: "refused", exits: [1] }
      : this.model.judge([{ ref, value: null, ...(expect === undefined ? {} : { expect }) }]);
    await this.run(["meta", "delete", name, ...options], "", verdict);
  }

  private async apply(lines: readonly Line[], dryRun: boolean): Promise<void> {
    const wishes = lines.map((each): Wish => {
      const ref = (each.metadata ? META : HEADS) + each.branch;
      const expect = this.expected(ref, each.guess);
      const value = each.variant === null
        ? null
        : each.metadata
        ? this.text(each.branch, each.variant)
        : template.commits[each.variant]!;
      return { ref, value, ...(expect === undefined ? {} : { expect }) };
    });
    const input = wishes.map((wish, index) => `${JSON.stringify(this.lineOf(lines[index]!, wish))}\n`).join("");
    const verdict = this.model.judge(wishes);
    if (verdict.kind === "done" && nestsIdly(wishes)) return;
    if (!dryRun) return await this.run(["apply"], input, verdict);
    const before = dump(join(this.repo, ".git"));
    const ended = await lattice(["apply", "--dry-run", "--json"], { cwd: this.repo, stdin: input });
    if (verdict.kind === "done") {
      assert.equal(ended.exit, 0, ended.stderr);
      this.compareReport(ended, verdict.replaced, null);
    } else assert.ok(verdict.exits.includes(ended.exit), `${input}${ended.exit} ${ended.stderr}`);
    assert.deepEqual(dump(join(this.repo, ".git")), before, input);
  }

  private lineOf({ branch: name, metadata }: Line, { ref, expect, value }: Wish): Record<string, unknown> {
    const old = expect === undefined || expect === null ? expect : this.oid(ref, expect);
    if (!metadata) return { ref, ...(old === undefined ? {} : { old }), new: value };
    const document = value === null ? null : JSON.parse(value);
    return { branch: name, ...(old === undefined ? {} : { expect: old }), metadata: document };
  }

  private async undo(operation: ModelOperation | undefined, named: boolean): Promise<void> {
    if (named && operation === undefined) return;
    const verdict = this.model.judgeUndo(operation);
    await this.run(["undo", ...(named ? [operation!.id] : [])], "", verdict, operation?.id ?? null);
  }

  /** Somebody else's doing. */
  private moveByGit(name: string, commit: string): void {
    const ref = HEADS + name;
    const verdict = this.model.judge([{ ref, value: commit }]);
    if (verdict.kind === "refused") return;
    gitText(["update-ref", ref, commit], this.repo);
    this.model.carryOut(verdict.replaced, null);
    this.compare();
  }

  private async run(args: string[], stdin: string, verdict: Verdict, undoes: string | null = null): Promise<void> {
    const before = dump(join(this.repo, ".git"));
    const ended = await lattice([...args, "--json"], { cwd: this.repo, stdin });
    const place = `lattice ${args.join(" ")} <<< ${stdin}\n${ended.exit} ${ended.stderr}`;
    if (verdict.kind === "refused") {
      assert.ok(verdict.exits.includes(ended.exit), `${place}\nexpected one of ${verdict.exits.join(", ")}`);
      assert.deepEqual(dump(join(this.repo, ".git")), before, place);
      return this.compare();
    }
    assert.equal(ended.exit, 0, place);
    const { op } = JSON.parse(ended.stdout) as { op: string | null };
    assert.equal(op === null, verdict.replaced.length === 0, place);
    if (args[0] === "apply" || args[0] === "undo") this.compareReport(ended, verdict.replaced, op);
    this.model.carryOut(verdict.replaced, op, undoes);
    this.compare();
  }

  private compareReport(
    ended: Ended,
    replaced: readonly { ref: string; before: string | null; after: string | null }[],
    op: string | null,
  ): void {
    const oid = (ref: string, value: string | null) => value === null ? null : this.oid(ref, value);
    const updates = replaced.map(({ ref, before, after }) => ({ ref, old: oid(ref, before), new: oid(ref, after) }))
      .sort((a, b) => Buffer.compare(Buffer.from(a.ref), Buffer.from(b.ref)));
    assert.deepEqual(JSON.parse(ended.stdout), { op, updates });
  }

  /** Git's view is the model's, and nothing is left over. */
  private compare(): void {
    const format = "%(refname) %(if:equals=blob)%(objecttype)%(then)%(raw)%(else)%(objectname)%(end)";
    const seen = gitText(["for-each-ref", `--format=${format}`, "refs/branch-metadata", "refs/heads"], this.repo);
    const found = new Map(
      seen.split("\n").filter((text) => text !== "").map((text): [string, string] => {
        const space = text.indexOf(" ");
        return [text.slice(0, space), text.slice(space + 1)];
      }),
    );
    found.delete("refs/heads/main");
    assert.deepEqual(Object.fromEntries(found), Object.fromEntries([...this.model.values].sort()));
    assert.deepEqual(leftOvers(this.root), []);
  }

  /** What must hold in the end, whatever was done. */
  async end(): Promise<void> {
    assert.equal(gitText(["fsck", "--strict", "--no-dangling"], this.repo), "");
    const listed = await lattice(["op", "list", "--json"], { cwd: this.repo });
    const ids = (JSON.parse(listed.stdout) as { op_id: string; phase: string }[]).filter((each) =>
      each.phase === "committed"
    ).map((each) => each.op_id);
    assert.deepEqual(ids, this.model.operations.map((operation) => operation.id).reverse());
    assert.equal(existsSync(join(this.repo, ".git/index.lock")), false);
  }
}

test("meta, apply, undo and redo do what the model does, and git sees it", async () => {
  let actions = 0;
  const property = fc.asyncProperty(fc.array(action, { minLength: 8, maxLength: 25, size: "max" }), async (steps) => {
    const life = new Life();
    for (const step of steps) {
      await life.live(step);
      actions++;
    }
    await life.end();
  });
  await holdsAsync("branch metadata compared with the model", property, {
    seed: 20261123,
    numRuns: 20,
    tortureRuns: 2000,
    counts: () => ({ "generated commands": actions }),
  });
});
