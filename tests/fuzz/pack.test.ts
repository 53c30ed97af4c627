/** Packs that are built wrong in every way, with right checksums, so that no damage is found out before it is met. */
import fc from "fast-check";
import { concatBytes, toHex, utf8 } from "../../src/platform/text.ts";
import { test } from "../harness.ts";
import { tried } from "../thoroughness.ts";
import { baseRepository } from "./base_repository.ts";
import { GitTwin } from "./beside_git.ts";
import { FOLDER, judge, World } from "./judge.ts";
import { byteChange, changeBytes, resealed, tryInputs } from "./mutations.ts";
import { type Base, buildPack, type BuiltPack, deltaSize, type EntryPlan, uint32 } from "./pack_builder.ts";

const base = baseRepository(false);
const world = new World(base.tree);
const twin = new GitTwin(base.folder);

/** Something in one of so many cases, else nothing. */
function rarely<T>(what: fc.Arbitrary<T>, cases: number): fc.Arbitrary<T | null> {
  return fc.oneof({ weight: cases - 1, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: what });
}

const content = fc.oneof(
  fc.string({ maxLength: 60 }).map(utf8),
  fc.constantFrom(
    new Uint8Array(0),
    new Uint8Array(100_000),
    utf8("tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\nx"),
  ),
);
const hugeSize = fc.constantFrom(0, 1, 0xffffffff, 2 ** 32, 2 ** 40, 2 ** 53 - 1, 2 ** 60, 2 ** 70);
const copy = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.tuple(fc.nat(20), fc.integer({ min: 1, max: 20 })).map(([offset, length]) => [0x91, offset, length]),
  },
  fc.constantFrom([0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff], [0x80], [0xff, 0xff, 0xff, 0xff, 0xff, 1, 0, 0], [
    0xf0,
    0,
    0,
    1,
  ], [0x91]),
);
const insertion = fc.oneof(
  { weight: 9, arbitrary: fc.string({ minLength: 1, maxLength: 20 }).map((text) => [...utf8(text)].slice(0, 127)) },
  fc.constant([]),
)
  .map((bytes) => [bytes.length, ...bytes]);
const instructions = fc.array(fc.oneof(copy, insertion), { maxLength: 5 });

/** A delta that fits a base of so many bytes, unless something is claimed. */
interface DeltaPlan {
  readonly entry: number;
  readonly baseClaim: number | null;
  readonly resultClaim: number | null;
  readonly padding: number;
  readonly steps: readonly (readonly number[])[];
  readonly byName: boolean;
  readonly strange: Base | null | undefined;
}

const delta: fc.Arbitrary<DeltaPlan> = fc.record({
  entry: fc.nat(7),
  baseClaim: rarely(hugeSize, 12),
  resultClaim: rarely(hugeSize, 12),
  padding: fc.oneof({ weight: 12, arbitrary: fc.constant(0) }, fc.constantFrom(1, 5, 12, 200)),
  steps: instructions,
  byName: fc.boolean(),
  strange: rarely(
    fc.oneof(
      fc.constantFrom(0, 1, 11, 4096, 2 ** 31, 2 ** 40, 2 ** 55).map((distance) => ({ distance })),
      fc.constantFrom(new Uint8Array(20), new Uint8Array(20).fill(255), new Uint8Array(3)).map((name) => ({ name })),
    ),
    10,
  ),
});
const odd = fc.record({
  claims: rarely(hugeSize, 15),
  padding: rarely(fc.constantFrom(1, 3, 9, 30), 10),
  cut: rarely(fc.integer({ min: 1, max: 12 }), 10),
  level: fc.constantFrom(0, 1, 6, 9),
  type: rarely(fc.constantFrom(0, 5), 20),
});
const entry = fc.tuple(fc.oneof(fc.tuple(fc.integer({ min: 1, max: 4 }), content), delta), odd);

/** Makes entries of what was generated: a delta's claims are made true where they are not to be false. */
function plansOf(
  generated: readonly (readonly [
    readonly [number, Uint8Array] | DeltaPlan,
    { claims: number | null; padding: number | null; cut: number | null; level: number; type: number | null },
  ])[],
): EntryPlan[] {
  const sizes: number[] = [];
  return generated.map(([what, { claims, padding, cut, level, type }], index) => {
    const more = {
      level,
      ...(claims === null ? {} : { claims }),
      ...(padding === null ? {} : { padding }),
      ...(cut === null ? {} : { cut }),
    };
    if (!("steps" in what)) {
      sizes[index] = what[1].length;
      return { type: type ?? what[0], content: what[1], ...more };
    }
    const baseEntry = what.entry % generated.length;
    const result = what.steps.reduce((sum, step) => sum + (step[0]! < 0x80 ? step[0]! : step[2] ?? 0), 0);
    sizes[index] = result;
    const bytes = [
      ...deltaSize(what.baseClaim ?? sizes[baseEntry] ?? 0, what.padding),
      ...deltaSize(what.resultClaim ?? result, what.padding),
      ...what.steps.flat(),
    ];
    return {
      type: type ?? (what.byName ? 7 : 6),
      content: Uint8Array.from(bytes),
      base: what.strange ?? { entry: baseEntry },
      ...more,
    };
  });
}

const QUESTIONS = [
  "--batch",
  "--batch-check=%(objectname) %(objecttype) %(objectsize) %(deltabase) %(objectsize:disk)",
];

function filesOf({ pack, index }: BuiltPack): Record<string, Uint8Array> {
  const stem = `${FOLDER}/.git/objects/pack/pack-${toHex(pack.subarray(-20))}`;
  return { [`${stem}.pack`]: pack, [`${stem}.idx`]: index };
}

async function tryPack(built: BuiltPack, beside: boolean): Promise<void> {
  const files = filesOf(built);
  const name = toHex(built.names[0] ?? new Uint8Array(20));
  // Each alone, since git ends at the first that is damaged.
  for (const each of built.names.slice(0, 3)) {
    const stdin = `${toHex(each)}\n`;
    for (const question of QUESTIONS) {
      const verdict = await world.try(files, ["git", "cat-file", question], { stdin });
      if (beside && !verdict.stderr.includes("stands on itself")) twin.compare(files, verdict, stdin); // there git runs away
    }
  }
  await world.try(files, ["git", "cat-file", "--batch-all-objects", "--batch-check"]);
  await world.try(files, ["git", "rev-parse", name.slice(0, 5)]);
  const lead = {
    ...files,
    [`${FOLDER}/.git/refs/heads/lead`]: `${name}\n`,
    [`${FOLDER}/.git/refs/branch-metadata/main`]: `${name}\n`,
  };
  for (
    const args of [["doctor"], ["meta", "export"], ["log"], [
      "git",
      "for-each-ref",
      "--format=%(objecttype) %(subject)",
    ]]
  ) await world.try(lead, args);
}

test("packs with every kind of entry give what git gives, or are refused", async () => {
  let count = 0;
  const input = fc.tuple(fc.array(entry, { minLength: 1, maxLength: 6 }), fc.constantFrom(1 as const, 2 as const));
  await tryInputs(
    "packs",
    50,
    input,
    ([entries, version]) => tryPack(buildPack(plansOf(entries), version), count++ % 2 === 0),
  );
  twin.report("packs", 40);
});

test("packs with changed bytes and right checksums give what git gives, or are refused", async () => {
  const whole = plansOf([
    [[3, utf8("the first content, long enough to copy from")], {
      claims: null,
      padding: null,
      cut: null,
      level: 0,
      type: null,
    }],
    [{
      entry: 0,
      baseClaim: null,
      resultClaim: null,
      padding: 0,
      steps: [[0x91, 4, 5], [2, 65, 66]],
      byName: false,
      strange: null,
    }, { claims: null, padding: null, cut: null, level: 0, type: null }],
    [{ entry: 0, baseClaim: null, resultClaim: null, padding: 0, steps: [[0x91, 4, 9]], byName: true, strange: null }, {
      claims: null,
      padding: null,
      cut: null,
      level: 0,
      type: null,
    }],
  ]);
  const sound = buildPack(whole);
  let count = 0;
  await tryInputs("packs, changed bytes", 30, byteChange, (change) => {
    const pack = resealed(changeBytes(sound.pack, change));
    const index = resealed(concatBytes([sound.index.subarray(0, -40), pack.subarray(-20), new Uint8Array(20)]));
    return tryPack({ pack, index, names: sound.names }, count++ % 2 === 0);
  });
});

test("a chain of deltas that stands on itself, or grows without bound, ends", async () => {
  const grow: EntryPlan[] = [{ type: 3, content: new Uint8Array(65536) }];
  // Each step copies all of its base sixteen times: 1 KB of pack that claims 4 TB.
  for (let level = 1, size = 65536; level <= 6; level++, size *= 16) {
    const step = [0xff, 0, 0, 0, 0, size & 255, size >> 8 & 255, Math.min(size >> 16, 255)];
    grow.push({
      type: 6,
      base: { entry: level - 1 },
      content: Uint8Array.from([
        ...deltaSize(size),
        ...deltaSize(size * 16),
        ...Array(16).fill(step).flat() as number[],
      ]),
    });
  }
  const circle: EntryPlan[] = [0, 1, 2].map((index) => ({
    type: 7,
    base: { entry: (index + 1) % 3 },
    content: Uint8Array.from([1, 1, 1, 65]),
  }));
  const self: EntryPlan = { type: 7, base: { entry: 0 }, content: Uint8Array.from([1, 1, 1, 65]) };
  const long: EntryPlan[] = [{ type: 3, content: utf8("x") }];
  for (let at = 1; at < 300; at++) {
    long.push({ type: 6, base: { entry: at - 1 }, content: Uint8Array.from([1, 1, 0x90, 1]) });
  }
  let asked = 0;
  for (const [plans, sound] of [[grow, false], [circle, false], [[self], false], [long, true]] as const) {
    const built = buildPack(plans);
    const name = toHex(built.names.at(-1)!);
    for (
      const args of [["git", "cat-file", "-p", name], ["git", "cat-file", "-s", name], [
        "git",
        "cat-file",
        "--batch-all-objects",
        "--batch-check",
      ]]
    ) {
      const verdict = await judge(world.with(filesOf(built)), args);
      if (args[2] === "-p" && sound !== (verdict.exit === 0)) throw new Error(`${args.join(" ")}: ${verdict.stderr}`);
      asked++;
    }
  }
  tried("delta chains", { "fuzz inputs": asked });
});

test("a pack of a kilobyte that claims gigabytes is refused", async () => {
  for (const claims of [0xffffffff, 2 ** 33, 2 ** 52]) {
    const built = buildPack([{ type: 3, content: new Uint8Array(1000), claims }]);
    const files = filesOf(built);
    const counted = built.pack.slice();
    counted.set(uint32(0xffffffff), 8);
    for (const each of [files, filesOf({ ...built, pack: resealed(counted) })]) {
      const verdict = await world.try(each, ["git", "cat-file", "-p", toHex(built.names[0]!)], {
        limits: { made: 4 << 20 },
      });
      if (verdict.exit !== 128) throw new Error(verdict.stdout);
    }
  }
});
