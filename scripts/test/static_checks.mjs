/** The checks that need no test runner: format, lint, types, documentation, the built kernel. Each counts as one test. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root, tool } from "../setup.mjs";

/** The checks, as jobs. */
export function staticChecks() {
  const deno = tool("deno");
  const checks = [
    ["deno check src tests examples", deno, ["check", "src", "tests", "examples"]],
    ["tsc --noEmit", tool("tsc"), ["--noEmit"]],
    ["deno lint", deno, ["lint"]],
    ["deno fmt --check", deno, ["fmt", "--check"]],
    ["build:wasm --check", tool("bun"), ["scripts/wasm/build.ts", "--check"]],
  ];
  if (existsSync(join(root, "src", "mod.ts"))) {
    checks.push(["deno doc --lint src/mod.ts", deno, ["doc", "--lint", "src/mod.ts"]]);
  }
  if (hasExamples()) {
    // --no-check: the runner imports every name of a file into each of its examples, and unused names are errors here.
    checks.push(["deno test --doc src", deno, ["test", "-A", "--no-check", "--doc", "src"]]);
  }
  return checks.map(([title, program, args]) => ({ title: `check ${title}`, program, args }));
}

/** Whether any doc comment has an example: the runner of examples fails where there is none. */
function hasExamples() {
  return readdirSync(join(root, "src"), { recursive: true, withFileTypes: true }).some((entry) =>
    entry.isFile() && entry.name.endsWith(".ts") &&
    /^ \* ```ts/m.test(readFileSync(join(entry.parentPath ?? entry.path, entry.name), "utf8"))
  );
}
