import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "../harness.ts";
import { filesBelow, importsOf, root, withoutComments } from "./source_files.ts";

/** Longest file in lines: a longer one holds more than one concept. */
const LINES_MAX = 450;

const SOURCES = filesBelow("src", [".ts"]);
const TESTS = filesBelow("tests", [".ts"]);
const SCRIPTS = filesBelow("scripts", [".ts", ".mjs"]);
const EXAMPLES = filesBelow("examples", [".ts"]);
const CODE = [...SOURCES, ...TESTS, ...SCRIPTS, ...EXAMPLES];
const TEXTS = [
  ...CODE,
  ...filesBelow(".", [".md", ".json", ".toml"]).filter(({ path }) => !path.endsWith("-lock.json")),
];

/** Files whose text has a line that matches, as `file:line: text`. */
function linesMatching(files: typeof CODE, pattern: RegExp): string[] {
  return files.flatMap(({ path, text }) =>
    text.split("\n").flatMap((line, index) => pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])
  );
}

test("every file of src begins by saying what it is for", () => {
  const without = SOURCES.filter(({ text }) => !/^\/\*\*[^]*?\n \* @module\n \*\/\n/.test(text));
  assert.deepEqual(without.map(({ path }) => path), []);
});

test("every script and example begins by saying what it is for", () => {
  assert.deepEqual([...SCRIPTS, ...EXAMPLES].filter(({ text }) => !text.startsWith("/**")).map(({ path }) => path), []);
});

test("no file is too long", () => {
  const long = CODE.map(({ path, text }) => ({ path, lines: text.split("\n").length - 1 }))
    .filter(({ lines }) => lines > LINES_MAX).map(({ path, lines }) => `${path}: ${lines} lines`);
  assert.deepEqual(long, []);
});

test("no marker of unfinished work is left", () => {
  const markers = new RegExp(
    ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"].map((word) => `\\b${word}\\b`).join("|"),
  );
  assert.deepEqual(linesMatching(TEXTS, markers), []);
  const skipped = /\b(?:test|it|describe)\.(?:skip|only|todo)\b/;
  assert.deepEqual(linesMatching(TESTS.map((file) => ({ ...file, text: withoutComments(file.text) })), skipped), []);
});

test("no caught error vanishes without a word", () => {
  const silent = CODE.filter(({ text }) => /\bcatch\s*(?:\([^)]*\))?\s*\{\s*\}/.test(text));
  assert.deepEqual(silent.map(({ path }) => path), []);
});

test("no text names a package registry's host or a place on somebody's machine", () => {
  const hosts = ["registry." + "npmjs", "registry." + "yarnpkg", "npm." + "pkg", "artifact" + "ory"];
  const places = ["/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/[a-z]+/", "/Us" + "ers/[a-z]+/"].map((place) =>
    `(?<![\\w.~/-])${place}`
  );
  const pattern = new RegExp([...hosts.map((host) => host.replaceAll(".", "\\.")), ...places].join("|"));
  assert.deepEqual(linesMatching(TEXTS, pattern), []);
});

test("package-lock.json names no host and pins every package by its digest", () => {
  const text = readFileSync(join(root, "package-lock.json"), "utf8");
  // Where authors of packages take donations is all that may be named.
  assert.doesNotMatch(
    text,
    /"resolved"|https?:\/\/(?!opencollective|github\.com\/sponsors|feross\.org\/support|www\.patreon\.com\/)/,
  );
  const { packages } = JSON.parse(text) as { packages: Record<string, { integrity?: string; version?: string }> };
  const loose = Object.entries(packages).filter(([path, entry]) =>
    path !== "" && (entry.integrity === undefined || entry.version === undefined)
  );
  assert.deepEqual(loose, []);
});

test("package.json pins its dependencies, and docs/dependencies.md says why each is there", () => {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Record<
    string,
    Record<string, string>
  >;
  const all = { ...manifest["dependencies"], ...manifest["devDependencies"] };
  assert.deepEqual(Object.entries(all).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version)), []);
  const page = join(root, "docs/dependencies.md");
  assert.ok(existsSync(page), "docs/dependencies.md is missing");
  const text = readFileSync(page, "utf8");
  assert.deepEqual(Object.keys(all).filter((name) => !text.includes(`\`${name}\``)), []);
});

test("src imports no package that package.json does not name for users", () => {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  const foreign = SOURCES.flatMap((file) =>
    importsOf(file).filter(({ specifier }) => !/^(?:\.|node:|bun:)/.test(specifier))
      .map(({ specifier }) => specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/"))
      .filter((name) => manifest.dependencies[name] === undefined)
      .map((name) => `${file.path} imports ${name}`)
  );
  assert.deepEqual(foreign, []);
});

test("the version is the same everywhere", () => {
  const versionIn = (name: string) =>
    (JSON.parse(readFileSync(join(root, name), "utf8")) as { version: string }).version;
  const source = /VERSION = "([^"]+)"/.exec(readFileSync(join(root, "src/cli/version_number.ts"), "utf8"))?.[1];
  assert.deepEqual([versionIn("deno.json"), source], [versionIn("package.json"), versionIn("package.json")]);
});

test("every example uses the library (and zod) alone, is short, and has a test", () => {
  assert.ok(EXAMPLES.length > 0);
  for (const file of EXAMPLES) {
    const imported = importsOf(file).map(({ specifier }) => specifier);
    assert.deepEqual(
      imported.filter((name) => !["../src/mod.ts", "node:process", "zod"].includes(name)),
      [],
      file.path,
    );
    assert.ok(file.text.split("\n").length <= 101, `${file.path} is longer than 100 lines`);
    const test = file.path.replace(/^(.*)\.ts$/, "tests/$1.test.ts");
    assert.ok(TESTS.some(({ path }) => path === test), `${test} is missing`);
  }
});

test("every file of src is reached from the executable, the library or a script", () => {
  const byPath = new Map(SOURCES.map((file) => [file.path, file]));
  const reached = new Set<string>();
  const visit = (path: string) => {
    const file = byPath.get(path);
    if (file === undefined || reached.has(path)) return;
    reached.add(path);
    for (const imported of importsOf(file)) if (imported.path !== null) visit(imported.path);
  };
  visit("src/main.ts");
  const { exports } = JSON.parse(readFileSync(join(root, "deno.json"), "utf8")) as { exports: Record<string, string> };
  for (const door of Object.values(exports)) visit(join(door));
  for (const script of SCRIPTS) for (const { path } of importsOf(script)) if (path !== null) visit(path);
  assert.deepEqual(SOURCES.map(({ path }) => path).filter((path) => !reached.has(path)), []);
});

test("every helper of the tests is used: imported, or started as a program of its own", () => {
  const used = new Set(TESTS.flatMap((file) => importsOf(file).map(({ path }) => path)));
  const isStarted = ({ path }: { path: string }) => path.endsWith(".test.ts") || path.startsWith("tests/bench/");
  const isNamed = ({ path }: { path: string }) =>
    TESTS.some((other) => other.path !== path && new RegExp(`["/]${path.split("/").at(-1)}"`).test(other.text));
  const unused = TESTS.filter((file) => !used.has(file.path) && !isStarted(file) && !isNamed(file));
  assert.deepEqual(unused.map(({ path }) => path), []);
});
