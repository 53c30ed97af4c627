import assert from "node:assert/strict";
import { test } from "../harness.ts";
import { filesBelow, importsOf, namesOnly, withoutComments } from "./source_files.ts";

const SOURCES = filesBelow("src", [".ts"]);

/** The folders of `src`, and what each may import beside itself. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  platform: [],
  locks: ["platform"],
  git: ["locks", "platform"],
  engine: ["git", "locks", "platform"],
  metadata: ["engine", "git", "locks", "platform"],
  stack: ["metadata", "git", "platform"],
  hooks: ["git", "platform"],
  operations: ["engine", "git", "locks", "platform"],
  doctor: ["stack", "metadata", "operations", "engine", "git", "secrets", "locks", "platform"],
  secrets: ["locks", "platform"],
  state: ["lock_store", "locks", "platform"],
  cache: ["locks", "platform"],
  lock_store: ["locks", "platform"],
  library: ["metadata", "operations", "engine", "git", "secrets", "state", "cache", "lock_store", "locks", "platform"],
  cli: [
    "doctor",
    "hooks",
    "stack",
    "metadata",
    "operations",
    "engine",
    "git",
    "secrets",
    "state",
    "cache",
    "lock_store",
    "locks",
    "platform",
  ],
};

function layerOf(path: string): string | null {
  const [top, folder, ...rest] = path.split("/");
  return top === "src" && folder !== undefined && rest.length > 0 ? folder : null;
}

/** Lines of code that match, as `file:line: text`. */
function linesMatching(
  pattern: RegExp,
  isJudged: (path: string) => boolean,
  reduce: (text: string) => string = namesOnly,
): string[] {
  return SOURCES.filter(({ path }) => isJudged(path)).flatMap(({ path, text }) =>
    reduce(text).split("\n").flatMap((line, index) =>
      pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : []
    )
  );
}

const outsidePlatform = (path: string) => layerOf(path) !== "platform";

test("imports point downwards through the layers", () => {
  const wrong: string[] = [];
  for (const file of SOURCES) {
    const layer = layerOf(file.path);
    if (layer === null) continue; // src/main.ts and src/mod.ts stand above all
    const allowed = LAYERS[layer];
    assert.ok(allowed !== undefined, `${file.path}: the folder src/${layer} has no place among the layers`);
    for (const { path, specifier } of importsOf(file)) {
      if (path === null) continue;
      const target = layerOf(path);
      if (target === layer) continue;
      if (target === null || !allowed.includes(target)) wrong.push(`${file.path} imports ${specifier}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test("only src/platform knows the runtime", () => {
  assert.deepEqual(linesMatching(/(?<![\w.$])(?:Bun|Deno)\b(?!\s*:)/, outsidePlatform), []);
  const imported = SOURCES.filter(({ path }) => outsidePlatform(path)).flatMap((file) =>
    importsOf(file).filter(({ specifier }) => /^(?:node|bun|npm|jsr|https?):/.test(specifier) || specifier === "bun")
      .map(({ specifier }) => `${file.path} imports ${specifier}`)
  );
  assert.deepEqual(imported, []);
  assert.deepEqual(linesMatching(/["'`](?:node|bun):/, outsidePlatform, withoutComments), []);
});

test("only src/platform has a clock, a random source, an environment", () => {
  const sources =
    /\bDate\.now\b|\bnew Date\(\s*\)|\bDate\(\)|\bMath\.random\b|\bperformance\.|\bcrypto\.|\bglobalThis\b|(?<![\w.$])process\b(?!\s*:)|\bset(?:Timeout|Interval|Immediate)\b/;
  assert.deepEqual(linesMatching(sources, outsidePlatform), []);
});

test("nothing below src/cli prints or exits", () => {
  const below = (path: string) => layerOf(path) !== null && !["cli", "platform"].includes(layerOf(path)!);
  assert.deepEqual(linesMatching(/\bconsole\.|\bendProcess\b|\bprintLine\b|\bprompt\(|\balert\(/, below), []);
  const streams = SOURCES.filter(({ path }) => below(path)).flatMap((file) =>
    importsOf(file).filter(({ path }) => path === "src/platform/streams.ts").map(() => file.path)
  );
  assert.deepEqual(streams, []);
});

test("no folder imports one beside it that imports it back", () => {
  const folderOf = (path: string) => path.slice(0, path.lastIndexOf("/"));
  const isNested = (a: string, b: string) => `${a}/`.startsWith(`${b}/`) || `${b}/`.startsWith(`${a}/`);
  const edges = new Map<string, Map<string, string>>();
  for (const file of SOURCES) {
    for (const { path, typeOnly } of importsOf(file)) {
      if (path === null || typeOnly || isNested(folderOf(path), folderOf(file.path))) continue;
      const from = edges.get(folderOf(file.path)) ?? new Map<string, string>();
      from.set(folderOf(path), `${file.path} imports ${path}`);
      edges.set(folderOf(file.path), from);
    }
  }
  assert.deepEqual(cycles(edges), []);
});

test("no file imports itself by way of others", () => {
  const edges = new Map<string, Map<string, string>>();
  for (const file of SOURCES) {
    const targets = importsOf(file).filter(({ path, typeOnly }) => path !== null && !typeOnly);
    edges.set(file.path, new Map(targets.map(({ path }) => [path!, `${file.path} imports ${path}`])));
  }
  assert.deepEqual(cycles(edges), []);
});

/** Edges that close a circle, in words. */
function cycles(edges: ReadonlyMap<string, ReadonlyMap<string, string>>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const open: string[] = [];
  const visit = (node: string) => {
    if (done.has(node)) return;
    open.push(node);
    for (const [target, words] of edges.get(node) ?? []) {
      if (open.includes(target)) found.push(`${words}: ${[...open.slice(open.indexOf(target)), target].join(" → ")}`);
      else visit(target);
    }
    open.pop();
    done.add(node);
  };
  for (const node of edges.keys()) visit(node);
  return found;
}
